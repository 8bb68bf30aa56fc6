"""Arithmetic of bounds: between which numbers the result of an operation on whole numbers lies. None: no bound."""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Callable

from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts

Ends = tuple[int | None, int | None]
_LARGEST = 2**20_000
"""More is not computed here."""
_TENS, _POWERS = 10, 4_300
_UPPER, _LOWER = (ast.Lt, ast.LtE, ast.Eq), (ast.Gt, ast.GtE, ast.Eq)
_MONOTONE: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def around(size: int | None) -> Ends:
    """Whatever is no further from zero."""
    return (None, None) if size is None or size > _LARGEST else (-size, size)


def size(ends: Ends) -> int | None:
    """How far from zero it lies at most."""
    low, high = ends
    return None if low is None or high is None else max(abs(low), abs(high))


def times(number: int | None, by: int) -> int | None:
    return None if number is None or number > _LARGEST else number * by


def any_of(ways: list[Ends]) -> Ends:
    """One of several."""
    lows, highs = [low for low, _ in ways], [high for _, high in ways]
    low = None if None in lows else min((one for one in lows if one is not None), default=0)
    high = None if None in highs else max((one for one in highs if one is not None), default=0)
    return low, high


def least(ways: list[Ends]) -> Ends:
    """The least of several: no greater than any of them."""
    return any_of(ways)[0], min((high for _, high in ways if high is not None), default=None)


def greatest(ways: list[Ends]) -> Ends:
    return max((low for low, _ in ways if low is not None), default=None), any_of(ways)[1]


def absolute(ends: Ends) -> Ends:
    return 0, size(ends)


def unary(op: ast.unaryop, ends: Ends) -> Ends:
    low, high = ends
    match op:
        case ast.USub():
            return None if high is None else -high, None if low is None else -low
        case ast.Invert():
            return None if high is None else -high - 1, None if low is None else -low - 1
    return ends


def binary(op: ast.operator, left: Ends, right: Ends) -> Ends:
    match op:
        case ast.Add():
            return _added(left[0], right[0]), _added(left[1], right[1])
        case ast.Sub():
            return binary(ast.Add(), left, unary(ast.USub(), right))
        case ast.Mult():
            if None in left or None in right:
                return None, None
            return _corners(operator.mul, left, right)
        case ast.FloorDiv():
            if right[0] is not None and right[0] > 0 and None not in left:
                return _corners(operator.floordiv, left, right if right[1] is not None else (right[0], right[0]), 0)
            return around(size(left))
        case ast.Mod():
            return _rest(right)
        case ast.BitAnd():
            masks = [high for low, high in (left, right) if low is not None and low >= 0 and high is not None]
            return (0, min(masks)) if masks else _bits(left, right)
        case ast.BitOr() | ast.BitXor():
            return _bits(left, right)
        case ast.RShift():
            low, high = left
            return None if low is None else min(low, 0), None if high is None else max(high, 0)
        case ast.LShift() | ast.Pow():
            return _power(op, left, right)
    return None, None


def _added(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _corners(made: Callable[[int, int], int], left: Ends, right: Ends, *others: int) -> Ends:
    found = [made(one, other) for one, other in itertools.product(left, right) if one is not None and other is not None]
    if max(map(abs, found)) > _LARGEST:
        return None, None
    return min(*found, *others), max(*found, *others)


def _rest(by: Ends) -> Ends:
    """The rest of a division has the sign of what is divided by."""
    low, high = by
    return None if low is None else min(low + 1, 0), None if high is None else max(high - 1, 0)


def _bits(left: Ends, right: Ends) -> Ends:
    sizes = [size(left), size(right)]
    if None in sizes:
        return None, None
    most = 2 ** max(one.bit_length() for one in sizes if one is not None)
    natural = left[0] is not None and left[0] >= 0 and right[0] is not None and right[0] >= 0
    return 0 if natural else -most, most


def _power(op: ast.operator, left: Ends, right: Ends) -> Ends:
    """A power, or so many places: both grow with what stands on the right."""
    base, most = size(left), right[1]
    bits = _LARGEST.bit_length()
    if base is None or most is None or right[0] is None or right[0] < 0 or most > bits:
        return None, None
    if isinstance(op, ast.LShift):
        made = base << most
    elif base.bit_length() * most > bits:
        return None, None
    else:
        made = max(base**most, 1)
    natural = left[0] is not None and left[0] >= 0
    return (0, made) if natural else around(made)


def narrowed(node: ast.expr, ends: Ends, facts: Facts) -> Ends:
    """What conditions say of it, too."""
    low, high = ends
    if (below := known.below(node, facts)) is not None:
        low, high = greatest([(low, None), (0, None)])[0], least([(None, high), (None, below - 1)])[1]
    for op, other in known.compared(node, facts):
        if op is ast.In:
            low, high = _in_range(other, low, high, facts)
        than = number(other)
        if than is None:
            continue
        if op in _UPPER:
            high = than if high is None else min(high, than)
        if op in _LOWER:
            low = than if low is None else max(low, than)
    return low, high


def _in_range(node: ast.expr, low: int | None, high: int | None, facts: Facts) -> Ends:
    """A number that counts the turns of a loop."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[*first, end], keywords=[]) if len(first) < 2:
            start = number(first[0]) if first else 0
            most = number(end) if number(end) is not None else _length(end, facts)
            low = start if low is None or (start is not None and start > low) else low
            high = most if high is None or (most is not None and most < high) else high
    return low, high


def _length(node: ast.expr, facts: Facts) -> int | None:
    return 2**31 if known.length_of(node, facts) else None


def number(node: ast.expr) -> int | None:
    """A whole number that is written out."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = number(operand)
            return None if found is None else -found
        case ast.BinOp(left=ast.Constant(value=int(base)), op=ast.Pow(), right=ast.Constant(value=int(power))):
            return base**power if abs(base) <= _TENS and 0 <= power <= _POWERS else None
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() as value):
            return value
        case ast.Constant(value=float() as value) if value.is_integer():
            return int(value)
    return None
