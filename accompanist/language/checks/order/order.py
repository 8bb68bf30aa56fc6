"""Where the order of a set may show in what a @pure function gives.

The order differs between processes: texts hash otherwise in each. So a value that is a set, or holds one, may be used
only where it is known that no order shows, see `set_uses`. What may be a set is told from annotations, from what is
bound to names, and from the fields of messages, see `set_shapes`; where that is too much to tell, it may be one.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from accompanist.language.checks.order.caught import Catching
from accompanist.language.checks.order.errors import Errors, Raised
from accompanist.language.checks.order.uses import Uses
from accompanist.language.checks.order.work import Work
from accompanist.language.checks.sets.addresses import Addresses
from accompanist.language.checks.sets.names import NameShapes, around
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Module
from accompanist.language.text.nodes import every_node
from accompanist.language.types import UNKNOWN, Type

Place = tuple[ast.expr, Type]
"""Where the order of a set may show, and what stands there."""


class Shown(NamedTuple):
    order: list[Place]
    addresses: list[ast.expr]
    """What is written as a text that shows where an object lies."""
    errors: list[tuple[ast.expr, Raised]]
    """Where it shows which error came first of those that a set is gone through for."""


def order_shown(node: ast.FunctionDef, errors: Errors, home: Module, owner: Type | None) -> Shown:
    """The places of a function where the order of a set may show. `owner` is the class that it is a method of."""
    shapes = Shapes(errors.classes.modules, errors.classes, home)
    return _places(errors, shapes, node, owner, shapes.annotated(node.returns))


def shown_at_top(node: ast.expr, errors: Errors, home: Module, said: ast.expr | None) -> Shown:
    """The same of an expression at the top level of a module, or in a class. `said`: what its name is said to be."""
    shapes = Shapes(errors.classes.modules, errors.classes, home)
    says = said is not None and annotation.dotted(said).rpartition(".")[2] not in ("Final", "ClassVar")
    whole = ast.copy_location(ast.Return(node) if says else ast.Expr(node), node)
    return _places(errors, shapes, around(whole), None, shapes.annotated(said))


def shown_in_class(node: ast.ClassDef, errors: Errors, home: Module) -> Shown:
    """The same of what the body of a class computes when it is read, methods apart: `ORDER = tuple(ALL)`."""
    shapes = Shapes(errors.classes.modules, errors.classes, home)
    lines = [one for one in node.body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    found = _places(errors, shapes, around(*lines), None, UNKNOWN)
    for inner in (one for one in node.body if isinstance(one, ast.ClassDef)):
        more = shown_in_class(inner, errors, home)
        found = Shown(found.order + more.order, found.addresses + more.addresses, found.errors + more.errors)
    return found


def _places(errors: Errors, shapes: Shapes, node: ast.FunctionDef, owner: Type | None, gives: Type) -> Shown:
    names = NameShapes(shapes, node, owner)
    work = Work(shapes.classes, shapes.home, node, owner)
    shown = {id(one): one for one in Uses(shapes, names, gives, work).shown(node)}
    within = {name for name, one in shown.items() if any(id(part) in shown for part in every_node(one)[1:])}
    places = [(one, shapes.of(one)) for name, one in shown.items() if name not in within]
    caught = Catching(shapes, errors).shown(node)
    return Shown(places, list(Addresses(shapes, names).shown(every_node(node))), list(caught))
