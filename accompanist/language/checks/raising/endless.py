"""Which values may be no finite number, or hold one: `float("nan")`, `Decimal("Infinity")`.

They come from texts, and from `math.inf`. A field of a message and a parameter are finite: what arrives is, and nothing
else is handed on (`partial_calls`). A name is followed through a whole text, whatever way is taken.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from accompanist.language import types
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.written_out import computes, is_infinite, makes
from accompanist.language.reading.library import DECIMAL
from accompanist.language.reading.names import Names
from accompanist.language.text.nodes import children, defaults, every_node
from accompanist.language.types import ATTEMPTED, BOOL, FLOAT, INT, NONE, STR, Type

Env = Mapping[str, Type]
_FINITE = (INT, BOOL, FLOAT, NONE)
_PLAIN = (INT, BOOL, STR, NONE, types.BYTES)
_PUTS = frozenset({"append", "insert", "add", "extend", "update", "setdefault"})
_CALLS = frozenset({"map", "filter", "sorted", "min", "max", "sort"})
_SORTS = frozenset({"sorted", "min", "max", "sort"})
_FINITE_CALLS = frozenset({"len", "str", "bool", "int", "isinstance", "repr", "any", "all"})
_EACH = "?each"
"""What `body_types` calls the items that a function is called with; numbers follow."""


class FinitenessJudge(Protocol):
    """What functions and members of the project give."""

    def endless(self, module: str, name: str) -> bool: ...

    def endless_member(self, owner: Type, member: str) -> bool: ...


class Endless:
    """Asked of expressions of one text. `names`: the names of such values."""

    def __init__(
        self,
        names: Names,
        judge: FinitenessJudge,
        type_of: Callable[[ast.expr, Env], Type],
        inside: Callable[[list[ast.comprehension], Env], Env],
    ) -> None:
        self._names, self._judge, self._type_of, self._inside = names, judge, type_of, inside
        self.names: set[str] = set()

    def of(self, node: ast.AST, env: Env) -> bool:
        """Whether a value may be no finite number, or hold one."""
        match node:
            case ast.Call(func=ast.Name(id=name)) if self._names.table.get(name) == ATTEMPTED:
                return False  # what cannot be sent is no value of an attempt
            case ast.Compare() | ast.JoinedStr():
                return False
            case ast.Call(func=ast.Name(id=name)) if name in _FINITE_CALLS and name not in env:
                return False
            case ast.ListComp(generators=parts) | ast.SetComp(generators=parts) | ast.GeneratorExp(generators=parts):
                env = self._inside(parts, env)
            case ast.DictComp(generators=parts):
                env = self._inside(parts, env)
        return self._gives(node, env) or any(self.of(one, env) for one in self._taken(node, env))

    def _gives(self, node: ast.AST, env: Env) -> bool:
        match node:
            case ast.Constant(value=float()) | ast.BinOp():
                return is_infinite(node)
            case ast.Name(id=name) if name not in self.names and name not in env and self._gives_each(name):
                return True
            case ast.Name(id=name):
                infinite = self._names.table.get(name) == ("math", "inf")
                constant = self._names.constants.get(name)
                name = _EACH if name.startswith(_EACH) else name
                return name in self.names or infinite or (constant is not None and self._written(constant))
            case ast.Call(func=ast.Name(id="float"), args=[text]):
                return self._type_of(text, env) not in _FINITE and not (computes(node) and _is_finite(text))
            case ast.Call(func=ast.Name(id=name), args=given) if (pair := self._names.table.get(name)) is not None:
                if pair == ("decimal", "Decimal"):
                    return bool(given) and self._type_of(given[0], env) != INT and not makes(pair, node)
                return self._judge.endless(*pair)
            case ast.Attribute(value=value, attr=attr):
                return self._judge.endless_member(self._type_of(value, env), attr)
        return False

    def _taken(self, node: ast.AST, env: Env) -> list[ast.AST]:
        """What the value of an expression is made of: neither a function that is called, nor what it sorts by."""
        match node:
            case ast.Call(func=ast.Name(id="filter"), args=[_, *items]):
                return [*items]
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="float"), items] as given):
                return [items] if types.element(self._type_of(items, env)) in _FINITE else [*given]
            case ast.Call(func=function, args=given, keywords=named):
                called = [function] if not isinstance(function, ast.Name) else []
                sorts = getattr(function, "id", getattr(function, "attr", "")) in _SORTS
                return [*called, *given, *(one.value for one in named if not (sorts and one.arg == "key"))]
        return children(node)

    def _written(self, node: ast.expr) -> bool:
        """Whether a constant is none that is finite."""
        names = {one.id for one in every_node(node) if isinstance(one, ast.Name)}
        infinite = any(self._names.table.get(name) == ("math", "inf") for name in names)
        return infinite or any(map(is_infinite, every_node(node)))

    def _gives_each(self, name: str) -> bool:
        """Whether a name stands for a function that gives such values: it is handed to `map`, say."""
        if name == "float":
            return True
        pair = self._names.table.get(name)
        return pair is not None and (pair == ("decimal", "Decimal") or self._judge.endless(*pair))

    def follow(self, nodes: Iterable[ast.AST], env: Env) -> None:
        """Find the names, also those that have a value with another one."""
        pairs = [pair for node in nodes for pair in _bound(node)]
        before = -1
        while len(self.names) != before:
            before = len(self.names)
            for targets, value in pairs:
                if self.of(value, env):
                    self.names |= targets
                elif targets & self.names and not isinstance(value, ast.BinOp | ast.Compare | ast.JoinedStr):
                    self.names |= known.names_in(value)


def _is_finite(node: ast.expr) -> bool:
    """Whether a text that is written out is one of a finite number."""
    return isinstance(node, ast.Constant) and math.isfinite(float(node.value))  # type: ignore[arg-type]


def _bound(node: ast.AST) -> Iterator[tuple[frozenset[str], ast.expr]]:
    """Names, and the value that they are given or that is put into theirs."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield frozenset(name for one in targets for name in known.names_in(one)), value
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
            yield known.names_in(target), value
        case ast.NamedExpr(target=target, value=value) | ast.For(target=target, iter=value):
            yield known.names_in(target), value
        case ast.arguments():
            yield from ((frozenset({one.arg}), default) for one, default in defaults(node))
        case ast.comprehension(target=target, iter=value):
            yield known.names_in(target), value
        case ast.Call(func=function, args=given, keywords=named):
            values = [*given, *(one.value for one in named)]
            owner = function.value if isinstance(function, ast.Attribute) else function
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in _PUTS:
                yield from ((known.names_in(owner), one) for one in values)
            lambdas = [one.args.args for one in values if isinstance(one, ast.Lambda)]
            each = frozenset({_EACH}) if name in _CALLS else frozenset[str]()
            taken = each | {one.arg for taken in lambdas for one in taken}
            functions = {id(one.value) for one in named if one.arg == "key"}
            functions |= {id(one) for one in given[:1] if name in ("map", "filter")}
            items = (one for one in (owner, *values) if not isinstance(one, ast.Lambda) and id(one) not in functions)
            yield from ((taken, one) for one in items if taken)


def may_hold(found: Type, wanted: tuple[Type, ...] = (FLOAT, DECIMAL)) -> bool:
    """Whether a value of a type may be such a number, or hold one."""
    found = types.unveiled(found)
    if found.arguments:
        return any(may_hold(one, wanted) for one in found.arguments)
    plain = found in (*_PLAIN, types.ELLIPSIS) or found.module in ("datetime", "uuid", "literal")
    return found in wanted or not (plain or found in (FLOAT, DECIMAL))
