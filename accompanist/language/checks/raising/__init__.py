"""Which expressions may raise, with what to write instead. Behind the commit point none may.

Begin with `language.checks.raising.partial`. `facts` is what conditions on the way have said; `digits`, `decimals` and
`finite` are bounds of numbers. What is accepted is tried against Python itself (docs/language/determinism.md).
"""
