"""How large the numbers of a @pure function get that are given to names, or added up in a loop.

A name that a loop only adds to is within bounds in each turn, if what is added is: no loop has more turns than could be
counted.
"""

from __future__ import annotations

import ast
from collections.abc import Set

from accompanist.language import types
from accompanist.language.checks.raising import decimals, finite, total_methods
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Fact, Facts
from accompanist.language.checks.raising.looked_at import PartialContext
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.library import DECIMAL
from accompanist.language.text.nodes import every_node

_KEPT = 200
"""The largest power of ten that is remembered of a name."""
_ADDED = 39
"""What is added in a turn is below this power of ten, and so all turns together below the next one."""
_SUM = 60
_MESSAGE = 20
"""A whole number of a message is below this power of ten."""


def given(name: str, value: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Facts:
    """What is known of the size of a name that is given a value."""
    found = finite.ends(name, value, env, facts, looks)
    if looks.type_of(value, env) not in (DECIMAL, types.INT) or isinstance(value, ast.Constant):
        return found
    power = decimals.power(value, env, facts, looks)
    if power is not None and power <= _KEPT:
        found |= _within(name, power)
    return found | _is_decimal(name, value, env, facts, looks)


def _within(name: str, power: int) -> Facts:
    return _bounds(ast.Name(name, ast.Load()), power)


def _bounds(now: ast.expr, power: int) -> Facts:
    most = ast.Constant(10**power)
    least = ast.UnaryOp(ast.USub(), most)
    return frozenset(
        {Fact(ast.Compare(now, [ast.LtE()], [most]), True), Fact(ast.Compare(now, [ast.GtE()], [least]), True)}
    )


def _is_decimal(name: str, value: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Facts:
    """That a name stands for a Decimal, and not for a whole number in its place."""
    if looks.type_of(value, env) != DECIMAL or not decimals.certain(value, env, facts, looks):
        return known.NOTHING
    return frozenset({Fact(decimals.is_one(ast.Name(name, ast.Load()), DECIMAL), True)})


def grown(node: ast.FunctionDef) -> frozenset[str]:
    """The names that may stand for numbers which are computed, or hold such: all that are given a value, and what is
    gone through in them. Others stand for what came with a message."""
    changed = total_methods.changed(node)
    found = {one for part in every_node(node) for one in _stored(part)} | changed
    turns = [
        (known.names_in(part.target), known.names_in(part.iter))
        for part in every_node(node)
        if isinstance(part, ast.For | ast.comprehension)
    ]
    before = -1
    while before != len(found):
        before = len(found)
        for target, over in turns:
            found |= target if over & found or not over else set()
    return frozenset(found)


def _stored(node: ast.AST) -> frozenset[str]:
    match node:
        case ast.Assign(targets=targets):
            return frozenset(name for one in targets for name in known.names_in(one))
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
            return known.names_in(target)
    return frozenset()


def of_messages(node: ast.expr, grown: Set[str], env: Env, looks: PartialContext) -> Facts:
    """How large the whole numbers are that came with a message: it holds none of more than 64 bits."""
    made: Facts = known.NOTHING
    for part in every_node(node):
        match part:
            case ast.Name() | ast.Attribute() if not known.names_in(part) & grown and _is_field(part, env, looks):
                made |= _bounds(part, _MESSAGE)
    return made


def _is_field(node: ast.expr, env: Env, looks: PartialContext) -> bool:
    """Whether it is a whole number that has a name, or is a field: no code computes it."""
    if looks.kind(node, env) != types.INT:
        return False
    messages = looks.comparable.messages
    while isinstance(node, ast.Attribute):
        message = messages.find(looks.kind(node.value, env)) if messages is not None else None
        if message is None or node.attr not in dict(message.fields):
            return False
        node = node.value
    return isinstance(node, ast.Name) and node.id in env


def added_up(node: ast.For | ast.While, env: Env, facts: Facts, looks: PartialContext) -> dict[str, Facts]:
    """What is known in each turn of a loop of the names that it only adds to."""
    adds = [
        one.target.id
        for one in every_node(node)
        if isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Add | ast.Sub) and isinstance(one.target, ast.Name)
    ]
    stored = [one.id for one in every_node(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    made: dict[str, Facts] = {}
    for name in sorted(set(adds)):
        now = ast.Name(name, ast.Load())
        if stored.count(name) != adds.count(name) or looks.type_of(now, env) != DECIMAL:
            continue
        power = decimals.power(now, env, facts, looks)
        if power is not None and power < _KEPT - _SUM:
            made[name] = _within(name, max(power, _SUM) + 1) | _is_decimal(name, now, env, facts, looks)
    return made


def is_small(value: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether what is added in each turn of a loop is within bounds, however many turns there are."""
    power = decimals.power(value, env, facts, looks)
    return power is not None and power <= _ADDED
