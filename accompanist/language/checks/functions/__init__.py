"""Which @pure functions may raise: read statement by statement where the form allows it, else refused.

Begin with `language.checks.functions.judged`, then `body`.
"""
