"""How large a whole number may be. Python writes none of more than 4300 digits, and many operations take none that is
beyond a machine's."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.checks.raising import each
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.indexes import within
from accompanist.language.checks.raising.looked_at import Looks
from accompanist.language.reading.kinds import Env

WRITABLE = 14_000
"""The bits of a number that is certainly written: 4300 digits are 14284."""
_MESSAGE = 64
"""The bits of a number that a message holds, and so of each that has a name."""
COUNTED = 1_000_000
"""What is said to be a number of letters or items, in advice."""


def bits(node: ast.expr) -> int:
    """How many bits a number may have. What has a name is taken to be as large as what a message holds."""
    match node:
        case ast.Constant(value=int() as value):
            return value.bit_length()
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return bits(left) + bits(right)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.BitOr() | ast.BitXor(), right=right):
            return max(bits(left), bits(right)) + 1
        case ast.BinOp(left=left, op=ast.Pow(), right=power):
            return bits(left) * _count(power)
        case ast.BinOp(left=left, op=ast.LShift(), right=places):
            return bits(left) + _count(places)
        case ast.BinOp(left=value) | ast.UnaryOp(operand=value):
            return bits(value)
        case ast.IfExp(body=body, orelse=orelse):
            return max(bits(body), bits(orelse))
        case ast.BoolOp(values=values):
            return max(map(bits, values))
        case ast.Call(func=ast.Name(id="abs" | "int" | "min" | "max" | "sum"), args=[_, *_] as args):
            return max(map(bits, args)) + _MESSAGE
    return _MESSAGE


def _count(node: ast.expr) -> int:
    """How large a power or a number of places may be; what is not written out is not counted."""
    found = known.number(node)
    return found if isinstance(found, int) else _MESSAGE


def small(node: ast.expr, env: Env, facts: Facts, looks: Looks) -> bool:
    """Whether a number is certainly one that counts letters or items: a message may hold larger ones."""
    match node:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return small(operand, env, facts, looks)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.FloorDiv() | ast.RShift(), right=right):
            return all(small(one, env, facts, looks) for one in (left, right))
        case ast.Call(func=ast.Name(id="min"), args=[_, _, *_] as args):
            return any(small(one, env, facts, looks) for one in args)
        case ast.Call(func=ast.Name(id="max"), args=[_, _, *_] as args):
            return all(small(one, env, facts, looks) for one in args)
        case ast.IfExp(body=body, orelse=orelse):
            return small(body, env, facts, looks) and small(orelse, env, facts, looks)
        case ast.Call(func=ast.Name(id="min" | "max" | "sum"), args=[over, *start], keywords=named) if _all_small(
            over, env, facts, looks
        ):
            others = [*start, *(one.value for one in named if one.arg in ("default", "start"))]
            return all(small(one, env, facts, looks) for one in others)
        case ast.Call(func=ast.Name(id="len")):
            return True
        case ast.Call(func=ast.Attribute(attr="count" | "find" | "rfind" | "bit_length")):
            return True
    if looks.kind(node, env) in (types.BOOL, types.NONE) or known.below(node, facts) is not None:
        return True
    if known.true(_counts(node), facts):
        return True
    written, highest = known.number(node), known.highest(node, facts)
    bound = highest if written is None else abs(written)
    counted = any(within(node, one, facts) for one in _lists(facts))
    return counted or (bound is not None and bound < 2**31)


def _all_small(over: ast.expr, env: Env, facts: Facts, looks: Looks) -> bool:
    """Whether all that is gone through are such numbers, as lengths are."""
    match over:
        case ast.GeneratorExp(elt=elt, generators=turns) | ast.ListComp(elt=elt, generators=turns):
            return small(elt, looks.inside(turns, env), each.in_turns(turns, facts), looks)
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="len"), _], keywords=[]):
            return True
    return False


def said(name: str, value: ast.expr, env: Env, facts: Facts, looks: Looks) -> Iterator[known.Fact]:
    """That a name stands for such a number, where it is given one that is computed."""
    computed = isinstance(value, ast.Call | ast.BinOp | ast.IfExp) and looks.kind(value, env) == types.INT
    if computed and small(value, env, facts, looks):
        yield known.Fact(_counts(ast.Name(name, ast.Load())), True)


def _counts(node: ast.expr) -> ast.expr:
    """The question whether a number counts letters or items. Nobody can write it."""
    return ast.Call(ast.Name("?counts", ast.Load()), [node], [])


def _lists(facts: Facts) -> list[ast.expr]:
    """What conditions say the length of."""
    calls = (part for fact in facts for part in ast.walk(fact.node) if isinstance(part, ast.Call))
    return [one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id == "len" and one.args]
