"""Whether a `try` catches what its body may raise: all of it, or what the one expression in it can.

`return int(text)` raises ValueError and nothing else, if it is a text. Of other types it may raise others.
"""

from __future__ import annotations

import ast
from collections.abc import Set

from accompanist.language import types
from accompanist.language.body_parts import catches
from accompanist.language.body_types import Exact, kind
from accompanist.language.kinds import Env
from accompanist.language.library import FUNCTIONS
from accompanist.language.names import Names
from accompanist.language.types import BOOL, FLOAT, INT, STR

_ABOVE = {
    "ValueError": frozenset({"ValueError"}),
    "KeyError": frozenset({"KeyError", "LookupError"}),
    "IndexError": frozenset({"IndexError", "LookupError"}),
    "ZeroDivisionError": frozenset({"ZeroDivisionError", "ArithmeticError"}),
}
"""The names that an exception is caught by."""
_WHOLE = (INT, BOOL)


class Caught:
    """Looks at the `try` statements of one function."""

    def __init__(self, names: Names, exact: Exact, own: Set[str]) -> None:
        self._names, self._exact, self._own = names, exact, own

    def parts(self, node: ast.Try, env: Env) -> list[ast.expr] | None:
        """The expressions in a body whose own exceptions are not caught; None if others may come out, too."""
        others = {*self._own, *self._names.pairs}
        if catches(node, others):
            return []
        value = _only(node.body)
        if value is None:
            return None
        named = {name for handler in node.handlers for name in _names(handler.type)}
        raised, parts = self._raises(value, env)
        return parts if raised and _ABOVE[raised] & named - others else None

    def raises(self, node: ast.expr, env: Env) -> str:
        """The one error that an expression raises beside what its parts do; empty if there may be others."""
        return self._raises(node, env)[0]

    def _raises(self, node: ast.expr, env: Env) -> tuple[str, list[ast.expr]]:
        """All that an expression raises, beside what its parts do."""
        match node:
            case ast.Call(func=ast.Name(id="int" | "float" as name), args=[text], keywords=[]) if name not in env:
                return ("ValueError" if self._is(text, env, STR) else ""), [text]
            case ast.Call(func=ast.Name(id=name), args=[text], keywords=[]) if name not in env:
                reads = (pair := self._names.table.get(name)) in FUNCTIONS and str(pair[1]).endswith(".fromisoformat")
                return ("ValueError" if reads and self._is(text, env, STR) else ""), [text]
            case ast.Subscript(value=owner, slice=index) if not isinstance(index, ast.Slice):
                return self._taken(owner, index, env), [owner, index]
            case ast.BinOp(left=left, op=ast.FloorDiv() | ast.Mod(), right=right):
                whole = self._is(left, env, *_WHOLE) and self._is(right, env, *_WHOLE)
                return ("ZeroDivisionError" if whole else ""), [left, right]
        return "", []

    def _taken(self, owner: ast.expr, index: ast.expr, env: Env) -> str:
        match kind(self._exact.type_of(owner, env)):
            case "dict" if self._is(index, env, STR, INT, BOOL, FLOAT):
                return "KeyError"
            case "list" | "str" | "tuple" if self._is(index, env, *_WHOLE):
                return "IndexError"
        return ""

    def _is(self, node: ast.expr, env: Env, *wanted: types.Type) -> bool:
        return self._exact.type_of(node, env) in wanted


def _only(body: list[ast.stmt]) -> ast.expr | None:
    """The one expression of a body that does nothing else."""
    match body:
        case [ast.Return(value=ast.expr() as value) | ast.Assign(targets=[ast.Name()], value=value)]:
            return value
        case [ast.AnnAssign(target=ast.Name(), value=ast.expr() as value)]:
            return value
    return None


def _names(node: ast.expr | None) -> set[str]:
    """The exceptions that a handler names."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.Tuple(elts=parts):
            return {name for part in parts for name in _names(part)}
    return set()
