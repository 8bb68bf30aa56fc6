"""The lines at which what raises certainly comes before the commit point."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from accompanist.language.checks.saga.saga import SagaCheck
from accompanist.language.program.program import Choreography
from tests.language.programs import text

HEAD = """\
from accompanist import At, Role, choreography, com, share, transaction

class R(Role):
    @transaction
    def do(self, n: int) -> int: ...
    @do.compensation
    def undo(self, n: int) -> None: ...
    @transaction
    def pivot(self, n: int) -> int: ...
    @transaction(retriable=True)
    def tell(self, n: int) -> int: ...
    @tell.compensation
    def untell(self, n: int) -> None: ...

@choreography
def name(a: R, b: R, c: R, n: At[int, "a"]) -> None:
    x = com(n, to=c)
"""
FIRST = HEAD.count("\n") + 1


def early(choreography: Choreography, role: str) -> set[int]:
    """As indexes of the lines behind the head."""
    return {line - FIRST for line in choreography.projections[role].early_lines}


def checked(*lines: str) -> Choreography:
    result = text(HEAD + "".join(f"    {line}\n" for line in lines))
    assert not result.diagnostics
    return result.choreographies[0]


def unchecked(*lines: str) -> Choreography:
    """One that is refused for what may raise in it. What no check sees comes to the runtime alike."""
    with patch.object(SagaCheck, "_computed", lambda self, value, owners, known: known):
        return checked(*lines)


def test_what_a_turn_computes_for_a_message_that_the_pivot_waits_for() -> None:
    turns = ["m = com(n, to=b)", "for t in range(2):", "    m = com(6 // (n - t), to=b)", "b.pivot(m)"]
    assert early(checked(*turns), "a") == {2}


def test_what_a_role_computes_for_an_answer_that_it_gives_in_some_turns() -> None:
    """What it takes in the last turn is beside the pivot, and has the same place."""
    turns = ["com(n, to=b)", "k = share(n, to=[c])", "y = n", "while k > 0:", "    z = com(y, to=c)", "    if k > 1:"]
    turns += ["        y = com(6 // (z - 2), to=a)", "    k = k - 1", "a.pivot(y)"]
    assert early(checked(*turns), "c") == {6}


def test_only_lines_are_looked_at_on_which_something_may_raise() -> None:
    assert early(checked("m = com(n + 1, to=b)", "b.pivot(m)"), "a") == set()


def test_what_comes_behind_the_last_message_is_late() -> None:
    turns = ["m = com(n, to=b)", "for t in range(2):", "    m = com(6 // (n - t), to=b)", "b.pivot(m)"]
    assert early(unchecked(*turns, "a.tell(6 // n)"), "a") == {2}
    kept = [turns[0], "y = 0", *turns[1:3], "    y = 6 // (n - t)", turns[3]]
    assert early(unchecked(*kept, "a.tell(y)"), "a") == {3}


def test_a_line_on_which_something_else_is_late_is_late() -> None:
    before = ["y = b.pivot(com(6 // n, to=b))"]
    assert early(checked(*before, "a.tell(n + 1)"), "a") == {0}
    assert early(checked(f"{before[0]}; a.tell(n + 1)"), "a") == set()


def test_a_guard_stands_on_the_line_of_its_loop() -> None:
    turns = ["while 6 // n > 1:", "    com(n, to=b)", "    n = n - 1", "m = com(n, to=b)", "b.pivot(m)"]
    assert early(checked(*turns), "a") == {0}
    late = ["m = com(n, to=b)", "b.pivot(m)", "while 6 // n > 1:", "    a.tell(n)", "    n = n - 1"]
    assert early(unchecked(*late), "a") == set()


def test_of_two_equal_statements_a_role_that_is_not_told_has_one() -> None:
    """Which one, nobody says: it is late if one of them is."""
    sides = [
        "m = share(n, to=[b])",
        "if m > 3:",
        "    {then}",
        "    y = 6 // x",
        "else:",
        "    {other}",
        "    y = 6 // x",
    ]
    joined = "\n    ".join([*sides, "com(y, to=b)", "{last}"])
    assert early(checked(joined.format(then="pass", other="b.do(m)", last="b.pivot(m)")), "c") == {3, 6}
    for then, other in (("b.pivot(m)", "b.do(m)"), ("b.do(m)", "b.pivot(m)")):
        assert early(unchecked(joined.format(then=then, other=other, last="b.tell(m)")), "c") == set()


def test_who_computes_the_same_does_not_know_of_it() -> None:
    """What fails may be the process, at one of them alone: memory, or a limit that is set there."""
    assert early(checked("m = share(n, to=[b])", "y = 6 // m", "a.tell(y)", "b.pivot(y)"), "a") == set()
    assert early(checked("m = share(n, to=[b])", "y = 6 // m", "com(y + n, to=b)", "b.pivot(y)"), "a") == {1}


def test_a_move_that_sends_nothing() -> None:
    """It has no sender, and was taken for a role of no name."""
    assert early(checked("m = share(n, to=[b])", "k = share(6 // m, to=[b])", "b.pivot(k)"), "a") == set()


@pytest.mark.slow
def test_many_equal_statements_are_one_group() -> None:
    lines = ["y = 6 // n", "a.do(y)"] * 200
    assert len(early(checked(*lines, "m = com(n, to=b)", "b.pivot(m)"), "a")) == 200


def test_in_a_call_of_itself() -> None:
    called = """\
@choreography
def again(a: R, b: R, n: At[int, "a"]) -> At[int, "b"]:
    m = com(6 // n, to=b)
    if n > 3:
        return m
    return again(a, b, n + 1)

"""
    lines = ["y = again(a, b, n - 2)", "b.pivot(y)"]
    source = HEAD.replace("@choreography\n", called + "@choreography\n") + "".join(f"    {line}\n" for line in lines)
    result = text(source)
    assert not result.diagnostics
    whole = next(one for one in result.choreographies if one.name == "name")
    (line,) = whole.projections["a"].early_lines
    assert source.splitlines()[line - 1] == "    m = com(6 // n, to=b)"


def test_what_stands_before_a_call_of_itself() -> None:
    """It was taken for late: the first time the check goes through, nothing is known behind the call."""
    called = """\
@choreography
def told(x: R, y: R, n: At[int, "x"]) -> None:
    m = share(n % 4, to=[y])
    if m > 0:
        told(x, y, m - 1)

"""
    lines = ["a.do(6 // (n - 1))", "m = com(n, to=b)", "m = com(6 // n, to=b)", "told(a, c, n)", "c.pivot(x)"]
    source = HEAD.replace("@choreography\n", called + "@choreography\n") + "".join(f"    {line}\n" for line in lines)
    whole = next(one for one in text(source).choreographies if one.name == "name").projections["a"]
    found = [source.splitlines()[line - 1].strip() for line in sorted(whole.early_lines)]
    assert found == [lines[0], lines[2]]
    assert whole.sites_after_commit == {"1:1>"}
