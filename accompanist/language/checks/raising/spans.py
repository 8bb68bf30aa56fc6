"""Which arithmetic of dates, times and spans of time stays within what a calendar has."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.checks.raising import decimals, operands
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.comparable import ZONES
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.looked_at import Partial, PartialContext
from accompanist.language.checks.raising.written_out import makes
from accompanist.language.reading.kinds import Env
from accompanist.language.text.instead import in_brackets, shown
from accompanist.language.types import Type

_SPAN, _MOMENT = Type("timedelta", "datetime"), Type("datetime", "datetime")
_DIVIDES = (ast.Div, ast.FloorDiv, ast.Mod)
_PLACES = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_LARGEST = 999_999_999
"""The days of a span."""
_POWER = 18
"""Ten to it, in microseconds, is about as many."""


def arithmetic(node: ast.BinOp, env: Env, facts: Facts, looks: PartialContext) -> Iterator[Partial]:
    """Why what is computed of a date, a time or a span may raise."""
    left, right = looks.kind(node.left, env), looks.kind(node.right, env)
    if isinstance(node.op, ast.Sub) and left == right == operands.DATE:
        return  # all of them lie less than a span apart
    if isinstance(node.op, ast.Sub) and left == right == _MOMENT:
        yield Partial(node, ZONES)
    elif isinstance(node.op, _DIVIDES) and left == right == _SPAN:
        if not _some(node.right, env, facts):
            by = in_brackets(node.right, (ast.BinOp, ast.UnaryOp))
            yield Partial(node, f"{by} may be zero", f"{shown(node)} if {by} else …")
    elif not (
        isinstance(node.op, ast.Div | ast.FloorDiv)
        and (left, right) == (_SPAN, types.INT)
        and known.positive(node.right, facts)
    ):
        yield Partial(node, "a moment may lie outside of what a calendar has")


def _some(node: ast.expr, env: Env, facts: Facts) -> bool:
    """Whether a span is certainly not empty: it is written out, or was asked."""
    values = [node, *(other for op, other in known.compared(node, facts) if op is ast.Eq)]
    if known.true(node, facts) or any(_is_written(one, env) for one in values):
        return True
    ends = ((op, ast.unparse(other)) for op, other in known.compared(node, facts))
    return any(op in (ast.NotEq, ast.Gt) and other in ("timedelta()", "timedelta(0)") for op, other in ends)


def _is_written(node: ast.expr, env: Env) -> bool:
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ("timedelta", "datetime.timedelta"):
        return False
    if not makes(("datetime", "timedelta"), node):
        return False
    given = [ast.literal_eval(one) for one in node.args]
    return bool(datetime.timedelta(*given, **{one.arg or "": ast.literal_eval(one.value) for one in node.keywords}))


def fits(node: ast.Call, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a span that is made of whole numbers is no longer than one can be."""
    named = [*zip(_PLACES, node.args, strict=False), *((one.arg or "", one.value) for one in node.keywords)]
    days = 0.0
    for unit, value in named:
        power = decimals.power(value, env, facts, looks) if looks.type_of(value, env) == types.INT else None
        if unit not in _PLACES or power is None or power > _POWER:
            return False
        days += datetime.timedelta(**{unit: 1}) / datetime.timedelta(1) * 10**power
    return len(node.args) <= len(_PLACES) and days < _LARGEST
