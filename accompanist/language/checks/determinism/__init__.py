"""What would differ between roles or between runs: clocks, chance, identity, writes into what others hold.

Begin with `language.checks.determinism.determinism`.
"""
