"""Where the order of a set would show in what a @pure function gives.

The order differs between processes: texts hash otherwise in each. What does not depend on it: `in`, `len`, comparisons,
other sets, `any` and `all`, `sorted`, `min` and `max` without a key (with one, equal keys are left in the set's order).
A sum does, of fractions.

What may be a set is told from annotations, from what is bound to names, and from the fields of messages, see
`set_shapes`. Not seen: what a function of a library makes of a set within what it is given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language import annotation, set_names
from accompanist.language.held_sets import element, is_set
from accompanist.language.messages import Messages
from accompanist.language.modules import Module, Modules, Reference
from accompanist.language.set_shapes import Shapes
from accompanist.language.types import Type

_HIDES_ORDER = frozenset({"len", "any", "all", "set", "frozenset", "isinstance", "bool", "type"})
_WITHOUT_KEY = frozenset({"sorted", "min", "max"})
_SHOWS = frozenset({"join", "extend", "extendleft", "fromkeys", "from_iterable"})
_WRITES = frozenset({"str", "repr", "ascii", "format"})
_ORDERS = frozenset({"list", "tuple", "iter", "next", "enumerate", "join", *_WRITES})


def order_shown(
    node: ast.FunctionDef, modules: Modules, messages: Messages, home: Module, owner: Type | None
) -> list[tuple[ast.expr, Type]]:
    """The places of a function where the order of a set shows, each with its type."""
    places = _Places(Shapes(modules, messages, home), node, owner)
    found = {id(one): (one, type) for part in ast.walk(node) for one, type in places.shown(part)}
    return list(found.values())


class _Places:
    """Where a function goes through what may be a set, writes it as a text, or hands it to one that knows of none."""

    def __init__(self, shapes: Shapes, node: ast.FunctionDef, owner: Type | None) -> None:
        self._shapes = shapes
        set_names.fill(shapes, node, owner)

    def shown(self, part: ast.AST) -> Iterator[tuple[ast.expr, Type]]:
        for one in self._gone_through(part):
            if is_set(type := self._shapes.of(one)):
                yield one, type
        for one in self._written(part):
            yield from self._within(one)
        if isinstance(part, ast.Call):
            yield from self._handed_on(part)

    def _within(self, node: ast.expr) -> Iterator[tuple[ast.expr, Type]]:
        """The sets in what is written as a text."""
        if isinstance(node, ast.Tuple | ast.List):
            for part in node.elts:
                yield from self._within(part)
        elif self._shapes.holds_set(type := self._shapes.of(node)):
            yield node, type

    def _gone_through(self, part: ast.AST) -> Iterator[ast.expr]:
        """What a statement or expression goes through in order."""
        match part:
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
                yield iterated
            case ast.Starred(value=value, ctx=ast.Load()):
                yield value
            case ast.Assign(targets=[*_, ast.Tuple() | ast.List() | ast.Subscript(slice=ast.Slice())], value=value):
                yield value
            case ast.Call(func=ast.Attribute(value=value, attr="pop"), args=[]):
                yield value
            case ast.Call(func=ast.Attribute(attr=attr), args=args) if attr in _SHOWS:
                yield from args
            case ast.Call(func=function, args=args) if self._foreign(function):
                keyed = any(keyword.arg == "key" for keyword in part.keywords)
                name = annotation.dotted(function)
                hides = name in _HIDES_ORDER or (name in _WITHOUT_KEY and not keyed)
                yield from () if hides else args
            case ast.AugAssign(op=ast.Add(), value=value):
                yield value

    def _written(self, part: ast.AST) -> Iterator[ast.expr]:
        """What becomes a text."""
        match part:
            case ast.FormattedValue(value=value) | ast.BinOp(op=ast.Mod(), right=value):
                yield value
            case ast.Call(func=ast.Name(id=name), args=args) if name in _WRITES and self._foreign(part.func):
                yield from args
            case ast.Call(func=ast.Attribute(attr="format" | "format_map"), args=args, keywords=keywords):
                yield from (*args, *(keyword.value for keyword in keywords))

    def _foreign(self, function: ast.expr) -> bool:
        """Whether a function is a builtin, or one of a library."""
        name = annotation.dotted(function)
        if not name or name.split(".")[0] in self._shapes.named:
            return False
        found = self._shapes.found(function)
        return found.node is None if found is not None else isinstance(function, ast.Name)

    def _handed_on(self, node: ast.Call) -> Iterator[tuple[ast.expr, Type]]:
        """The sets in what is given to a function of the project whose parameter is none, or to `map` with `list`."""
        of, found = self._shapes.of, self._shapes.found(node.func)
        parameters = self._shapes.parameters(found) if isinstance(found, Reference) else None
        if parameters is not None:
            named = ((word.arg or "", word.value) for word in node.keywords)
            for name, value in (*zip(parameters, node.args, strict=False), *named):
                says = name in parameters and self._shapes.holds_set(parameters[name])
                if not says and self._shapes.holds_set(type := of(value)):
                    yield value, type
        elif any(isinstance(one, ast.Name | ast.Attribute) and _orders(one) for one in node.args):
            for value in node.args:
                if is_set(element(of(value))):
                    yield value, of(value)


def _orders(function: ast.Name | ast.Attribute) -> bool:
    """Whether a function that is given to another one goes through what it is called with."""
    return (function.id if isinstance(function, ast.Name) else function.attr) in _ORDERS
