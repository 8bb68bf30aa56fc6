"""Every row of the saga's table is taken, and every pair that has no row is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from accompanist.errors import Bug
from accompanist.runtime import saga
from accompanist.runtime.control import control
from accompanist.runtime.events import (
    Arrived,
    CallAnswered,
    Clashed,
    CloseAnswered,
    Deadline,
    Event,
    Fired,
    Name,
    Recovered,
    Undid,
)
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Phase, SessionRow
from accompanist.runtime.session import ACTIONS, ENTRIES, Session
from accompanist.runtime.state import CLASH
from accompanist.simulation.search.world import World
from tests.runtime import sagas


def taken_in_worlds() -> set[str]:
    """The rows that seeded worlds take by themselves."""
    marks: set[str] = set()
    declines = ("", "do", "try_it", "last", "finish", "tail")
    shapes = (sagas.ring, sagas.fork, lambda: sagas.ring(pivot=False, concurrent_tail=True))
    for seed, decline, shape in itertools.product(range(120), declines, shapes):
        programs = shape()
        world = World(programs, sagas.workers(programs, frozenset({decline})), seed, seed % 4, marks.add)
        world.lost_answers = 0.2 if seed % 2 else 0.0
        world.stuck_compensations = 0.2 if seed % 5 == 0 else 0.0
        world.start(b'{"value":1}' if seed % 2 else b'{"value":2}')
        if seed % 3 == 0:
            world.cancel("no more")
        if seed % 3 == 1:
            world.expire()
        world.run()
    for seed, decline in itertools.product(range(60), ("", "last", "try_it")):
        world = waiting_world(seed, marks.add, decline)
        world.run()
    return marks


def waiting_world(seed: int, watch: Callable[[str], None] = lambda mark: None, decline: str = "") -> World:
    """A saga that waits for time and events, told early, late or in between; now and then it is cancelled meanwhile."""
    programs = sagas.waiting()
    world = World(programs, sagas.workers(programs, frozenset({decline})), seed, seed % 4, watch)
    world.lost_answers = 0.2 if seed % 2 else 0.0
    if seed % 3:
        world.tell("b", "paid", b"7")
    world.start(b'{"value":1}')
    if seed % 5 == 1:
        world.cancel("no more")
    world.tell("c", "seen", b"9")
    return world


def test_every_row_has_an_action() -> None:
    assert {row.action for row in saga.TABLE.values()} == set(saga.StepAction) == ACTIONS.keys()
    assert set(Phase) == saga.ENTRY.keys() == ENTRIES.keys()


@pytest.mark.parametrize(("phase", "name"), saga.TABLE)
def test_an_action_takes_the_events_of_its_rows(phase: Phase, name: Name) -> None:
    takes = ACTIONS[saga.TABLE[phase, name].action].takes
    assert isinstance(event_of(name), takes)


@pytest.mark.slow
def test_every_row_is_taken() -> None:
    """Most of them by seeded worlds; tests/runtime/test_outcomes.py has each outcome of each row."""
    marks = taken_in_worlds()
    singly = {"running:clashed", "done:clashed", "closing:clashed", "running:reused", "running:shut"}
    singly |= {"closing:unended", "undoing:unended", "closing:reused", "closing:shut"}
    singly |= {f"{phase}:operator" for phase in ("running", "done", "closing", "undoing", "undone")}
    recovery = {f"{phase}:{name}" for phase in ("running", "done", "undoing") for name in ("loaded", "caught_up")}
    rows = {f"{phase.value}:{name.value}" for (phase, name), row in saga.TABLE.items() if row.action != "ignore"}
    left = sorted(rows - marks - singly - recovery)
    assert not left, left
    assert {
        "duplicate",
        "recovery",
        "crash before commit",
        "crash after commit",
        "exhausted late",
        "left memory",
    } <= marks


@pytest.mark.parametrize(("phase", "name"), [pair for pair in itertools.product(Phase, Name) if pair not in saga.TABLE])
def test_an_impossible_pair_is_refused(phase: Phase, name: Name) -> None:
    with pytest.raises(Bug, match="cannot happen"):
        saga.rule(phase, name)


def standing(phase: Phase) -> Session:
    """A session of the initiator as the log would give it back in this phase."""
    row = SessionRow(header=sagas.HEADER, role="a", phase=phase, outcome="settled" if phase is Phase.SETTLED else None)
    return Session(sagas.ring()["a"], row)


def event_of(name: Name) -> Event:
    match name:
        case Name.DEADLINE:
            return Deadline()
        case Name.CLASHED:
            return Clashed("2", "b")
        case Name.FIRED:
            return Fired("1")
        case Name.REPLIED | Name.DECLINED | Name.EXHAUSTED | Name.SHUT | Name.REUSED:
            return CallAnswered("1", name)
        case Name.UNDID | Name.STUCK:
            return Undid("1", name)
        case Name.CLOSED | Name.HELD | Name.UNENDED:
            return CloseAnswered(name)
        case Name.LOADED | Name.CAUGHT_UP:
            return Recovered(name)
        case _:
            kind = Kind(name.value)
            payload = '{"value":1}' if kind is Kind.START else "[]"
            return Arrived(
                Message(header=sagas.HEADER, kind=kind, site="x", sender="b", receiver="a", payload=payload.encode())
            )


@pytest.mark.parametrize(("phase", "name"), [pair for pair, row in saga.TABLE.items() if row.action == "ignore"])
def test_a_late_copy_changes_nothing(phase: Phase, name: Name) -> None:
    session = standing(phase)
    before = session.row
    burst = session.handle(event_of(name))
    assert session.row == before
    assert not (burst.messages or burst.calls or burst.results or burst.forced)


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.DONE])
def test_a_clash_at_a_receiver_parks_the_sender(phase: Phase) -> None:
    session = standing(phase)
    burst = session.handle(Clashed("2", "b"))
    assert burst.parked is not None and burst.parked.code == CLASH
    assert burst.forced


def test_a_key_used_with_other_arguments_parks() -> None:
    session = standing(Phase.RUNNING)
    session.handle(Arrived(sagas.start()))
    burst = session.handle(CallAnswered("1", Name.REUSED))
    assert burst.parked is not None and burst.parked.code == CLASH
    assert not burst.calls


@pytest.mark.parametrize("phase", [Phase.DONE, Phase.UNDOING])
def test_an_answer_nobody_waits_for_is_dropped(phase: Phase) -> None:
    session = standing(phase)
    assert not session.handle(CallAnswered("1", Name.REPLIED, b"2")).results
    assert not session.handle(Undid("1", Name.UNDID)).results


def test_an_initiator_may_not_have_closed_what_is_settled() -> None:
    row = SessionRow(header=sagas.HEADER, role="b", phase=Phase.SETTLED, outcome="settled")
    with pytest.raises(Bug, match="abort cannot happen to a session that is settled"):
        Session(sagas.ring()["b"], row).handle(Arrived(control(sagas.HEADER, Kind.ABORT, "a", "b", "no")))
