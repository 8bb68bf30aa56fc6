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
from accompanist.language.checks.raising.looked_at import PartialContext
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.library import DECIMAL
from accompanist.language.text.instead import in_brackets, shown
from accompanist.language.types import BOOL, BYTES, FLOAT, NONE, STR

_WRITTEN = 10**4300
"""The first number that Python does not write."""
COUNTED = 1_000_000
"""What is said to be a number of letters or items, in advice."""
_MOST, _LEAST = 2**40, -(2**40)
_PLAIN = (STR, FLOAT, BOOL, BYTES, NONE, DECIMAL)


def writable(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a value certainly holds no whole number that is too long to be written."""
    found = looks.kind(node, env)
    if all(one in _PLAIN or one.module for one in found.options):
        return True
    size = looks.sizes.size(node, env, facts)
    return size is not None and size < _WRITTEN


def computes(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a power, or so many places, can be computed."""
    size = looks.sizes.size(node, env, facts)
    return size is not None and size < _WRITTEN


def shorter(node: ast.expr, value: ast.expr) -> str:
    """What is written instead of what writes a number."""
    return f"{shown(node)} if -(10**20) < {in_brackets(value, (ast.BinOp, ast.UnaryOp, ast.IfExp))} < 10**20 else …"


def fewer(node: ast.expr, count: ast.expr) -> str:
    """What is written instead of what takes a number of letters or items."""
    asked = in_brackets(count, (ast.IfExp, ast.BoolOp, ast.Compare))
    return f"{shown(node)} if 0 <= {asked} < {COUNTED} else …"


def small(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a number is certainly one that counts letters or items: a message may hold larger ones, and smaller ones
    than a machine can count with."""
    if looks.kind(node, env) in (types.BOOL, types.NONE) or known.true(_counts(node), facts):
        return True
    if any(within(node, one, facts) for one in _lists(facts)):
        return True
    low, high = looks.sizes.ends(node, env, facts)
    if low is not None and high is not None and low > _LEAST and high < _MOST:
        return True
    match node:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return small(operand, env, facts, looks)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return small(left, env, facts, looks) and small(right, env, facts, looks)
        case ast.IfExp(body=body, orelse=orelse):
            return small(body, env, facts, looks) and small(orelse, env, facts, looks)
        case ast.Call(func=ast.Name(id="min" | "max" | "sum"), args=[over, *start], keywords=named):
            others = [*start, *(one.value for one in named if one.arg in ("default", "start"))]
            if any(one.arg not in ("default", "start") for one in named):
                return False
            return _all_small(over, env, facts, looks) and all(small(one, env, facts, looks) for one in others)
    return False


def _all_small(over: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether all that is gone through are such numbers, as lengths are."""
    match over:
        case ast.GeneratorExp(elt=elt, generators=turns) | ast.ListComp(elt=elt, generators=turns):
            return small(elt, looks.inside(turns, env), each.in_turns(turns, facts), looks)
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="len"), _], keywords=[]):
            return True
    return False


def said(name: str, value: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Iterator[known.Fact]:
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
