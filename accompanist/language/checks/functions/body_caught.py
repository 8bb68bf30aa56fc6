"""Whether a `try` catches what its body may raise: all of it, or each part of it that may.

`int(text)` raises ValueError and nothing else, if it is a text. Of other types it may raise others.
"""

from __future__ import annotations

import ast
from collections.abc import Set

from accompanist.language import types
from accompanist.language.checks.functions.body_parts import catches
from accompanist.language.checks.functions.body_types import Exact, kind
from accompanist.language.checks.raising.facts import names_in
from accompanist.language.checks.raising.partial import Partial
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.library import FUNCTIONS
from accompanist.language.reading.names import Names
from accompanist.language.text.nodes import every_node
from accompanist.language.types import BOOL, FLOAT, INT, STR

_ABOVE = {
    "ValueError": frozenset({"ValueError"}),
    "KeyError": frozenset({"KeyError", "LookupError"}),
    "IndexError": frozenset({"IndexError", "LookupError"}),
    "ZeroDivisionError": frozenset({"ZeroDivisionError", "ArithmeticError"}),
}
"""The names that an exception is caught by."""
_WHOLE = (INT, BOOL)
_NUMBERS = (INT, BOOL, FLOAT)


class Caught:
    """Looks at the `try` statements of one function."""

    def __init__(self, names: Names, exact: Exact, own: Set[str]) -> None:
        self._names, self._exact, self._own = names, exact, own

    def named(self, node: ast.Try) -> set[str] | None:
        """The exceptions that a `try` names; None if it catches all of them."""
        others = {*self._own, *self._names.pairs}
        if catches(node, others):
            return None
        return {name for handler in node.handlers for name in _names(handler.type)} - others

    def catches(self, part: Partial, whole: ast.expr, env: Env, named: Set[str]) -> bool:
        """Whether what a part of an expression raises is one of these, whatever it is. What a comprehension names is
        of no type that is known here."""
        inner = _bound_inside(whole)
        if part.untrue or names_in(part.node) & inner:
            return False
        raised = self.raises(part.node, env)
        return bool(raised) and bool(_ABOVE[raised] & named)

    def unpacked(self, named: Set[str]) -> bool:
        """Whether it is caught that a list has more or fewer items than there are names for them."""
        return bool(_ABOVE["ValueError"] & named)

    def raises(self, node: ast.expr, env: Env) -> str:
        """The one error that an expression raises beside what its parts do; empty if there may be others."""
        match node:
            case ast.Call(func=ast.Name(id=name), args=[value], keywords=[]) if name not in env:
                return self._called(name, value, env)
            case ast.Subscript(value=owner, slice=index) if not isinstance(index, ast.Slice):
                return self._taken(owner, index, env)
            case ast.BinOp(left=left, op=ast.FloorDiv() | ast.Mod() | ast.Div(), right=right):
                numbers = self._is(left, env, *_NUMBERS) and self._is(right, env, *_NUMBERS)
                return "ZeroDivisionError" if numbers else ""
        return ""

    def _called(self, name: str, value: ast.expr, env: Env) -> str:
        """What is made of a text that is none of its kind."""
        pair = self._names.table.get(name, ("", ""))
        reads = name in ("int", "float") or (pair in FUNCTIONS and pair[1].endswith(".fromisoformat"))
        return "ValueError" if reads and self._is(value, env, STR) else ""

    def _taken(self, owner: ast.expr, index: ast.expr, env: Env) -> str:
        match kind(self._exact.type_of(owner, env)):
            case "dict" if self._is(index, env, STR, INT, BOOL, FLOAT):
                return "KeyError"
            case "list" | "str" | "tuple" if self._is(index, env, *_WHOLE):
                return "IndexError"
        return ""

    def _is(self, node: ast.expr, env: Env, *wanted: types.Type) -> bool:
        return self._exact.type_of(node, env) in wanted


def _names(node: ast.expr | None) -> set[str]:
    """The exceptions that a handler names."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.Tuple(elts=parts):
            return {name for part in parts for name in _names(part)}
    return set()


def _bound_inside(node: ast.expr) -> set[str]:
    """The names that an expression binds for a part of it."""
    parts = every_node(node)
    own = {one.id for one in parts if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return own | {one.arg for one in parts if isinstance(one, ast.arg)}
