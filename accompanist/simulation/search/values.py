"""Generates values of a type, as JSON from a worker or a client: an ordinary one first, then others.

The others are chosen to take a program's branches: every member of an enum, true and false, lists of zero, one and two
items, and numbers and texts around the constants that the choreography compares with.

Not promised: that every branch is taken by some generated value. The caller reports what was not reached.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import inspect

from accompanist.language.ir import Expression, walk
from accompanist.language.program.program import Choreography
from accompanist.language.values import tagged

_values_max = 40
_depth_max = 6
_sent_below = 2**63 - 1
"""Constants from here on are left out: an integer beside one could not be sent."""
_fixed: dict[type, Any] = {
    inspect.NoneType: None,
    inspect.AnyType: None,
    inspect.BytesType: "AA==",
    inspect.ByteArrayType: "AA==",
    inspect.DateTimeType: "2026-01-31T12:00:00Z",
    inspect.DateType: "2026-01-31",
    inspect.TimeType: "12:00:00",
    inspect.TimeDeltaType: "PT60S",
    inspect.UUIDType: "00000000-0000-4000-8000-000000000001",
    inspect.DecimalType: "1.5",
}


def constants(choreography: Choreography) -> list[Any]:
    """The numbers and texts that a choreography's expressions and module constants hold."""
    nodes: list[ast.AST] = [ast.parse(line) for line in choreography.constants]
    for point in walk(choreography.normal):
        for name in getattr(point, "__dataclass_fields__", ()):
            held = getattr(point, name)
            nodes.extend(value.node for value in _expressions(held))
    found = {
        node.value
        for tree in nodes
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str) and node.value is not True
    }
    return sorted(found, key=lambda value: (str(type(value)), value))


def _expressions(held: Any) -> Iterable[Expression]:
    if isinstance(held, Expression):
        yield held
    elif isinstance(held, tuple):
        for part in held:
            if not hasattr(part, "site"):  # the statements inside a branch are visited on their own
                yield from _expressions(part)


def _info(type: Any) -> inspect.Type:
    return inspect.type_info(tagged.readable(type))


class Maker:
    """Generates values. `known`: constants worth trying."""

    def __init__(self, known: Iterable[Any]) -> None:
        known = list(known)
        numbers = [value for value in known if isinstance(value, int | float) and not isinstance(value, bool)]
        sent = (int(n) for n in numbers if abs(n) < _sent_below)
        self._integers = _distinct([1, *(n + d for n in sent for d in (1, 0, -1)), 0])
        self._texts = _distinct(["", *(value for value in known if isinstance(value, str))])

    def make(self, type: Any, name: str = "text") -> list[Any]:
        """Values of a type, the ordinary one first. `name` is used as a text."""
        return self._made(_info(type), name, 0)

    def _made(self, info: inspect.Type, name: str, depth: int) -> list[Any]:
        if type(info) in _fixed:
            return [_fixed[type(info)]]
        deeper = depth + 1
        match info:
            case inspect.BoolType():
                return [True, False]
            case inspect.IntType():
                return list(self._integers)
            case inspect.FloatType():
                return [float(number) for number in self._integers]
            case inspect.StrType():
                return _distinct([name, *self._texts])
            case inspect.EnumType(cls=cls):
                return [msgspec.to_builtins(member) for member in cls]
            case inspect.LiteralType(values=values):
                return list(values)
            case inspect.DataclassType(fields=fields) | inspect.StructType(fields=fields):
                parts = {field.encode_name: self._made(field.type, field.name, deeper) for field in fields}
                tag = {info.tag_field: info.tag} if isinstance(info, inspect.StructType) and info.tag_field else {}
                if isinstance(info, inspect.StructType) and info.array_like:
                    return [[*tag.values(), *values] for values in _varied(list(parts.values()))]
                return [tag | dict(zip(parts, values, strict=True)) for values in _varied(list(parts.values()))]
            case inspect.CustomType(cls=cls) if hasattr(cls, "model_fields"):
                own = {one.alias or name: one.annotation for name, one in cls.model_fields.items()}
                made = [self._made(_info(kind), name, deeper) for name, kind in own.items()]
                return [dict(zip(own, values, strict=True)) for values in _varied(made)]
            case inspect.TupleType(item_types=items):
                return _varied([self._made(item, name, deeper) for item in items])
            case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
                inside = [] if depth > _depth_max else self._made(item, name, deeper)
                several = [[inside[0], inside[-1]]] if inside else []
                return [*([one] for one in inside[:1]), [], *several, *([one] for one in inside[1:])][:_values_max]
            case inspect.DictType(key_type=key, value_type=item):
                inside = [] if depth > _depth_max else self._made(item, name, deeper)
                keys = self._made(key, "key", deeper)
                return [*({keys[0]: value} for value in inside[:1]), {}]
            case inspect.UnionType(types=types):
                ordered = sorted(types, key=lambda each: isinstance(each, inspect.NoneType))
                if depth > _depth_max:
                    return self._shallow(ordered[::-1], name, deeper)
                return [value for each in ordered for value in self._made(each, name, deeper)][:_values_max]
        raise TypeError(f"no value can be made up for {type(info).__name__}")

    def _shallow(self, options: list[inspect.Type], name: str, depth: int) -> list[Any]:
        """Values of the first part of a union whose values are finite; other parts may contain the union again."""
        for each in options if depth < 2 * _depth_max + 4 else options[:1]:
            try:
                return self._made(each, name, depth)[:_values_max]
            except RecursionError:
                continue
        raise RecursionError("each value holds another one")


def _varied(parts: list[list[Any]]) -> list[list[Any]]:
    """The first value of each part; then, one part at a time, its other values."""
    first = [values[0] for values in parts]
    made = [first]
    for at, values in enumerate(parts):
        made.extend([*first[:at], value, *first[at + 1 :]] for value in values[1:])
    return made[:_values_max]


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
