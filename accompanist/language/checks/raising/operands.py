"""Which operators take values of which types. Each is tried with a value of each type that an operand can be of:
nothing can be added to a value that may be None.

A type that is not known is taken to fit. What a value of the right type may still do, a division by zero say, is for
`partial` to find.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from accompanist.language import types
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.types import NONE, Type

_SAMPLES: Mapping[tuple[str, str], Any] = {
    ("", "None"): None,
    ("", "int"): 2,
    ("", "bool"): True,
    ("", "float"): 1.5,
    ("", "str"): "a",
    ("", "bytes"): b"a",
    ("", "list"): [],
    ("", "tuple"): (),
    ("", "dict"): {},
    ("", "set"): set(),
    ("decimal", "Decimal"): Decimal(2),
    ("datetime", "date"): date(2000, 1, 1),
    ("datetime", "time"): time(),
    ("datetime", "datetime"): datetime(2000, 1, 1),
    ("datetime", "timedelta"): timedelta(1),
}
_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, container: one in container,
    ast.NotIn: lambda one, container: one in container,
}
TAKES_NONE = frozenset({"str", "repr", "bool", "isinstance", "print", "any", "all"})
"""Builtins whose positional arguments may be None; of `any` and `all`, what the first holds."""
_CONTAINERS = frozenset({"list", "tuple", "dict", "set", "frozenset"})
DATE = Type("date", "datetime")
_MOMENT = Type("datetime", "datetime")
COMPARES = frozenset({"min", "max", "sorted"})


def options(node: ast.expr, found: Type, facts: Facts) -> tuple[Type, ...]:
    """The types that a value can be of, after what conditions have said of it."""
    found = types.unveiled(found)
    parts = found.options
    if NONE in parts and len(parts) > 1 and _some(node, facts):
        return tuple(one for one in parts if one != NONE)
    return parts


def _some(node: ast.expr, facts: Facts) -> bool:
    """Whether a condition has said that it is not None."""
    nothing = ast.Constant(None)
    if known.true(node, facts) or known.true(ast.Compare(node, [ast.IsNot()], [nothing]), facts):
        return True
    form = ast.dump(node)
    for fact in facts:
        match fact.node:
            case ast.Compare(left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None)]):
                if not fact.holds and ast.dump(left) == form:
                    return True
            case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[ast.Constant(value=None)]):
                if fact.holds and ast.dump(left) == form:
                    return True
            case ast.Call(func=ast.Name(id="isinstance"), args=[asked, _]) if fact.holds and ast.dump(asked) == form:
                return True
    return False


def refuses(op: ast.AST, *operands: tuple[Type, ...]) -> str:
    """Why an operator may not take its operands, each given as the types it can be of; empty if it takes them all."""
    apply = _OPERATORS.get(type(op))
    if apply is None:
        return ""
    ways: list[list[Type]] = [[]]
    for one in operands:
        ways = [[*way, option] for way in ways for option in one]
    for way in ways:
        if all((one.module, one.name) in _SAMPLES for one in way):
            try:
                apply(*(_SAMPLES[one.module, one.name] for one in way))
            except TypeError:
                return " and ".join(dict.fromkeys(one.text() for one in way))
            except ArithmeticError:
                continue
    return ""


def misfit(given: Iterable[Type], wanted: Type, sent: bool = False) -> str:
    """Which type a value may be of that is none of what is wanted; empty if it fits, or that is not known. `sent`: a
    truth is no number then."""
    given, wanted = tuple(given), types.unveiled(wanted)
    takes = wanted.options
    if not all(one.known for one in (wanted, *takes)) or _open(takes):
        return ""
    if NONE in given and NONE not in takes:
        return "None"
    if held := next((one for one in given if _holds_misfit(one, takes, sent)), None):
        return held.text()
    if not all(_is_scalar(one) for one in takes):
        return ""
    truths = () if sent else (types.BOOL,)
    numbers = {types.INT: truths, types.FLOAT: (types.INT, *truths)}
    able = {*takes, *(less for one in takes for less in numbers.get(one, ()))}
    return next((one.text() for one in given if _is_scalar(one) and one not in able), "")


def _holds_misfit(given: Type, takes: tuple[Type, ...], sent: bool) -> bool:
    """Whether what a value holds is none of what is wanted, by all the types that its kind is wanted as."""
    alike = [one for one in takes if (one.name, one.module) == (given.name, "") and one.name in _CONTAINERS]
    ways = (zip(*_beside(given, one), strict=False) for one in alike)
    return bool(alike) and all(any(misfit(one.options, other, sent) for one, other in way) for way in ways)


def _beside(given: Type, wanted: Type) -> tuple[tuple[Type, ...], tuple[Type, ...]]:
    """What two values of one kind hold, laid beside one another: each of any number of items counts."""
    parts = tuple(one for one in given.arguments if one != types.ELLIPSIS)
    if types.ELLIPSIS in wanted.arguments:
        return parts, wanted.arguments[:1] * len(parts)
    return (parts, wanted.arguments) if types.ELLIPSIS not in given.arguments else ((), ())


def unfit(given: Iterable[Type], wanted: Type, sent: bool = False) -> str:
    """The same, also of a datetime where dates are wanted."""
    given = tuple(given)
    return misfit(given, wanted, sent) or moment(given, wanted)


def moment(given: Iterable[Type], wanted: Type) -> str:
    """The name of a datetime that may be in what is given, where dates are wanted: it is a date to a type checker, and
    cannot be laid beside one."""
    there = any(_holds(one, _MOMENT) or not one.known for one in given)
    return _MOMENT.text() if there and _holds(wanted, DATE) and not _holds(wanted, _MOMENT) else ""


def _holds(found: Type, wanted: Type) -> bool:
    return found == wanted or any(_holds(one, wanted) for one in found.arguments)


def _is_scalar(type: Type) -> bool:
    return not type.module and type.name in types.SCALARS


def _open(takes: Iterable[Type]) -> bool:
    """Whether a type takes values that are not told by it."""
    return any(one.name in ("Any", "object", "Literal") or one.generic for one in takes)


def unordered(found: Iterable[Type]) -> bool:
    """Whether values of these types may not be compared with one another."""
    parts = tuple(found)
    return bool(refuses(ast.Lt(), parts, parts))


def plain(found: Type) -> bool:
    """Whether it is one of the types whose values are known here."""
    return (found.module, found.name) in _SAMPLES


def sample(found: Type) -> Any:
    """A value of a type; None for a type that is not known."""
    return _SAMPLES.get((found.module, found.name))
