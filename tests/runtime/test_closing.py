"""Messages that arrive while a session is closing are heard, as in every other phase, and as after a restart.

A closing session may go on: the fence may answer that the call in doubt had succeeded. So a cancel, a deadline and an
operator's verb that arrive meanwhile still count then.
"""

from __future__ import annotations

import msgspec
import pytest

from accompanist.language.program.operations import Call, Program
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.runtime.burst import Burst, CloseWorker
from accompanist.runtime.control import CLIENT, because, control
from accompanist.runtime.events import Arrived, CallAnswered, Clashed, CloseAnswered, Deadline, Event, Name
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import BY_HAND
from accompanist.runtime.ports import Executed, Memory, Phase
from accompanist.runtime.session import Session
from accompanist.runtime.state import CLASH
from tests.runtime import sagas
from tests.runtime.test_operate import order

START = sagas.start()
CANCEL = control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "please")
ABORT = control(sagas.HEADER, Kind.ABORT, "b", "a", "no")
DONE = Executed("1", "do", b'{"value":1}')
HELD = CloseAnswered(Name.HELD, (), b"2")


class Lived:
    """A session and everything of it that its log has by now."""

    def __init__(self, programs: dict[str, RoleProgram]) -> None:
        self.program = programs["a"]
        self.session = Session.begin(self.program, START)
        self.inbox: list[Message] = []
        self.bursts: list[Burst] = []
        self.hear(Arrived(START))

    def hear(self, *events: Event) -> Burst:
        for event in events:
            if isinstance(event, Arrived):
                self.inbox.append(event.message)
            self.bursts.append(self.session.handle(event))
        return self.bursts[-1]

    def again(self) -> tuple[Session, list[Burst]]:
        """The session that the log gives back."""
        memory = Memory(
            session=self.session.durable_row,
            inbox=tuple(self.inbox),
            results=tuple(result for burst in self.bursts for result in burst.results),
            timers=tuple(timer.site for burst in self.bursts for timer in burst.timers),
        )
        return Session.recover(self.program, memory)


@pytest.fixture
def closing() -> Lived:
    """a, whose first transaction gave no answer; it can be compensated."""
    lived = Lived(sagas.ring(pivot=False))
    lived.hear(CallAnswered("1", Name.EXHAUSTED))
    assert lived.session.row.phase is Phase.CLOSING
    return lived


def test_a_cancel_is_granted_when_the_session_goes_on_after_all(closing: Lived) -> None:
    closing.hear(Arrived(CANCEL))
    burst = closing.hear(HELD)
    assert [result.site for result in burst.results] == ["1"]
    assert not burst.messages, "it asks for nothing more, and tells nobody to"
    assert burst.calls == (CloseWorker(),)
    again, _ = closing.again()
    assert (closing.session.row.phase, closing.session.row.granted) == (Phase.CLOSING, "cancelled: please")
    assert (again.row.phase, again.row.granted) == (Phase.CLOSING, "cancelled: please")


def test_a_cancel_is_for_nothing_where_the_pivot_was_through() -> None:
    lived = Lived(sagas.saga({"a": (_ships, sagas.transaction("do", None), set())}, commit_role="a"))
    lived.hear(CallAnswered("1", Name.EXHAUSTED), Arrived(CANCEL))
    lived.hear(HELD)
    again, _ = lived.again()
    assert lived.session.row.outcome == "settled"
    assert again.row.outcome == "settled"


def test_a_cancel_leaves_a_pivot_that_was_asked_to_the_fence_also_when_a_person_has_stopped_the_session() -> None:
    """Taken up from the log a stopped program has not run; that the pivot was asked is found all the same."""
    lived = Lived(sagas.saga({"a": (_ships, sagas.transaction("do", None), set())}, commit_role="a"))
    lived.hear(Arrived(order("park", receiver="a")))
    again, bursts = lived.again()
    assert not [call for burst in bursts for call in burst.calls]
    for session in (lived.session, again):
        burst = session.handle(Arrived(CANCEL))
        assert burst.calls == (CloseWorker("1"),)
        assert session.row.granted is None
        session.handle(HELD)
        assert session.row.phase is Phase.RUNNING
        resumed = session.handle(Arrived(order("resume", 2, receiver="a")))
        assert resumed.row.outcome == "settled"


def test_and_where_the_row_is_from_before_it_was_kept_what_was_asked() -> None:
    """A charge may be through, and a close that does not ask about it would undo everything else."""
    lived = Lived(sagas.saga({"a": (_ships, sagas.transaction("do", None), set())}, commit_role="a"))
    lived.hear(Arrived(order("park", receiver="a")))
    row = msgspec.structs.replace(lived.session.durable_row, asked=None)
    again, _ = Session.recover(lived.program, Memory(session=row, inbox=tuple(lived.inbox), results=()))
    assert again.handle(Arrived(CANCEL)).calls == (CloseWorker("1"),)
    again.handle(HELD)
    assert again.handle(Arrived(order("resume", 2, receiver="a"))).row.outcome == "settled"


@pytest.mark.parametrize(
    ("programs", "left"), [(sagas.posted("c"), True), (sagas.ring(), False), (sagas.ring(pivot=False), False)]
)
def test_who_hears_while_it_closes_that_a_person_has_ended_the_saga_leaves_what_was_done(
    programs: dict[str, RoleProgram], left: bool
) -> None:
    """Where something may have been done that cannot be undone. Without a commit point, or before its own, an initiator
    undoes everything, whatever another says."""
    lived = Lived(programs)
    lived.hear(CallAnswered("1", Name.EXHAUSTED))
    abort = control(sagas.HEADER, Kind.ABORT, "b", "a", because("ended by hand at b", left=True))
    lived.hear(Arrived(abort))
    again, _ = lived.again()
    for session in (lived.session, again):
        burst = session.handle(CloseAnswered(Name.CLOSED, (DONE,)))
        assert (session.row.left, burst.calls == ()) == (left, left)


def _ships(value: int) -> Program:
    done = yield Call("1", "do", {"value": value}, int)
    return done


def test_a_deadline_becomes_a_message_and_that_is_heard(closing: Lived) -> None:
    burst = closing.hear(Deadline())
    [passed] = burst.messages
    assert (passed.kind, passed.receiver) == (Kind.CANCEL, "a")
    assert burst.forced
    closing.hear(Arrived(passed))
    closing.hear(HELD)
    again, _ = closing.again()
    assert closing.session.row.granted == again.row.granted == "deadline"


def test_an_initiator_that_closes_passes_a_request_on() -> None:
    lived = Lived(sagas.recorded())
    lived.hear(CallAnswered("1", Name.EXHAUSTED))
    passed = [*lived.hear(Arrived(CANCEL)).messages, *lived.hear(Deadline()).messages]
    assert {(message.kind, message.receiver) for message in passed} == {(Kind.CANCEL, "b")}
    assert len({message.key for message in passed}) == 2


@pytest.mark.parametrize("cause", [ABORT, CANCEL], ids=["an abort", "a cancel"])
def test_who_stopped_a_session_while_it_closed_lets_it_go_on(cause: Message) -> None:
    """Closing and telling go on; what stands still is what the person stopped, its compensations."""
    lived = Lived(sagas.ring(pivot=False))
    lived.hear(CallAnswered("1", Name.REPLIED, b"2"), Arrived(cause))
    lived.hear(Arrived(order("park", receiver="a")))
    burst = lived.hear(CloseAnswered(Name.CLOSED, (DONE,)))
    assert [message.kind for message in burst.messages] == [Kind.ABORT]
    assert not burst.calls
    again, _ = lived.again()
    for session in (lived.session, again):
        assert session.row.phase is Phase.UNDOING
        assert session.row.parked is not None and session.row.parked.code == BY_HAND
    resumed = lived.hear(Arrived(order("resume", 2, receiver="a")))
    assert [getattr(call, "operation", "") for call in resumed.calls] == ["undo_do"]


def test_a_restart_while_a_stopped_session_closes_leaves_it_stopped() -> None:
    lived = Lived(sagas.ring(pivot=False))
    lived.hear(CallAnswered("1", Name.REPLIED, b"2"), Arrived(ABORT), Arrived(order("park", receiver="a")))
    again, bursts = lived.again()
    assert [call for burst in bursts for call in burst.calls] == [CloseWorker()]
    burst = again.handle(CloseAnswered(Name.CLOSED, (DONE,)))
    assert not burst.calls
    assert again.row.parked is not None and again.row.parked.code == BY_HAND


def test_a_clash_parks_the_session_if_it_goes_on(closing: Lived) -> None:
    closing.hear(Clashed("2", "b"))
    assert closing.session.row.parked is None
    burst = closing.hear(HELD)
    assert burst.parked is not None and burst.parked.code == CLASH
    assert not burst.calls


# -- every cause of a close is stable before it leaves ---------------------------------------------------


def priced() -> dict[str, RoleProgram]:
    """A query, and then what cannot be undone."""

    def a(value: int) -> Program:
        price = yield Call("1", "price", {"value": value}, int)
        if price < 0:
            raise ValueError("not a price")
        done = yield Call("2", "ship", {"value": price}, int)
        return done

    price = Operation("price", "query", {"value": "int"}, "int")
    return sagas.saga({"a": (a, [price, *sagas.transaction("ship", None)], set())}, commit_role="a")


@pytest.mark.parametrize(
    "events",
    [
        (CallAnswered("1", Name.EXHAUSTED),),
        (Arrived(CANCEL),),
        (CallAnswered("1", Name.DECLINED, b'"no"'),),
        (CallAnswered("1", Name.REPLIED, b"-1"),),
        (CallAnswered("1", Name.REPLIED, b'"misfit"'),),
        (CallAnswered("1", Name.REPLIED, b"1"), CallAnswered("2", Name.SHUT)),
    ],
    ids=["a query without answer", "a cancel", "a query that declined", "a program that fails", "a misfit", "shut"],
)
def test_a_successor_finds_the_cause_and_does_not_ask_for_more(events: tuple[Event, ...]) -> None:
    """The close left, the sidecar died; the door is shut, or a late close will shut it. Whoever went on here would go
    past the commit point and find that what has to be done there cannot be done any more."""
    lived = Lived(priced())
    burst = lived.hear(*events)
    assert burst.calls == (CloseWorker(),)
    assert burst.forced, "the cause is in the log before the close leaves"
    again, bursts = lived.again()
    assert again.row.phase is Phase.CLOSING
    assert [call for one in bursts for call in one.calls] == [CloseWorker()]
    assert again.row.granted == lived.session.row.granted is not None


def test_the_fence_decides_about_a_transaction_without_answer() -> None:
    """Asked twice it decides the same, so that no record has to be before it."""
    lived = Lived(priced())
    burst = lived.hear(CallAnswered("1", Name.REPLIED, b"1"), CallAnswered("2", Name.EXHAUSTED))
    assert burst.calls == (CloseWorker("2"),)
    assert lived.session.row.granted is None
    again, bursts = lived.again()
    [asked] = [call for one in bursts for call in one.calls]
    assert getattr(asked, "site", None) == "2", "it asks again, and is answered, or the door is shut"
    assert again.handle(CallAnswered("2", Name.SHUT)).calls == (CloseWorker(),)
