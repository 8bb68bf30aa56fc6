"""What `check` warns of: what the program could do without, and what it hardly means."""

from __future__ import annotations

import pytest

from accompanist.language.shown.superfluous import warnings
from accompanist.language.text.source import Source
from tests.language.programs import text

HEAD = """\
from accompanist import At, Role, choreography, com, query, share

class R(Role):
    @query
    def ask(self, n: int) -> int: ...

@choreography
def name(a: R, b: R, n: At[int, "a"]) -> At[int, "a"]:
"""


def warned(*lines: str) -> list[tuple[str, int]]:
    """Codes, and the lines of `lines` that they are at, from 1."""
    source = HEAD + "".join(f"    {line}\n" for line in lines)
    if not any("b." in line or "to=" in line for line in lines):
        source = source.replace("b: R, ", "")
    result = text(source)
    assert not result.diagnostics, result.diagnostics
    (choreography,) = result.choreographies
    found = warnings(choreography, Source.of(choreography.file, source))
    return [(one.code, one.line - HEAD.count("\n")) for one in found]


EVENT = 'a.event("more", int)'
TIMED = 'a.timeout(a.event("more", int), 60)'


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        (["g = 0", "while g < n:", f"    g = g + {EVENT}", "return g"], 3),
        (["g = 0", "for x in range(n):", "    if x > 1:", f"        g = {EVENT}", "return g"], 4),
        (["for x in range(n):", f"    t = {TIMED}", "    if not t.ok:", "        break", "return n"], 2),
        (["good = False", "while not good:", f"    t = {TIMED}", "    good = t.ok and t.value > 3", "return n"], 3),
        (["while n > 3:", "    while True:", f"        g = {EVENT}", "        break", "return n"], 3),
    ],
)
def test_an_event_that_more_than_one_turn_asks_for(lines: list[str], at: int) -> None:
    assert warned(*lines) == [("ACC178", at)]


@pytest.mark.parametrize(
    "lines",
    [
        ["while True:", "    g = a.ask(n)", "    if g > n:", f"        g = {EVENT}", "        break", "return g"],
        ["for x in range(n):", f"    return {EVENT}", "return n"],
        ["for x in range(n):", f"    t = {TIMED}", "    if t.ok:", "        break", "    a.ask(x)", "return n"],
        [f"t = {TIMED}", "while not t.ok and n > 3:", "    a.ask(n)", f"    t = {TIMED}", "return n"],
        [f"g = {EVENT}", f"h = {EVENT}", "return g + h"],
    ],
)
def test_an_event_that_no_later_turn_asks_for_again(lines: list[str]) -> None:
    assert warned(*lines) == []


SIDES = ["if both == 1:", "    price = both", "elif both == 2:", "    price = com(a.ask(both), to=b)", "else:"]


def test_a_move_is_for_something_if_one_side_of_a_branch_before_it_needs_it() -> None:
    """What follows stands behind each side that goes on; on one of them the value is there already."""
    lines = ["both = share(n, to=[b])", *SIDES, "    b.abort('no')", "return a.ask(com(price, to=a))"]
    assert warned(*lines) == []
    lines = ["both = share(n, to=[b])", *SIDES, "    price = com(a.ask(3), to=b)", "return a.ask(com(price, to=a))"]
    assert warned(*lines) == []


def test_a_move_is_for_nothing_if_it_is_on_each_side() -> None:
    lines = ["both = share(n, to=[b])", *SIDES, "    b.abort('no')"]
    lines.append("return a.ask(com(both, to=a)) + com(b.ask(price), to=a)")
    assert warned(*lines) == [("ACC175", 8)]
