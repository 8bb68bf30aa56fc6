"""How large a Decimal may get that is computed of others.

A Decimal from a message may be of nearly any size. What was compared with numbers that are written out is no larger
than they are, and what is made of such values by a few operations stays far below the largest that there is.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from accompanist.language import types
from accompanist.language.checks.raising import digits, each
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.looked_at import PartialContext
from accompanist.language.checks.raising.own_names import EACH
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.library import DECIMAL

Number = int | float | Decimal
_LARGEST = 900_000
"""The largest power of ten is 999,999 in Python's own context."""
_KEPT = 28
"""The digits of a Decimal that is computed."""
_ROUND = frozenset({"quantize", "normalize", "to_integral_value", "copy_abs"})
_TENS = 10
_OF_AN_INT = 4_300
_TURNS = 20
"""As a power of ten: nothing goes through more."""
_UPPER, _LOWER = (ast.Lt, ast.LtE, ast.Eq), (ast.Gt, ast.GtE, ast.Eq)


def fits(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether what is computed certainly is no larger than a Decimal can be. A whole quotient, and a remainder, want
    one that is kept in full."""
    match node:
        case ast.BinOp(left=left, op=ast.FloorDiv() | ast.Mod(), right=right):
            size, by = power(left, env, facts, looks), divisor(right, env, facts, looks)
            return size is not None and by is not None and size + by <= _KEPT
    found = power(node, env, facts, looks)
    return found is not None and found < _LARGEST


def rounds(node: ast.expr, places: ast.expr | None, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a number, cut to so many places after its point, is kept in full. `places`: a number of them, or a
    Decimal that has as many; none: as a whole number."""
    size = power(node, env, facts, looks)
    found = 0 if places is None else number(places, env, facts, looks)
    if size is None or found is None:
        return False
    exponent = found.as_tuple().exponent if isinstance(found, Decimal) else -found
    return isinstance(exponent, int) and size - exponent < _KEPT  # it may be rounded up to one digit more


def writable(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a number, if it is a Decimal, has no more digits before its point than a whole number is written with."""
    if looks.kind(node, env) != DECIMAL:
        return True
    found = power(node, env, facts, looks)
    return found is not None and found <= _OF_AN_INT


def certain(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a number is a Decimal or a float, and not a whole number that stands for one."""
    match node:
        case ast.Constant(value=float()):
            return True
        case ast.BinOp(left=left, op=ast.Div(), right=right) if looks.kind(node, env) == types.FLOAT:
            return True
        case ast.BinOp(left=left, right=right):
            return any(certain(one, env, facts, looks) for one in (left, right))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return certain(operand, env, facts, looks)
        case ast.Call(func=ast.Name(id="Decimal" | "float") | ast.Attribute(attr="Decimal")):
            return True
        case ast.Call(func=ast.Name(id="abs" | "round"), args=[value, *places]):
            return certain(value, env, facts, looks) and (bool(places) or ast.unparse(node.func) == "abs")
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _ROUND:
            return looks.kind(value, env) == DECIMAL
    found = looks.kind(node, env)
    if found in (DECIMAL, types.FLOAT) and known.true(is_one(node, found), facts):
        return True
    return isinstance(number(node, env, facts, looks), float | Decimal)


def is_one(node: ast.expr, found: types.Type) -> ast.expr:
    """The question whether a value is of one of Python's own types."""
    return ast.Call(ast.Name("isinstance", ast.Load()), [node, ast.Name(found.name, ast.Load())], [])


def nonzero(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a number that is written out, or a constant, is not zero."""
    return bool(number(node, env, facts, looks))


def power(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> int | None:
    """A power of ten that a number is below; None if nothing bounds it."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _of_all((left, right), env, facts, looks, 1)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            powers = [power(one, env, facts, looks) for one in (left, right)]
            return None if None in powers else sum(one for one in powers if one is not None)
        case ast.BinOp(left=left, op=ast.Div() | ast.FloorDiv() | ast.Mod(), right=right):
            size, by = power(left, env, facts, looks), divisor(right, env, facts, looks)
            return None if size is None or by is None else size + by
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return power(operand, env, facts, looks)
        case ast.Call(func=ast.Name(id="abs"), args=[value], keywords=[]):
            return power(value, env, facts, looks)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[_, _, *_], keywords=[]):
            sides = [_side(node, upper, env, facts, looks) for upper in (True, False)]
            return largest(sides)
        case ast.Call(
            func=ast.Name(id="Decimal"), args=[ast.Name() | ast.Attribute() | ast.BinOp() as value], keywords=[]
        ):
            return power(value, env, facts, looks)
        case ast.Call(func=ast.Name(id="round"), args=[value, _], keywords=[]):
            return _of_all([value], env, facts, looks, 1)
        case ast.Call(
            func=ast.Attribute(value=value, attr="quantize" | "normalize" | "to_integral_value" | "copy_abs")
        ):
            return _of_all([value], env, facts, looks, 1)
        case ast.Call(func=ast.Name(id="sum"), args=[over, *start], keywords=[]):
            powers = [_added(over, env, facts, looks), *(power(one, env, facts, looks) for one in start)]
            return None if None in powers else max(one for one in powers if one is not None) + 1
        case ast.IfExp(test=test, body=body, orelse=orelse):
            sides = [
                power(side, looks.after(test, env, holds), known.after(facts, test, holds), looks)
                for side, holds in ((body, True), (orelse, False))
            ]
            return largest(sides)
        case ast.Call(func=ast.Name(id="len")):
            return _TURNS
    found = number(node, env, facts, looks)
    compared = [found] if found is not None else ends(node, env, facts, looks)
    if not compared and looks.kind(node, env) in (types.INT, types.BOOL):
        return _OF_AN_INT if digits.computes(node, env, facts, looks) else None
    return max(map(above, compared), default=None)


def _added(over: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> int | None:
    """A power of ten that the sum of all items is below."""
    match over:
        case ast.GeneratorExp(elt=elt, generators=turns) | ast.ListComp(elt=elt, generators=turns):
            size = power(elt, looks.inside(turns, env), each.in_turns(turns, facts), looks)
        case _:
            item = ast.Name(EACH, ast.Load())
            inside = {**env, EACH: types.element(looks.kind(over, env))}
            size = power(item, inside, facts | each.said(item, over, facts), looks)
    return None if size is None else size + _TURNS


def _side(node: ast.expr, upper: bool, env: Env, facts: Facts, looks: PartialContext) -> int | None:
    """A power of ten that a number does not exceed, or that it does not lie below the negative of."""
    match node:
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=[_, _, *_] as args, keywords=[]):
            sides = [_side(one, upper, env, facts, looks) for one in args]
            there = [one for one in sides if one is not None]
            if upper == (name == "min"):
                return min(there, default=None)
            return max(there) if len(there) == len(sides) else None
    return power(node, env, facts, looks)


def largest(powers: Iterable[int | None]) -> int | None:
    """The largest of some powers, if each of them is known."""
    found = list(powers)
    return None if None in found else max(one for one in found if one is not None)


def _of_all(nodes: Iterable[ast.expr], env: Env, facts: Facts, looks: PartialContext, more: int) -> int | None:
    most = largest(power(one, env, facts, looks) for one in nodes)
    return None if most is None else most + more


def divisor(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> int | None:
    """How many powers of ten a division by a number that is not zero adds at most."""
    if looks.kind(node, env) in (types.INT, types.BOOL):
        return 0
    found = number(node, env, facts, looks)
    return max(0, -Decimal(found).adjusted()) if found else None


def ends(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> list[Number]:
    """What a number was compared with, above and below; nothing if one of them is missing."""
    compared = [(op, number(other, env, facts, looks)) for op, other in known.compared(node, facts)]
    upper = [value for op, value in compared if op in _UPPER and value is not None]
    lower = [value for op, value in compared if op in _LOWER and value is not None]
    for op, other in known.compared(node, facts):
        if op is ast.In and (turns := _counted(other, env, facts, looks)):
            upper.append(max(turns))
            lower.append(min(turns))
    return [min(upper), max(lower)] if upper and lower else []


def _counted(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> list[Number]:
    """Where a range begins and ends."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[end], keywords=[]):
            found = [0, number(end, env, facts, looks)]
        case ast.Call(func=ast.Name(id="range"), args=[start, end, *_], keywords=[]):
            found = [number(start, env, facts, looks), number(end, env, facts, looks)]
        case _:
            return []
    return [one for one in found if one is not None] if None not in found else []


def number(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Number | None:
    """A number that is written out, here or as a constant; finite."""
    return next(_written(node, env, facts, looks), None)


def _written(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Iterator[Number]:
    written: Number | None = known.number(node)
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield from (-one for one in _written(operand, env, facts, looks))
        case ast.BinOp(left=ast.Constant(value=int(base)), op=ast.Pow(), right=ast.Constant(value=int(times))):
            written = base**times if abs(base) <= _TENS and 0 <= times <= _KEPT else None
        case ast.Name():
            for op, other in known.compared(node, facts):
                if op is ast.Eq and not isinstance(other, ast.Name):
                    yield from _written(other, env, facts, looks)
        case ast.Call(func=function, args=[ast.Constant(value=str() | int() as value)], keywords=[]):
            if ast.unparse(function) in ("Decimal", "decimal.Decimal") and looks.kind(node, env) == DECIMAL:
                written = _made(value)
    if written is not None and (isinstance(written, int) or math.isfinite(written)):
        yield written


def _made(value: str | int) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def above(value: Number) -> int:
    """A power of ten that a number is below."""
    return max(Decimal(value).adjusted(), 0) + 1
