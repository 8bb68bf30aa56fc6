"""The saga check: pivots, commit points, aborts, and what may fail where.

Begin with `language.checks.saga.saga`; `knowledge` is what it knows at a point, `raising` what may raise at which
roles, `early` the lines that certainly come before the commit point (docs/language/saga.md).
"""
