"""A role whose worker has no fence: nobody tells what was executed, so what was asked counts, too."""

from __future__ import annotations

import msgspec
import pytest

from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.events import Answered, Arrived, CloseAnswered, Name
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory, Phase
from accompanist.runtime.session import Session
from tests.runtime import sagas

ABORT = Message(header=sagas.HEADER, kind=Kind.ABORT, site="!abort", sender="a", receiver="b", payload=b'"no"')
FIRST = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
WITHOUT = CloseAnswered(Name.CLOSED, None)


def begun() -> Session:
    """b of the ring, which has asked its worker at site 3."""
    session = Session.begin(sagas.ring(concurrent_tail=True)["b"], FIRST)
    session.handle(Arrived(FIRST))
    return session


def asked(burst: Burst) -> list[tuple[str, str]]:
    return [(call.site, call.operation) for call in burst.calls if isinstance(call, CallWorker)]


def test_a_call_of_unknown_outcome_is_compensated() -> None:
    session = begun()
    session.handle(Arrived(ABORT))
    assert asked(session.handle(WITHOUT)) == [("3", "undo_try_it")]


def test_one_that_gave_no_answer_is_compensated() -> None:
    session = begun()
    session.handle(Answered("3", Name.EXHAUSTED))
    assert asked(session.handle(WITHOUT)) == [("3", "undo_try_it")]


def test_what_was_answered_is_compensated_after_what_is_in_doubt() -> None:
    session = begun()
    session.handle(Answered("3", Name.REPLIED, b"2"))
    session.handle(Arrived(ABORT))
    assert asked(session.handle(WITHOUT)) == [("4b", "undo_tail")]
    assert [entry.site for entry in session.row.undo] == ["3", "4b"]


def test_a_role_that_was_done_is_compensated_after_it_was_taken_up_from_the_log() -> None:
    """Its program does not run any more, but what it did is found by running it: on what it was sent."""
    session = begun()
    results = [*session.handle(Answered("3", Name.REPLIED, b"2")).results]
    burst = session.handle(Answered("4b", Name.REPLIED, b"2"))
    results += burst.results
    assert burst.row.phase is Phase.DONE
    memory = Memory(session=burst.row, inbox=(FIRST,), results=tuple(results))
    again, owed = Session.recover(session.program, memory)
    assert owed == []
    again.handle(Arrived(ABORT))
    assert asked(again.handle(WITHOUT)) == [("4b", "undo_tail")]
    assert [entry.site for entry in again.row.undo] == ["3", "4b"]


def test_so_is_the_one_it_began_at() -> None:
    program = sagas.fork()["a"]
    session = Session.begin(program, sagas.start())
    session.handle(Arrived(sagas.start()))
    burst = session.handle(Answered("1", Name.REPLIED, b"2"))
    assert burst.row.phase is Phase.DONE
    memory = Memory(session=burst.row, inbox=(sagas.start(),), results=burst.results)
    again, _ = Session.recover(program, memory)
    again.handle(Arrived(msgspec.structs.replace(ABORT, sender="b", receiver="a")))
    assert asked(again.handle(WITHOUT)) == [("1", "undo_do")]


def test_an_abort_for_a_session_that_was_never_started_here_leaves_a_tombstone() -> None:
    told = msgspec.structs.replace(ABORT, sender="b", receiver="a")
    session = Session.begin(sagas.ring()["a"], told)
    session.handle(Arrived(told))
    session.handle(WITHOUT)
    assert session.row.phase is Phase.UNDONE
    assert session.row.undo == ()


def cancelled_in_the_pivot() -> Session:
    """b of `billed`, which has asked for the pivot and is asked to undo meanwhile."""
    session = Session.begin(sagas.billed()["b"], FIRST)
    session.handle(Arrived(FIRST))
    cancel = msgspec.structs.replace(ABORT, kind=Kind.CANCEL, site="!cancel", receiver="b")
    [close] = session.handle(Arrived(cancel)).calls
    assert close == CloseWorker("3")
    return session


def test_a_pivot_that_answers_while_the_door_is_looked_for_is_through() -> None:
    session = cancelled_in_the_pivot()
    session.handle(Answered("3", Name.REPLIED, b"2"))
    burst = session.handle(WITHOUT)
    assert burst.row.vote is None
    assert [(result.site, result.outcome) for result in burst.results] == [("3", "replied")]
    assert asked(burst) == [("4", "bill")]


def test_a_pivot_that_declines_meanwhile_was_not_executed() -> None:
    session = cancelled_in_the_pivot()
    session.handle(Answered("3", Name.DECLINED, b'"no"'))
    session.handle(WITHOUT)
    assert session.row.parked is None
    assert session.row.phase is Phase.UNDONE


def test_a_pivot_of_which_nothing_is_known_is_for_a_person() -> None:
    session = cancelled_in_the_pivot()
    session.handle(WITHOUT)
    assert session.row.parked is not None


def test_what_was_declined_is_not_compensated() -> None:
    session = begun()
    session.handle(Answered("3", Name.DECLINED, b'"no"'))
    assert asked(session.handle(WITHOUT)) == []
    assert session.row.phase is Phase.UNDONE


def test_a_fence_that_says_nothing_was_executed_is_believed() -> None:
    session = begun()
    session.handle(Arrived(ABORT))
    assert asked(session.handle(CloseAnswered(Name.CLOSED, ()))) == []


@pytest.mark.parametrize("executed", [None, ()])
def test_a_query_is_not_undone(executed: tuple[()] | None) -> None:
    programs = sagas.ring()
    kinds = programs["b"].projection.operations
    kinds["try_it"] = type(kinds["try_it"])("try_it", "query", {"value": "int"}, "int")  # type: ignore[index]
    session = Session.begin(programs["b"], FIRST)
    session.handle(Arrived(FIRST))
    session.handle(Arrived(ABORT))
    assert asked(session.handle(CloseAnswered(Name.CLOSED, executed))) == []
