"""Whether a float that comes from a text is a finite number: a condition bounds it, or what it is computed of.

No comparison with NaN is true. So only what came out true bounds a number. What it is computed of has to be bounded,
too: a float of a message may be as large as there is.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator

from accompanist.language import types
from accompanist.language.checks.raising import decimals, each
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Fact, Facts
from accompanist.language.checks.raising.looked_at import PartialContext
from accompanist.language.checks.raising.own_names import EACH
from accompanist.language.checks.raising.sizes import LEAF
from accompanist.language.reading import kinds
from accompanist.language.reading.kinds import Env

_LARGEST = 300
"""The largest power of ten is 308."""
_TURNS = 20
"""As a power of ten: nothing goes through more."""
_WHOLE = 20
"""That of a whole number of a message."""


def bounded(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a number certainly is finite."""
    asked = ast.Call(ast.Name("isfinite", ast.Load()), [node], [])
    return known.true(asked, facts) or power(node, env, facts, looks) is not None


def ends(name: str, value: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Facts:
    """What is known of a name that is given a value which may be no finite number by what it comes from, and is one by
    what was asked."""
    if not looks.endless(value, env) or (largest := power(value, env, facts, looks)) is None:
        return known.NOTHING
    now, most = ast.Name(name, ast.Load()), ast.Constant(float(10**largest))
    least = ast.UnaryOp(ast.USub(), most)
    return frozenset(
        {Fact(ast.Compare(now, [ast.LtE()], [most]), True), Fact(ast.Compare(now, [ast.GtE()], [least]), True)}
    )


def power(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> int | None:
    """A power of ten that a number does not exceed; None if nothing bounds it."""
    found = next(_powers(node, env, facts, looks), None)
    return found if found is not None and found <= _LARGEST else None


def adds(over: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether each item of a value certainly is a number that a float can be, and all of them together as well."""
    match over:
        case ast.GeneratorExp(elt=node, generators=turns) | ast.ListComp(elt=node, generators=turns):
            env, facts = looks.inside(turns, env), each.in_turns(turns, facts)
        case _:
            node = ast.Name(EACH, ast.Load())
            env = {**env, EACH: kinds.item(looks.kind(over, env))}
            facts |= each.said(node, over, facts)
    found = looks.kind(node, env)
    if found in (types.INT, types.BOOL):
        size = looks.sizes.size(node, env, facts)
        return size is not None and size <= LEAF  # times as many as there can be: less than 2 to the 600
    most = power(node, env, facts, looks) if found == types.FLOAT else None
    return most is not None and most + _TURNS <= _LARGEST


def _powers(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Iterator[int]:
    true = frozenset(fact for fact in facts if fact.holds)
    if compared := decimals.ends(node, env, true, looks):
        yield max(map(decimals.above, compared))
    elif (written := decimals.number(node, env, facts, looks)) is not None:
        yield decimals.above(written)
    elif looks.kind(node, env) in (types.INT, types.BOOL):
        yield _WHOLE
    elif (computed := _computed(node, env, facts, looks)) is not None:
        yield computed


def _computed(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> int | None:
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[text], keywords=[]) if known.said(text, "isdecimal", facts):
            longest = known.highest(text, facts, of_length=True)
            return math.floor(longest) if longest is not None else None
        case ast.Call(func=ast.Name(id="float"), args=[value], keywords=[]):
            return power(value, env, facts, looks)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return power(operand, env, facts, looks)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _of_all((left, right), env, facts, looks, 1)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            powers = [power(one, env, facts, looks) for one in (left, right)]
            return None if None in powers else sum(one for one in powers if one is not None)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            size, by = power(left, env, facts, looks), decimals.divisor(right, env, facts, looks)
            return None if size is None or by is None else size + by
        case ast.Call(func=ast.Name(id="abs" | "min" | "max"), args=[_, *_] as args, keywords=[]):
            return _of_all(args, env, facts, looks, 0) if len(args) > 1 or _is_abs(node) else None
        case ast.Call(func=ast.Name(id="round"), args=[value, _], keywords=[]):
            return _of_all([value], env, facts, looks, 1)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            ways = [
                (side, looks.after(test, env, holds), known.after(facts, test, holds))
                for side, holds in ((body, True), (orelse, False))
            ]
            return decimals.largest(power(side, inside, asked, looks) for side, inside, asked in ways)
    return None


def _is_abs(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "abs"


def _of_all(nodes: Iterable[ast.expr], env: Env, facts: Facts, looks: PartialContext, more: int) -> int | None:
    most = decimals.largest(power(one, env, facts, looks) for one in nodes)
    return None if most is None else most + more
