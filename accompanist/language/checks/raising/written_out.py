"""Whether a call that is written out with constants gives a value: it is tried."""

from __future__ import annotations

import ast
import datetime
import decimal
import math
import operator
import uuid
from collections.abc import Callable, Iterable


def makes(pair: tuple[str, str], node: ast.Call) -> bool:
    """Whether what is written out gives such a value."""
    module = {"datetime": datetime, "decimal": decimal, "uuid": uuid}[pair[0]]
    try:
        given = [_value(one) for one in node.args]
        made = getattr(module, pair[1])(*given, **{one.arg or "": _value(one.value) for one in node.keywords})
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        return False
    return not isinstance(made, decimal.Decimal) or made.is_finite()


def raised(pair: tuple[str, str], node: ast.Call) -> str:
    """The name of the error that a class of the library raises for what is written out; empty if it makes a value, or
    is given anything else."""
    module = {"datetime": datetime, "decimal": decimal, "uuid": uuid}[pair[0]]
    try:
        given = [_computed(one) for one in node.args]
        named = {one.arg or "": _computed(one.value) for one in node.keywords}
    except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        return ""
    try:
        getattr(module, pair[1])(*given, **named)
    except (ValueError, TypeError, ArithmeticError, AttributeError) as problem:
        return type(problem).__name__
    return ""


def _computed(node: ast.expr) -> object:
    """What is written out, or quickly computed of that. Raises ValueError for anything else."""
    match node:
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))) if 0 <= power < _POWER:
            base = _computed(left)
            if isinstance(base, int) and abs(base) < _POWER:
                return base**power
        case ast.BinOp() | ast.UnaryOp() if (number := computed(node)) is not None:
            return number
    return _value(node)


_POWER = 100


def _value(node: ast.expr) -> object:
    """What is written out; the one time zone that has a name is, too."""
    utc = ast.unparse(node) in ("timezone.utc", "datetime.timezone.utc", "UTC", "datetime.UTC", "utc")
    return datetime.UTC if utc else ast.literal_eval(node)


def taken(node: ast.Call, method: str, samples: Iterable[object]) -> bool:
    """Whether a method takes what is written out."""
    for sample in samples:
        try:
            given = [ast.literal_eval(one) for one in node.args]
            getattr(sample, method)(*given, **{one.arg or "": ast.literal_eval(one.value) for one in node.keywords})
        except (ValueError, TypeError, OverflowError):
            continue
        return True
    return False


def calculates(node: ast.Call) -> bool:
    """Whether a function of `math`, under this name, takes what is written out."""
    match node.func:
        case ast.Attribute(value=ast.Name(id="math"), attr=name):
            return function(name, node)
    return False


def function(name: str, node: ast.Call) -> bool:
    """Whether a function of `math` takes what is written out."""
    try:
        getattr(math, name)(*(ast.literal_eval(one) for one in node.args))
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        return False
    return not node.keywords


def is_member(enum: ast.ClassDef, node: ast.Call) -> bool:
    """Whether an enum is called with the value of one of its members, written out."""
    values = [one.value for one in enum.body if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)]
    given = node.args[0] if len(node.args) == 1 and not node.keywords else None
    return isinstance(given, ast.Constant) and any(ast.dump(given) == ast.dump(one) for one in values)


def computes(node: ast.Call) -> bool:
    """Whether a builtin takes what is written out."""
    functions: dict[str, Callable[..., object]] = {"int": int, "float": float, "chr": chr, "ord": ord}
    try:
        functions[ast.unparse(node.func)](*(ast.literal_eval(one) for one in node.args))
    except (ValueError, TypeError, OverflowError, KeyError):
        return False
    return not node.keywords


def is_infinite(node: ast.AST) -> bool:
    """Whether a number that is computed of numbers written out is no finite one."""
    found = computed(node)
    return isinstance(found, float) and not math.isfinite(found)


def computed(node: ast.AST) -> int | float | None:
    """A number, as far as it is quickly computed."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand) if (than := computed(operand)) is not None:
            return -than
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _QUICK:
            first, other = computed(left), computed(right)
            if first is None or other is None:
                return None
            try:
                return _QUICK[type(op)](first, other)
            except ArithmeticError:
                return None
    return None


_QUICK: dict[type[ast.operator], Callable[[int | float, int | float], int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
