"""Indexes that are one of few values by their type or their form: a truth, a day of the week, a member of an enum."""

from __future__ import annotations

import ast

from accompanist.language.checks.raising.looked_at import PartialContext
from accompanist.language.checks.raising.operands import DATE
from accompanist.language.reading.enums import told_apart
from accompanist.language.reading.kinds import Env
from accompanist.language.types import BOOL, Type

_DAYS = (DATE, Type("datetime", "datetime"))


def below(node: ast.expr, env: Env, looks: PartialContext) -> int:
    """What an index is certainly below, and not negative; 0 where that is not known."""
    match node:
        case ast.Call(func=ast.Attribute(value=day, attr="weekday"), args=[], keywords=[]):
            return 7 if looks.kind(day, env) in _DAYS else 0
        case ast.BinOp(
            left=ast.Call(func=ast.Attribute(value=day, attr="isoweekday"), args=[]),
            op=ast.Sub(),
            right=ast.Constant(value=1),
        ):
            return 7 if looks.kind(day, env) in _DAYS else 0
        case ast.BinOp(left=ast.Attribute(value=day, attr="month"), op=ast.Sub(), right=ast.Constant(value=1)):
            return 12 if looks.kind(day, env) in _DAYS else 0
    return 2 if looks.kind(node, env) == BOOL else 0


def all_members(key: ast.expr, owner: ast.expr, env: Env, looks: PartialContext) -> bool:
    """Whether a dict that is written out has a key for each member of the enum that the key is of."""
    found, messages = looks.kind(key, env), looks.comparable.messages
    message = messages.find(found) if messages is not None else None
    if message is None or message.kind != "enum" or not isinstance(owner, ast.Dict) or looks.special(found):
        return False
    keys = [one for one in owner.keys if isinstance(one, ast.Attribute) and looks.kind(one, env) == found]
    same = dict(message.aliases)
    definition = messages.definition(found) if messages is not None else None
    told = definition is not None and told_apart(definition[1])
    return told and set(message.members) - set(same) <= {same.get(one.attr, one.attr) for one in keys}
