"""How many parts or letters something has by how it is made: a text that is split has one part at least, and a piece
that is cut out of a text has so many letters at most."""

from __future__ import annotations

import ast

from accompanist.language.checks.raising import digits
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Fact, Facts
from accompanist.language.checks.raising.looked_at import PartialContext
from accompanist.language.reading.kinds import Env
from accompanist.language.types import STR


def given(name: str, value: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Facts:
    """What is known of a name that is given parts of a text, a piece of one, or a number that counts them."""
    counted = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
    made = set(digits.said(name, value, env, facts, looks))
    if split(value, env, looks):
        made.add(Fact(ast.Compare(counted, [ast.GtE()], [ast.Constant(1)]), True))
    if (most := _cut(value, env, looks)) is not None:
        made.add(Fact(ast.Compare(counted, [ast.LtE()], [ast.Constant(most)]), True))
    return frozenset(made)


def split(node: ast.expr, env: Env, looks: PartialContext) -> bool:
    """Whether it is a text that is split at another one: there is one part at least."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="split" | "rsplit"), args=args, keywords=keywords):
            at = [*args[:1], *(one.value for one in keywords if one.arg == "sep")]
            written = any(isinstance(one, ast.Constant) and bool(one.value) for one in at)
            return written and looks.kind(owner, env) == STR
    return False


def longest(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> float | None:
    """How many letters a text has at most, by what was asked or by how it is cut."""
    told = (known.highest(node, facts, of_length=True), _cut(node, env, looks))
    return min((one for one in told if one is not None), default=None)


def _cut(node: ast.expr, env: Env, looks: PartialContext) -> int | None:
    """How long a piece of a text is at most."""
    match node:
        case ast.Subscript(value=text, slice=ast.Slice(lower=lower, upper=upper)) if looks.kind(text, env) == STR:
            first = known.number(lower) if lower is not None else 0
            last = known.number(upper) if upper is not None else None
            if isinstance(first, int) and first >= 0 and isinstance(last, int) and last >= 0:
                return max(0, last - first)
            if isinstance(first, int) and first < 0 and (upper is None or (isinstance(last, int) and last < 0)):
                return -first
    return None
