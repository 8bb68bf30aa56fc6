"""Each outcome of each row of the saga's table occurs: in seeded worlds, in tests that `singly` names, and in these."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

import pytest

from accompanist.language.program.operations import Branch, Call, Program, Receive
from accompanist.language.program.program import Operation
from accompanist.runtime import saga
from accompanist.runtime.control import control, event
from accompanist.runtime.events import Arrived, CallAnswered, Clashed, Event, Fired, Name
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory, Parked, Phase, SessionRow
from accompanist.runtime.session import Session
from accompanist.runtime.unfenced import UNENDED
from tests.runtime import sagas, test_closing, test_exits, test_replay, test_undone, test_unfenced
from tests.runtime.test_table import taken_in_worlds

START = sagas.start()
DATA = Message(header=sagas.HEADER, kind=Kind.DATA, site="1", sender="a", receiver="b", payload=b"1")
CHOICE = Message(header=sagas.HEADER, kind=Kind.CHOICE, site="1", sender="a", receiver="b", payload=b'["yes"]')
SEEN = event(sagas.HEADER.session, "a", "a", "seen", b"1", 0.0)
LEFT = control(sagas.HEADER, Kind.ABORT, "c", "b", {"reason": "by hand", "left": True})
"""An abort that b does not believe: c may not say that the saga was ended by hand."""


@contextmanager
def noted(had: set[tuple[str, ...]]) -> Iterator[None]:
    """Note which outcome each event has in each phase, and each entry."""
    found: list[tuple[str, saga.StepOutcome]] = []
    after, handle = saga.after, Session.handle

    def listed(leads: object, outcome: saga.StepOutcome, what: str) -> Phase:
        found.append((what, outcome))
        return after(leads, outcome, what)  # type: ignore[arg-type]

    def handled(self: Session, event: Event) -> object:
        begun, phase = len(found), self.row.phase
        try:
            return handle(self, event)
        finally:
            first, *entered = found[begun:] or [None]
            del found[begun:]
            if first is not None:
                had.add((phase.value, event.name.value, first[1].value))
            had.update((what, outcome.value) for what, outcome in filter(None, entered))

    with patch.object(saga, "after", listed), patch.object(Session, "handle", handled):
        yield


def begun(function: Callable[..., Program]) -> Session:
    """A session of this program, at the initiator if it has an argument, else at b."""
    role = "a" if function.__code__.co_argcount else "b"
    operations = [
        Operation("do", "query", {}, "int"),
        Operation("role.sleep", "query", {"seconds": "float"}, "None"),
        Operation("role.event.seen", "query", {}, "int"),
    ]
    ring = sagas.ring()
    roles = {name: (ring[name].function, operations, {"a", "b", "c"} - {name}) for name in ("a", "b", "c")}
    roles[role] = (function, operations, set())
    return Session.begin(sagas.saga(roles, "a")[role], START if role == "a" else DATA)


def asks(operation: str, attempt: bool = False) -> Callable[[int], Program]:
    """The initiator makes one call; with an argument of 2, what it computes next raises."""

    def program(value: int) -> Program:
        seconds = {"seconds": 1.0} if operation == "role.sleep" else {}
        returns = None if operation == "role.sleep" else int
        yield Call("1", operation, seconds, returns, attempt=attempt)
        return 1 // (2 - value)

    return program


def ends(value: int) -> Program:
    yield from ()
    return 1 // (2 - value)


def takes() -> Program:
    got = yield Receive("1", "a", int)
    return 1 // (2 - got)


def chooses() -> Program:
    yield Branch("1", "a", {"yes": None})
    return 1 // 0


def start(value: int) -> Arrived:
    return Arrived(sagas.start(value))


def data(value: int) -> Arrived:
    return Arrived(
        Message(header=DATA.header, kind=Kind.DATA, site="1", sender="a", receiver="b", payload=b"%d" % value)
    )


RUNS = {
    "start voted": (ends, (start(1),), Phase.SETTLED),
    "start failed": (ends, (start(2),), Phase.ENDED),
    "data voted": (takes, (data(1),), Phase.DONE),
    "data failed": (takes, (data(2),), Phase.UNDONE),
    "choice failed": (chooses, (Arrived(CHOICE),), Phase.UNDONE),
    "event voted": (asks("role.event.seen"), (start(1), Arrived(SEEN)), Phase.SETTLED),
    "event failed": (asks("role.event.seen"), (start(2), Arrived(SEEN)), Phase.ENDED),
    "fired voted": (asks("role.sleep"), (start(1), Fired("1")), Phase.SETTLED),
    "fired failed": (asks("role.sleep"), (start(2), Fired("1")), Phase.ENDED),
    "replied voted": (asks("do"), (start(1), CallAnswered("1", Name.REPLIED, b"1")), Phase.SETTLED),
    "replied failed": (asks("do"), (start(2), CallAnswered("1", Name.REPLIED, b"1")), Phase.ENDED),
    "declined voted": (asks("do", True), (start(1), CallAnswered("1", Name.DECLINED, b'"no"')), Phase.SETTLED),
    "declined failed": (asks("do"), (start(1), CallAnswered("1", Name.DECLINED, b'"no"')), Phase.ENDED),
}


@pytest.mark.parametrize("outcome", RUNS)
def test_a_program_ends_where_the_table_says(outcome: str) -> None:
    function, events, phase = RUNS[outcome]
    session = begun(function)
    for one in events:
        session.handle(one)
    assert session.row.phase is phase


@pytest.mark.parametrize(("value", "phase"), [(1, Phase.DONE), (2, Phase.UNDONE)])
def test_who_has_caught_up_with_an_abort_that_is_not_believed_runs_on(value: int, phase: Phase) -> None:
    known = begun(takes)
    memory = Memory(session=known.row, inbox=(data(value).message, LEFT), results=())
    session, _ = Session.recover(known.program, memory)
    assert session.row.phase is phase


def test_who_was_done_and_closing_is_no_longer_parked_for_a_call_that_has_not_ended() -> None:
    row = SessionRow(header=sagas.HEADER, role="b", phase=Phase.DONE, vote="done", parked=Parked(UNENDED, ""))
    session, _ = Session.recover(sagas.ring()["b"], Memory(session=row, inbox=(), results=()))
    assert session.row.phase is Phase.DONE and session.row.parked is None


@pytest.mark.parametrize("lost", [False, True], ids=["loaded", "caught up"])
def test_who_is_undoing_and_leaves_what_was_done_is_undone_after_a_restart(lost: bool) -> None:
    row = SessionRow(header=sagas.HEADER, role="b", phase=Phase.UNDOING, vote="abort", left=True)
    inbox = (control(sagas.HEADER, Kind.ABORT, "a", "b", "no"),) if lost else ()
    session, _ = Session.recover(sagas.ring()["b"], Memory(session=row, inbox=inbox, results=()))
    assert session.row.phase is Phase.UNDONE


@pytest.mark.parametrize("name", [Name.SHUT, Name.REUSED])
def test_an_answer_that_is_late_is_kept_until_the_close_is_answered(name: Name) -> None:
    session = Session.begin(sagas.ring()["a"], START)
    session.handle(start(1))
    session.handle(Arrived(control(sagas.HEADER, Kind.ABORT, "c", "a", "no")))
    assert session.row.phase is Phase.CLOSING
    burst = session.handle(CallAnswered("1", name))
    assert session.row.phase is Phase.CLOSING and not burst.forced


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.DONE, Phase.CLOSING])
def test_a_request_is_nothing_to_a_role_that_does_not_decide(phase: Phase) -> None:
    session = Session(sagas.ring()["b"], SessionRow(header=sagas.HEADER, role="b", phase=phase))
    session.handle(Arrived(control(sagas.HEADER, Kind.CANCEL, "", "b", "please")))
    assert session.row.phase is phase


def test_a_clash_waits_while_the_session_closes() -> None:
    session = Session(sagas.ring()["b"], SessionRow(header=sagas.HEADER, role="b", phase=Phase.CLOSING))
    assert session.handle(Clashed("2", "c")).parked is None


def singly() -> Iterator[Callable[[], object]]:
    """What no seeded world shows."""
    for outcome in RUNS:
        yield partial(test_a_program_ends_where_the_table_says, outcome)
    yield test_replay.test_after_the_commit_point_a_decline_is_no_answer
    for phase in (Phase.RUNNING, Phase.DONE):
        yield partial(test_a_request_is_nothing_to_a_role_that_does_not_decide, phase)
    yield test_a_clash_waits_while_the_session_closes
    yield test_who_was_done_and_closing_is_no_longer_parked_for_a_call_that_has_not_ended
    for value, phase in ((1, Phase.DONE), (2, Phase.UNDONE)):
        yield partial(test_who_has_caught_up_with_an_abort_that_is_not_believed_runs_on, value, phase)
    for lost in (False, True):
        yield partial(test_who_is_undoing_and_leaves_what_was_done_is_undone_after_a_restart, lost)
    for name in (Name.SHUT, Name.REUSED):
        yield partial(test_an_answer_that_is_late_is_kept_until_the_close_is_answered, name)
    for way in test_exits.WAYS:
        yield partial(test_exits.test_every_way_to_park_has_a_way_out_to_the_end, way)
    yield test_exits.test_a_saga_that_is_ended_by_hand_undoes_nothing_and_says_so
    for through in (False, True):
        yield partial(
            test_undone.test_a_saga_in_which_a_role_is_undone_after_the_commit_point_is_ended_by_hand, through
        )
    for commits in ("a", "c"):
        everywhere = test_undone.test_a_saga_that_is_ended_by_hand_at_any_role_ends_everywhere_and_nothing_is_undone
        yield partial(everywhere, commits)
    yield test_undone.test_a_role_that_votes_done_after_all_settles_the_saga
    for crash, doubtful in itertools.product((False, True), repeat=2):
        left = test_undone.test_a_role_that_is_undone_after_the_commit_point_is_left_to_a_person
        yield partial(left, crash, doubtful)
    yield test_closing.test_a_cancel_is_for_nothing_where_the_pivot_was_through
    yield test_closing.test_a_restart_while_a_stopped_session_closes_leaves_it_stopped
    yield test_closing.test_the_fence_decides_about_a_transaction_without_answer
    yield test_unfenced.test_that_a_call_has_ended_is_no_word_about_its_compensation


@pytest.mark.slow
def test_every_outcome_is_had() -> None:
    had: set[tuple[str, ...]] = set()
    with noted(had):
        taken_in_worlds()
        for test in singly():
            test()
    rows = {
        (phase.value, name.value, outcome.value)
        for (phase, name), row in saga.TABLE.items()
        if row.action is not saga.StepAction.IGNORE
        for outcome in row.leads
    }
    entries = {(phase.value, outcome.value) for phase, leads in saga.ENTRY.items() for outcome in leads}
    assert had <= rows | entries | {(*pair, "nothing") for pair in saga.TABLE}, "what the table excludes is a Bug"
    assert not sorted((rows | entries) - had)
