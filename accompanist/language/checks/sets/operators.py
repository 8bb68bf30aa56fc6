"""What operators give, as far as sets are concerned."""

from __future__ import annotations

import ast

from accompanist.language import types
from accompanist.language.reading import library
from accompanist.language.reading.held_sets import element, is_set, joined, made
from accompanist.language.types import BOOL, INT, STR, UNKNOWN, Type

OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
_WHOLE = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_VIEWS = frozenset({"KeysView", "ItemsView"})


def operated(left: Type, op: ast.operator, right: Type) -> Type:
    if isinstance(op, OPERATORS):
        parts = [part for side in (left, right) for part in side.options]
        if any(is_set(part) or part.name in _VIEWS for part in parts):
            return made("set", joined(element(left), element(right)))
    if {left, right} <= {INT, BOOL}:
        return INT if isinstance(op, _WHOLE) else UNKNOWN
    if isinstance(op, ast.Mod) and left == STR:
        return STR
    if {left, right} <= {INT, BOOL, types.FLOAT}:
        return types.FLOAT
    if (found := library.arithmetic(left, op, right)).known:
        return found
    return joined(left, right) if isinstance(op, (*OPERATORS, ast.Add, ast.Mult)) else UNKNOWN
