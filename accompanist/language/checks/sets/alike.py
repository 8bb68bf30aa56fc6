"""Whether equal values of a type are the same.

Of equal ones a set keeps the one that came first, and so do `min` and `max`; `sorted` leaves them in the order in which
they came. 1.0 and 1.000 are equal Decimals and other texts, and so are 0.0 and -0.0, 1 and True, and one moment in two
zones.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from accompanist.language.checks.sets.classes import Classes
from accompanist.language.reading import annotation
from accompanist.language.reading.held_sets import joined
from accompanist.language.types import BOOL, ELLIPSIS, FLOAT, INT, Type

_NUMBERS = {INT, FLOAT, BOOL}
_SAME = {Type(name) for name in ("int", "str", "bool", "bytes", "None", "...")} | {
    Type("date", "datetime"),
    Type("timedelta", "datetime"),
    Type("UUID", "uuid"),
}
_LEAST = 1e-100
"""No whole number that is divided by so much is rounded to zero."""
_HOLDING = frozenset({"tuple", "frozenset", "set", "list"})


def same(classes: Classes, type: Type, seen: set[Type] | None = None) -> bool:
    """Whether equal values of a type are the same, in text and in what they hold; not of a type that is not known.
    `seen`: types that are asked already; all have to be so."""
    seen = set() if seen is None else seen
    if type in _SAME or type in seen:
        return True
    seen.add(type)
    if type.name == "|":
        kinds = {one.name for one in type.options}
        mixed = len(_NUMBERS & {*type.arguments}) > 1 or {"set", "frozenset"} <= kinds
        told = not any(one.module and (classes.enum(one) or _is_tuple(classes, one)) for one in type.arguments)
        each = [*type.arguments, *_together(type)]
        return told and not mixed and all(same(classes, one, seen) for one in each)
    if type.name in _HOLDING and not type.module:
        return all(same(classes, one, seen) for one in type.arguments)
    if type.module == "typing" and type.name == "Literal":
        return True
    return classes.definition(type) is not None and _class(classes, type, seen)


def _together(type: Type) -> Iterator[Type]:
    """What is in one place of several tuples, or lists: `(1, name)` and `(True, name)` may be equal."""
    for name in _HOLDING:
        parts = [one.arguments for one in type.arguments if one.name == name and not one.module]
        fixed = len({*map(len, parts)}) == 1 and not any(ELLIPSIS in one for one in parts)
        for column in zip(*parts, strict=True) if fixed else [[one for each in parts for one in each]]:
            yield from (joined(*column),) if len(parts) > 1 else ()


def _is_tuple(classes: Classes, type: Type) -> bool:
    return any(one.name in ("NamedTuple", "tuple") for one in classes.lineage(type))


def _class(classes: Classes, type: Type, seen: set[Type]) -> bool:
    """An enum has one object for each value. Other values are compared by their fields, or by where they lie."""
    if classes.enum(type):
        return True
    derived = [Type(name, home.name) for home, name in classes.below.of(type)]
    for one in (type, *derived):
        if any(classes.function(one, name) is not None for name in ("__eq__", "__hash__")) or _left_out(classes, one):
            return False
    inner = (classes.member(one, name) for one in derived for name in classes.fields(one))
    return all(same(classes, one, seen) for one in inner) and all(
        same(classes, classes.member(type, name), seen) for name in classes.fields(type)
    )


def _left_out(classes: Classes, type: Type) -> bool:
    """Whether a field is not compared: `field(compare=False)`."""
    for value in classes.defaults(type):
        for word in value.keywords if isinstance(value, ast.Call) else ():
            off = isinstance(word.value, ast.Constant) and word.value.value is False
            if word.arg == "compare" and off and isinstance(value, ast.Call) and annotation.dotted(value.func):
                return True
    return False


def one_zero(node: ast.expr, of: Callable[[ast.expr], Type]) -> bool:
    """Whether an expression gives floats that are made of whole numbers, and so 0.0 and never -0.0 beside it. `of`:
    the types of its parts."""
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[whole]):
            return of(whole) == INT
        case ast.BinOp(left=whole, op=ast.Div(), right=ast.Constant(value=int() | float() as number)):
            return of(whole) == INT and _LEAST < number < 1 / _LEAST
        case (
            ast.BinOp(left=whole, op=ast.Mult(), right=ast.Constant(value=float(number)))
            | ast.BinOp(left=ast.Constant(value=float(number)), op=ast.Mult(), right=whole)
        ):
            return of(whole) == INT and _LEAST < number < 1 / _LEAST
    return False


def distinct(node: ast.expr) -> bool:
    """Whether what a comprehension makes of the parts of one set are never equal: the parts themselves, or tuples with
    them."""
    if not isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp) or len(node.generators) != 1:
        return False
    parts = node.elt.elts if isinstance(node.elt, ast.Tuple) else [node.elt]
    target = node.generators[0].target
    return isinstance(target, ast.Name) and any(isinstance(one, ast.Name) and one.id == target.id for one in parts)
