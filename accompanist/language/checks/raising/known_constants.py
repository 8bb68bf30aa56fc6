"""What the constants of a module say: that `CENTS` is 100, and how many items `RATES` has."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from accompanist.language.checks.raising.facts import Fact, Facts


def facts(values: Mapping[str, ast.expr]) -> Facts:
    """That each of these names has its value."""
    return frozenset(
        Fact(ast.Compare(ast.Name(name, ast.Load()), [ast.Eq()], [value]), True) for name, value in values.items()
    )
