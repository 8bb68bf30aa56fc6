"""Where an `attempt` keeps the name of an error of which the order of a set says which it is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from accompanist.language.checks.order.errors import Code, Errors, Raised, asked_of, place
from accompanist.language.checks.sets.given import several
from accompanist.language.reading.names import Names
from accompanist.language.text.nodes import every_node
from accompanist.language.types import Type

TypeOf = Callable[[ast.expr], Type]


def shown(node: ast.expr, errors: Errors, names: Names, type_of: TypeOf) -> Iterator[tuple[ast.expr, Raised]]:
    """The calls in what is attempted that may raise several errors, with one of the comprehensions that do."""
    parts = every_node(node)
    called = {id(part.func): part for part in parts if isinstance(part, ast.Call)}
    for part in parts:
        found = errors.of(_runs(part, errors, names, type_of))
        raised = next((one for one in found if several(one.kinds)), None)
        if raised is not None:
            yield called.get(id(part)) or place(part), raised


def _runs(part: ast.AST, errors: Errors, names: Names, type_of: TypeOf) -> Iterator[Code]:
    match part:
        case ast.Name(id=name):
            yield from errors.named(names.meant(name))
        case ast.Attribute(value=owner, attr=name):
            yield from errors.member(type_of(owner), name)
    for one in asked_of(part):
        yield from errors.of_value(type_of(one))
