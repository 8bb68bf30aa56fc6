"""What inference says of the type of an expression is what Python makes of it.

Every operator, every builtin that types are followed through and every method on the list, on samples of every type
that has values here: where Python gives a value and inference a type, the value is of that type. An integer where a
float or a Decimal is said is one, too: that is what a receiver decodes.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accompanist.language import types
from accompanist.language.checks.types.infer import Inference
from accompanist.language.reading import methods
from accompanist.language.types import BOOL, BYTES, FLOAT, INT, NONE, STR, Type
from accompanist.language.vocabulary import BUILTINS

_INTS, _FLOATS, _BOOLS, _TEXTS = (types.listed(one) for one in (INT, FLOAT, BOOL, STR))
SAMPLES: dict[Type, tuple[Any, ...]] = {
    INT: (0, 3, -2),
    BOOL: (True, False),
    FLOAT: (0.0, 2.5, -8.5),
    STR: ("", "ab", "%s"),
    BYTES: (b"", b"ab"),
    NONE: (None,),
    Type("Decimal", "decimal"): (Decimal("1.5"), Decimal("-2")),
    Type("date", "datetime"): (date(2026, 2, 3),),
    Type("datetime", "datetime"): (datetime(2026, 2, 3, 4, tzinfo=UTC),),
    Type("time", "datetime"): (time(4, 5),),
    Type("timedelta", "datetime"): (timedelta(days=2), timedelta(0)),
    _INTS: ([], [1, 2]),
    _FLOATS: ([], [0.5]),
    _BOOLS: ([], [True, True]),
    _TEXTS: ([], ["a", "b"]),
    Type("tuple", "", (INT, types.ELLIPSIS)): ((), (1, 2)),
    Type("tuple", "", (INT, STR)): ((1, "a"),),
    Type("dict", "", (STR, INT)): ({}, {"a": 1}),
}
OPERATORS = [
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.BitOr, ast.BitXor),
    *(ast.LShift, ast.RShift),
]


class _Nothing:
    """No names and no messages beside those of the test."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}
        self.table: dict[str, Any] = {}
        self.messages: Any = self
        self.modules: Any = self

    def find(self, type: Type) -> None:
        return None

    def method(self, type: Type, name: str) -> None:
        return None

    def code_of(self, type: Type, name: str) -> None:
        return None

    def always_true(self, type: Type) -> bool:
        return False


def inference() -> Inference:
    names: Any = _Nothing()
    return Inference(names, lambda module, name: None, lambda node, owner: None)


def is_of(value: Any, type: Type) -> bool:
    """Whether a value is of a type that is known as far as it says."""
    if not type.known and type.name == "?":
        return True
    match type:
        case Type("|", _, options):
            return any(is_of(value, option) for option in options)
        case Type("Decimal"):
            return isinstance(value, Decimal | int) and not isinstance(value, bool)
        case Type("None"):
            return value is None
        case Type("float"):
            return isinstance(value, float | int) and not isinstance(value, bool)
        case Type("int" | "bool" | "str" | "bytes" as name):
            return value.__class__.__name__ == name
        case Type("list", _, (inner,)):
            return isinstance(value, list) and all(is_of(one, inner) for one in value)
        case Type("iterator", _, (inner,)):
            return all(is_of(one, inner) for one in value)
        case Type("tuple", _, (inner, Type("..."))):
            return isinstance(value, tuple) and all(is_of(one, inner) for one in value)
        case Type("tuple", _, parts):
            return isinstance(value, tuple) and len(value) == len(parts) and all(map(is_of, value, parts))
        case Type("dict", _, (key, inner)):
            return isinstance(value, dict) and all(is_of(k, key) and is_of(v, inner) for k, v in value.items())
    return value.__class__.__name__ == type.name


def wrong(expression: str, *given: Type) -> Iterator[str]:
    """Each choice of samples for `x`, `y`, … for which Python gives a value of another type than is said."""
    names = "xyz"[: len(given)]
    said = inference().type_of(ast.parse(expression, mode="eval").body, dict(zip(names, given, strict=True)))
    code = compile(expression, "", "eval")
    for chosen in itertools.product(*(SAMPLES[one] for one in given)):
        try:
            value = eval(code, {}, dict(zip(names, chosen, strict=True)))
            fits = is_of(value, said)
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            continue
        if not fits:
            yield f"{expression} of {[one.text() for one in given]}, {chosen}: {value!r}, not {said.text()}"


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators(operator: type[ast.operator]) -> None:
    expression = ast.unparse(ast.BinOp(ast.Name("x"), operator(), ast.Name("y")))
    assert not [found for pair in itertools.product(SAMPLES, repeat=2) for found in wrong(expression, *pair)]


@pytest.mark.parametrize("expression", ["-x", "+x", "~x", "not x", "x[0]", "x[-1]", "x[True]", "x[1:]", "x['a']"])
def test_of_one(expression: str) -> None:
    assert not [found for one in SAMPLES for found in wrong(expression, one)]


@pytest.mark.parametrize("expression", ["x and y", "x or y", "x if x else y", "x == y", "x < y", "x in y", "[x, y]"])
def test_of_two(expression: str) -> None:
    assert not [found for pair in itertools.product(SAMPLES, repeat=2) for found in wrong(expression, *pair)]


_ONE = "{}(x)"
_CALLS = {
    "range": ["range(x)"],
    "round": [_ONE, "round(x, 1)", "round(x, None)", "round(x, ndigits=1)"],
    "sum": [_ONE, "sum(x, 0.5)", "sum(x, start=0.5)", "sum(x, start=2)"],
    "min": [_ONE, "min(x, default=None)", "min(x, key=lambda one: one)"],
    "max": [_ONE, "max(x, default=None)", "max(x, key=lambda one: one)"],
    "enumerate": [_ONE, "enumerate(x, 2)"],
    "sorted": [_ONE, "sorted(x, reverse=True)"],
    "isinstance": ["isinstance(x, int)"],
}


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_builtins(name: str) -> None:
    for expression in _CALLS.get(name, [_ONE]):
        assert not [found for one in SAMPLES for found in wrong(expression.format(name), one)]
    two = ["zip(x, y, strict=True)"] if name == "zip" else []
    for expression in [f"{name}(x, y)", *two]:
        assert not [found for pair in itertools.product(SAMPLES, repeat=2) for found in wrong(expression, *pair)]


@pytest.mark.parametrize("owner", [one for one in SAMPLES if one != NONE], ids=lambda one: one.text())
def test_methods(owner: Type) -> None:
    for name in dir(SAMPLES[owner][0]):
        if not name.startswith("_") and methods.result(owner, name, []) is not None:
            assert not list(wrong(f"x.{name}()", owner))
            assert not [found for one in SAMPLES for found in wrong(f"x.{name}(y)", owner, one)]
