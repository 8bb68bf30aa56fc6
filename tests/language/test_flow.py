"""The engine of the checks, with analyses that are as small as can be."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

import pytest

from accompanist.language.flow import backward
from accompanist.language.flow.backward import Backward, Jumps
from accompanist.language.flow.calls import ProcedureSummaries
from accompanist.language.flow.facts import EVERY, May, MayOf, Must, settled
from accompanist.language.flow.forward import Flow, Forward, Joining, Turn
from accompanist.language.flow.reports import Reports
from accompanist.language.ir import (
    ELSE,
    NOBODY,
    THEN,
    Again,
    Block,
    ChoreographyHead,
    Enter,
    Expression,
    If,
    Leave,
    Let,
    Loop,
    NormalForm,
    Procedure,
    Return,
    Statement,
)
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.source import Source, Span
from accompanist.language.types import INT

SOURCE = Source("/p/file.py", "\n" * 50)
MAY, MUST = "may", "must"


def at(line: int) -> Span:
    return Span(SOURCE.path, line, 0, line, 1)


def reads(*names: str) -> Expression:
    node = ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load())
    return Expression(node, tuple((name, at(1)) for name in names), at(1))


def let(target: str, *names: str, line: int = 1) -> Let:
    """`target = (names)`; without names it is given a clean value, and `source` is what is dirty."""
    return Let((target,), reads(*names), at(line))


def choice(then: Block, orelse: Block, *names: str) -> If:
    return If("1", reads(*names), then, orelse, at(1))


def loop(*body: Statement) -> Loop:
    return Loop("1", body, at(1))


AGAIN, LEAVE, END = Again(at(1)), Leave(at(1)), Return(reads(), at(1))


@dataclass
class Dirty(Joining[May[str]]):
    """Which names may be made of `source`. Reports each that is given to `told`, with all that is dirty then."""

    each_turn: bool = False
    findings: Findings = field(default_factory=Findings)
    turns: int = 0
    looked_at: list[Statement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reports = Reports(self.findings, each_turn=self.each_turn)
        self.flow = Flow(self, self.reports)

    def walk(self, *block: Statement) -> frozenset[str] | None:
        _, behind = self.flow.block(block, May(frozenset({"source"})))
        return None if behind is None else behind.facts

    def step(self, point: Statement, state: May[str]) -> tuple[Statement, May[str]]:
        self.looked_at.append(point)
        if not isinstance(point, Let):
            return point, state
        target = point.targets[0]
        if target == "told":
            self.reports.now.add("ACC100", SOURCE, point.span, ", ".join(sorted(state)))
        dirty = any(name in state for name in point.value.names)
        return point, state.adding((target,)) if dirty else state.without((target,))

    def join(self, one: May[str], other: May[str]) -> May[str]:
        return one.join(other)

    def turned(self, loop: Loop, turn: Turn[May[str]]) -> May[str]:
        self.turns += 1
        return super().turned(loop, turn)

    @property
    def told(self) -> list[str]:
        return [one.text for one in self.findings]


def test_a_state_goes_from_statement_to_statement() -> None:
    assert Dirty().walk(let("a", "source"), let("b", "a"), let("a")) == {"source", "b"}


def test_where_two_sides_meet_a_may_fact_of_either_holds() -> None:
    assert Dirty().walk(choice((let("a", "source"),), (let("b", "source"),))) == {"source", "a", "b"}


def test_a_side_that_ends_leads_nowhere() -> None:
    assert Dirty().walk(choice((let("a", "source"), END), (let("b", "source"),))) == {"source", "b"}
    assert Dirty().walk(choice((let("a", "source"), END), (END,))) is None


def test_a_loop_is_walked_until_nothing_changes() -> None:
    """What is dirty goes one name further in each turn. The third finds nothing new, and is the last."""
    dirty = Dirty()
    out = choice((LEAVE,), (AGAIN,))
    assert dirty.walk(let("a"), let("b"), loop(let("b", "a"), let("a", "source"), out)) == {"source", "a", "b"}
    assert dirty.turns == 3


def test_what_is_found_is_told_when_the_loop_is_done() -> None:
    """Each turn knows more: what the first two have to say of the line is not true of the loop."""
    dirty, out = Dirty(), choice((LEAVE,), (AGAIN,))
    dirty.walk(loop(let("told", line=7), let("b", "a"), let("a", "source"), out))
    assert dirty.told == ["a, b, source"]


def test_what_every_turn_finds_is_told_where_that_is_asked_for() -> None:
    """Of one kind at one place the first counts; what the last turn is silent about stays."""
    dirty, out = Dirty(each_turn=True), choice((LEAVE,), (AGAIN,))
    dirty.walk(loop(let("told", line=7), let("b", "a"), let("a", "source"), out))
    assert dirty.told == ["source"]


def test_in_a_turn_of_an_outer_loop_an_inner_one_is_silent_too() -> None:
    dirty, out = Dirty(), choice((LEAVE,), (AGAIN,))
    dirty.walk(loop(loop(let("told", line=7), out), let("a", "source"), out))
    assert dirty.told == ["a, source"]


def test_a_return_in_a_loop_leads_neither_behind_it_nor_into_its_next_turn() -> None:
    dirty = Dirty()
    ended = choice((let("a", "source"), END), (choice((LEAVE,), (AGAIN,)),))
    assert dirty.walk(loop(let("told", line=7), ended)) == {"source"}
    assert (dirty.turns, dirty.told) == (1, ["source"])


def test_behind_a_loop_stands_what_its_ways_out_bring() -> None:
    out = choice((let("a"), LEAVE), (AGAIN,))
    assert Dirty().walk(let("a", "source"), loop(out)) == {"source"}
    assert Dirty().walk(loop(choice((END,), (AGAIN,)))) is None


def test_a_way_out_belongs_to_the_innermost_loop() -> None:
    dirty = Dirty()
    assert dirty.walk(loop(loop(let("a", "source"), LEAVE), let("b", "a"), LEAVE)) == {"source", "a", "b"}


def test_what_no_way_leads_to_is_not_looked_at_and_stays() -> None:
    dirty, dead = Dirty(), let("a", "source")
    made, behind = dirty.flow.block((END, dead), May())
    assert (made, behind) == ((END, dead), None)
    assert dirty.looked_at == [END]


# -- statements --------------------------------------------------------------------------------------


class Renaming(Dirty):
    """Writes what is dirty in the place of each expression, and leaves out what gives a value to `gone`."""

    def step(self, point: Statement, state: May[str]) -> tuple[Statement | None, May[str]]:  # type: ignore[override]
        kept, behind = super().step(point, state)
        if isinstance(kept, Let):
            return None if kept.targets == ("gone",) else replace(kept, value=reads(*sorted(state))), behind
        return kept, behind


def test_the_statements_of_the_last_turn_are_kept() -> None:
    block = (let("gone"), loop(let("a", "source"), choice((LEAVE,), (AGAIN,))))
    (made,), _ = Renaming().flow.block(block, May(frozenset({"source"})))
    assert isinstance(made, Loop)
    assert made.body[0] == let("a", "a", "source")


def test_what_is_not_changed_is_the_same() -> None:
    """Reason: a pass that only reads costs no new tree."""
    block = (choice((let("a"),), (let("b"),)), loop(choice((LEAVE,), (AGAIN,))))
    made, _ = Dirty().flow.block(block, May())
    assert made[0] is block[0] and made[1] is block[1]


def test_an_analysis_may_ask_where_the_walk_is() -> None:
    seen: list[tuple[list[Block], list[str], int]] = []

    class Asking(Dirty):
        def step(self, point: Statement, state: May[str]) -> tuple[Statement, May[str]]:
            if isinstance(point, Let) and point.targets == ("a",):
                seen.append((self.flow.rest(), [label for _, label in self.flow.sides()], len(list(self.flow.loops()))))
            return point, state

    body = (choice((LEAVE,), (let("a"), AGAIN)),)
    Asking().walk(choice((loop(*body), let("b")), ()), let("c"))
    assert seen == [([(AGAIN,), (), body, (let("b"),), (let("c"),)], [ELSE, THEN], 1)]


# -- states that grow for ever -----------------------------------------------------------------------


class Counting(Forward[int]):
    """How often a name was assigned: a state without finite height. Widened after three turns: -1 is any number."""

    def __init__(self) -> None:
        self.flow = Flow(self, Reports(Findings()))

    def step(self, point: Statement, state: int) -> tuple[Statement, int]:
        return point, state + 1 if isinstance(point, Let) and state >= 0 else state

    def met(self, point: If, before: int, ways: object) -> tuple[If, int]:
        return point, before

    def turned(self, loop: Loop, turn: Turn[int]) -> int:
        return -1 if turn.number >= 3 else max(turn.again)

    def left(self, loop: Loop, turn: Turn[int]) -> tuple[Loop, int | None]:
        return loop, max(turn.leave)


def test_an_analysis_that_widens_comes_to_an_end() -> None:
    block = (loop(let("a"), choice((LEAVE,), (AGAIN,))),)
    assert Counting().flow.block(block, 0)[1] == -1


# -- procedures --------------------------------------------------------------------------------------


class Calling(Dirty):
    """Follows procedures."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.calls = ProcedureSummaries(self.join, lambda procedure, block, state: self.flow.block(block, state))

    def step(self, point: Statement, state: May[str]) -> tuple[Statement, May[str]]:
        if isinstance(point, Enter):
            behind = self.calls.enter(point.procedure, state)
            return point, May() if behind is None else behind
        if isinstance(point, Return):
            self.calls.end(state)
        return super().step(point, state)

    def follow(self, whole: NormalForm) -> list[str]:
        self.calls.settle(whole, May(frozenset({"source"})), self.reports)
        assert self.told == [], "nothing is told while less is known than there is"
        self.calls.once(whole, May(frozenset({"source"})))
        return self.told


def entering(number: int) -> Enter:
    return Enter("1", None, "p", number, (), NOBODY, INT, at(1))


def procedure(number: int, *body: Statement) -> Procedure:
    return Procedure(number, ChoreographyHead("p", {}, (), INT, NOBODY, at(1)), body)


def test_what_a_procedure_does_is_known_behind_each_call() -> None:
    itself = procedure(1, choice((let("a", "source"), END), (let("b", "source"), entering(1), END)))
    whole = NormalForm((entering(1), let("told", line=7), END), (itself,))
    assert Calling().follow(whole) == ["a, b, source"]


def test_the_beginning_of_a_procedure_is_that_of_all_its_calls() -> None:
    one = procedure(1, let("told", line=7), END)
    calls = choice((let("a", "source"), entering(1)), (let("b", "source"), entering(1)))
    assert Calling().follow(NormalForm((calls, END), (one,))) == ["a, b, source"]


def test_a_procedure_that_nobody_enters_is_not_walked() -> None:
    assert Calling().follow(NormalForm((END,), (procedure(1, let("told", line=7), END),))) == []


# -- backward ----------------------------------------------------------------------------------------


class Needed(Backward[May[str]]):
    """Live variables."""

    def __init__(self) -> None:
        self.turns = 0

    @property
    def nowhere(self) -> May[str]:
        return May()

    def join(self, one: May[str], other: May[str]) -> May[str]:
        return one.join(other)

    def step(self, point: Statement, state: May[str]) -> May[str]:
        match point:
            case Let(targets=(target,), value=value) if target in state:
                return state.without((target,)).adding(value.names)
            case If(test=test):
                self.turns += 1
                return state.adding(test.names)
            case Return(value=value):
                return May(value.names)
        return state


def needed(*block: Statement, behind: str = "z") -> frozenset[str]:
    analysis = Needed()
    jumps = Jumps(analysis.nowhere, analysis.nowhere)
    return backward.before(analysis, block, May(frozenset({behind})), jumps).facts


def test_backward_a_branch_needs_what_either_side_needs() -> None:
    assert needed(choice((let("z", "a"),), (let("z", "b"),), "c")) == {"a", "b", "c"}
    assert needed(let("z", "a"), Return(reads("y"), at(1))) == {"y"}


def test_backward_a_turn_needs_what_the_next_one_needs() -> None:
    """`z` is needed behind the loop, for it `y` in a turn, and for that `x` in the turn before. The first walk knows
    nothing of the next turn, each other one name more, and the last one nothing new."""
    analysis = Needed()
    around = loop(let("z", "y"), let("y", "x"), choice((LEAVE,), (AGAIN,), "n"))
    assert backward.head(analysis, around, May(frozenset({"z"}))).facts == {"n", "x", "y"}
    assert analysis.turns == 3


def test_backward_a_loop_that_is_never_left_needs_nothing_of_what_is_behind_it() -> None:
    assert needed(loop(choice((Return(reads("r"), at(1)),), (AGAIN,), "n"))) == {"n", "r"}


# -- facts -------------------------------------------------------------------------------------------

FEW = [frozenset(one) for one in ("", "a", "b", "ab", "bc")]
KINDS = {MAY: [May(one) for one in FEW], MUST: [*(Must(one) for one in FEW), EVERY]}
NOTHING: May[str] = May()
NEUTRAL = {MAY: NOTHING, MUST: EVERY}


@pytest.mark.parametrize("kind", KINDS)
def test_a_join_is_that_of_a_lattice(kind: str) -> None:
    every = KINDS[kind]
    for one in every:
        assert one.join(one) == one
        assert one.join(NEUTRAL[kind]) == one == NEUTRAL[kind].join(one)  # type: ignore[arg-type]
        for other in every:
            assert one.join(other) == other.join(one)  # type: ignore[arg-type]
            for third in every:
                assert one.join(other).join(third) == one.join(other.join(third))  # type: ignore[arg-type]


def test_may_is_joined_by_union_and_must_by_intersection() -> None:
    one, other = frozenset("ab"), frozenset("bc")
    assert May(one).join(May(other)).facts == {"a", "b", "c"}
    assert MayOf({"k": one}).join(MayOf({"k": other}))["k"] == {"a", "b", "c"}
    assert Must(one).join(Must(other)).facts == {"b"}


def test_where_no_way_leads_everything_must_hold() -> None:
    assert "a" in EVERY and "a" in EVERY.adding("b")
    assert "a" not in Must(frozenset("b")) and "a" not in May()


def test_settled_is_the_least_fixpoint_above_the_start() -> None:
    assert settled(frozenset({1}), lambda found: found | {one * 2 for one in found if one < 10}) == {1, 2, 4, 8, 16}
