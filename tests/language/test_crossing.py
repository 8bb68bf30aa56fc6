"""Numbers that may be too large to be sent, and timers that may be too long, behind the commit point."""

from __future__ import annotations

import pytest

from tests.language.programs import text
from tests.language.test_partial import HEAD, lines

CROSSING = """
n * k
n ** 2
sum(x)
[n * k]
int(f)
round(f)
math.floor(f)
f * 10.0
f + f
f ** 2
"""
CROSSES = """
n + k
n * 100
n * len(x)
n * k if -10**18 < n * k < 10**18 else 0
n * k if 0 < n < 1000 and 0 < k < 1000 else 0
sum(x) if all(-100 < one < 100 for one in x) else 0
n * k % 97
min(max(n * k, 0), 10)
int(f) if -10**18 < f < 10**18 else 0
f * 10.0 if -1e200 < f * 10.0 < 1e200 else 0.0
math.ceil(n / 2)
round(n * 0.19)
f + 1.0
f / 7
f * 0.5
"""
TIMERS = ("n", "n * 604800", "f", "k + 5", "n if n > 0 else 5")
TIMED = ("min(n, 315360000)", "86400 * 7", "n if n < 1000 else 5", "min(f * 10.0, 60.0)", "n % 60 + 60")


def crossed(call: str, expression: str) -> list[str]:
    head = HEAD.replace(
        "class R(Role):", "class R(Role):\n    @transaction(retriable=True)\n    def give(self, it: KIND) -> int: ..."
    )
    kind = "float" if expression.lstrip("(").startswith("f") else "list[int]" if expression[0] == "[" else "int"
    return [one.hint or "" for one in text(f"{head.replace('KIND', kind)}    {call.format(expression)}\n").diagnostics]


@pytest.mark.parametrize("expression", lines(CROSSING))
def test_a_number_may_be_too_large_to_be_sent(expression: str) -> None:
    (hint,) = crossed("a.give({})", expression)
    guarded = hint.replace("…", "0.0" if expression.startswith("f") else "0")
    part = guarded.strip("()").partition(" if ")[0]
    assert crossed("a.give({})", expression.replace(part, f"({guarded})")) == []
    assert crossed("it = {}\n    a.give(it)", expression) != [] or expression[0] == "["


@pytest.mark.parametrize("expression", lines(CROSSES))
def test_a_number_that_can_be_sent(expression: str) -> None:
    assert crossed("a.give({})", expression) == []


@pytest.mark.parametrize("seconds", TIMERS)
def test_a_timer_may_be_too_long(seconds: str) -> None:
    (hint,) = crossed("a.sleep({})", seconds)
    assert crossed("a.sleep({})", hint) == []


@pytest.mark.parametrize("seconds", TIMED)
def test_a_timer_that_ends(seconds: str) -> None:
    assert crossed("a.sleep({})", seconds) == []
