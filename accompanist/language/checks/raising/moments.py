"""Moments that are made of seconds since 1970, such as `role.now()` gives them: `datetime.fromtimestamp(seconds, UTC)`.

Without a time zone, or with None for one, Python takes the machine's. Numbers that a calendar has no day for raise.
"""

from __future__ import annotations

import ast

from accompanist.language import types
from accompanist.language.checks.raising.decimals import ends
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.looked_at import Partial, PartialContext
from accompanist.language.reading.kinds import Env
from accompanist.language.text.instead import in_brackets, shown

FROM_SECONDS = ("datetime", "datetime.fromtimestamp")
_PLACES = {"astimezone": 0, "fromtimestamp": 1}
"""Where these methods take a time zone."""
_LAST = 253_402_214_400
"""A day before the end of the year 9999, so that it is none later in any time zone."""


def is_local(node: ast.Call) -> bool:
    """Whether a call takes the time zone of the machine."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name not in _PLACES or any(one.arg is None for one in node.keywords):
        return False
    if any(isinstance(one, ast.Starred) for one in node.args):
        return False
    named = next((one.value for one in node.keywords if one.arg == "tz"), None)
    zone = node.args[_PLACES[name]] if len(node.args) > _PLACES[name] else named
    return zone is None or (isinstance(zone, ast.Constant) and zone.value is None)


def local(pair: tuple[str, str], node: ast.Call) -> str:
    """What is wrong with a moment that is made of seconds alone; empty if it has its time zone."""
    return "takes the machine's time zone if none is given" if pair == FROM_SECONDS and is_local(node) else ""


def instead(pair: tuple[str, str]) -> str:
    return "datetime.fromtimestamp(…, UTC)" if pair == FROM_SECONDS else ""


def made_of_seconds(node: ast.Call, env: Env, facts: Facts, looks: PartialContext) -> Partial | None:
    """Why a moment may not be made of seconds; None where a condition has bounded them."""
    if not node.args:
        return Partial(node, "the seconds may be none that a calendar has a day for")
    seconds = node.args[0]
    compared = ends(seconds, env, frozenset(fact for fact in facts if fact.holds), looks)
    kinds = looks.kinds(seconds, env, facts)
    if compared and 0 <= min(compared) <= max(compared) <= _LAST and set(kinds) <= {types.INT, types.FLOAT}:
        return None
    called = shown(node)
    called = f"datetime.{called}" if called.startswith("fromtimestamp") else called
    instead = f"{called} if 0 <= {in_brackets(seconds, (ast.BinOp, ast.UnaryOp))} <= {_LAST} else …"
    return Partial(node, f"{shown(seconds)} may be no seconds that a calendar has a day for", instead)
