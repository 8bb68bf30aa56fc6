"""A role whose worker has no fence: no list says what was executed, so calls without an answer count, too."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from accompanist.language.program.operations import Call, Program
from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.events import Arrived, CallAnswered, CloseAnswered, Name, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import Verb, verbs
from accompanist.runtime.ports import Memory, Phase
from accompanist.runtime.session import Session
from accompanist.runtime.unfenced import IN_DOUBT, UNENDED
from tests.runtime import sagas

ABORT = Message(header=sagas.HEADER, kind=Kind.ABORT, site="!abort", sender="a", receiver="b", payload=b'"no"')
FIRST = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
WITHOUT = CloseAnswered(Name.CLOSED, None)


def begun() -> Session:
    """b of the ring, which has asked its worker at site 3."""
    session = Session.begin(sagas.ring(concurrent_tail=True)["b"], FIRST)
    session.handle(Arrived(FIRST))
    return session


def order(verb: str, number: int = 1, value: int | None = None, **more: str) -> Message:
    payload = {"verb": verb, "who": "ann", "why": "I looked", "value": value, **more}
    return Message(
        header=sagas.HEADER,
        kind=Kind.OPERATOR,
        site=f"!operator/{number}",
        sender="",
        receiver="b",
        payload=msgspec.json.encode(payload),
    )


def asked(burst: Burst) -> list[tuple[str, str]]:
    return [(call.site, call.operation) for call in burst.calls if isinstance(call, CallWorker)]


def test_a_call_of_unknown_outcome_is_compensated() -> None:
    session = begun()
    session.handle(Arrived(ABORT))
    assert asked(session.handle(WITHOUT)) == [("3", "undo_try_it")]


def test_one_that_gave_no_answer_is_compensated() -> None:
    session = begun()
    session.handle(CallAnswered("3", Name.EXHAUSTED))
    assert asked(session.handle(WITHOUT)) == [("3", "undo_try_it")]


def test_what_was_answered_is_compensated_after_what_is_in_doubt() -> None:
    session = begun()
    session.handle(CallAnswered("3", Name.REPLIED, b"2"))
    session.handle(Arrived(ABORT))
    assert asked(session.handle(WITHOUT)) == [("4b", "undo_tail")]
    assert asked(session.handle(Undid("4b", Name.UNDID))) == [("3", "undo_try_it")]


def test_a_role_that_was_done_is_compensated_after_it_was_taken_up_from_the_log() -> None:
    """Its program does not run any more, but what it did is found by running it: on what it was sent."""
    session = begun()
    results = [*session.handle(CallAnswered("3", Name.REPLIED, b"2")).results]
    burst = session.handle(CallAnswered("4b", Name.REPLIED, b"2"))
    results += burst.results
    assert burst.row.phase is Phase.DONE
    memory = Memory(session=burst.row, inbox=(FIRST,), results=tuple(results))
    again, owed = Session.recover(session.program, memory)
    assert owed == []
    again.handle(Arrived(ABORT))
    assert asked(again.handle(WITHOUT)) == [("4b", "undo_tail")]
    assert asked(again.handle(Undid("4b", Name.UNDID))) == [("3", "undo_try_it")]


def test_so_is_the_one_it_began_at() -> None:
    program = sagas.fork()["a"]
    session = Session.begin(program, sagas.start())
    session.handle(Arrived(sagas.start()))
    burst = session.handle(CallAnswered("1", Name.REPLIED, b"2"))
    assert burst.row.phase is Phase.DONE
    memory = Memory(session=burst.row, inbox=(sagas.start(),), results=burst.results)
    again, _ = Session.recover(program, memory)
    again.handle(Arrived(msgspec.structs.replace(ABORT, sender="b", receiver="a")))
    assert asked(again.handle(WITHOUT)) == [("1", "undo_do")]


def test_an_abort_for_a_session_that_was_never_started_here_leaves_a_tombstone() -> None:
    told = msgspec.structs.replace(ABORT, sender="b", receiver="a")
    session = Session.begin(sagas.ring()["a"], told)
    session.handle(Arrived(told))
    assert asked(session.handle(WITHOUT)) == []
    assert session.row.phase is Phase.UNDONE


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
    session.handle(CallAnswered("3", Name.REPLIED, b"2"))
    burst = session.handle(WITHOUT)
    assert burst.row.vote is None
    assert [(result.site, result.outcome) for result in burst.results] == [("3", "replied")]
    assert asked(burst) == [("4", "bill")]


def test_a_pivot_that_declines_meanwhile_was_not_executed() -> None:
    session = cancelled_in_the_pivot()
    session.handle(CallAnswered("3", Name.DECLINED, b'"no"'))
    session.handle(WITHOUT)
    assert session.row.parked is None
    assert session.row.phase is Phase.UNDONE


def test_a_pivot_of_which_nothing_is_known_is_for_a_person() -> None:
    session = cancelled_in_the_pivot()
    session.handle(WITHOUT)
    assert session.row.parked is not None


def out_of_patience() -> tuple[Session, Burst]:
    """a of the ring, whose pivot was asked for until the budget was spent."""
    session = Session.begin(sagas.ring()["a"], sagas.start())
    session.handle(Arrived(sagas.start()))
    session.handle(CallAnswered("1", Name.REPLIED, b"2"))
    last = Message(header=sagas.HEADER, kind=Kind.DATA, site="5", sender="c", receiver="a", payload=b"3")
    session.handle(Arrived(last))
    session.handle(CallAnswered("6", Name.EXHAUSTED))
    return session, session.handle(WITHOUT)


def test_a_pivot_whose_budget_is_spent_parks_before_anything_is_voted_or_told() -> None:
    _, burst = out_of_patience()
    assert burst.row.parked is not None and burst.row.parked.code == IN_DOUBT
    assert (burst.row.phase, burst.row.vote, burst.calls, burst.messages) == (Phase.RUNNING, None, (), ())


@pytest.mark.parametrize(
    ("verb", "value", "phase", "calls"),
    [
        ("retry", None, Phase.RUNNING, [("6", "finish")]),
        ("resolve", 4, Phase.DONE, []),
        ("skip", None, Phase.CLOSING, []),
    ],
)
def test_a_person_says_whether_the_pivot_was_done(
    verb: str, value: int | None, phase: Phase, calls: list[tuple[str, str]]
) -> None:
    session, _ = out_of_patience()
    burst = session.handle(Arrived(order(verb, value=value)))
    assert (session.row.phase, session.row.parked, asked(burst)) == (phase, None, calls)


def gift_in_doubt() -> tuple[Session, Burst]:
    """A role that has committed, and whose attempted transaction was declined after an attempt without an answer."""

    def a(value: int) -> Program:
        yield Call("1", "ship", {"value": value}, int)
        present = yield Call("2", "gift", {"value": value}, int, True)
        return 1 if present.ok else 0

    operations = [*sagas.transaction("ship", None), *sagas.transaction("gift")]
    program = sagas.saga({"a": (a, operations, set())}, commit_role="a", after_commit={"a": {"2"}})["a"]
    session = Session.begin(program, sagas.start())
    session.handle(Arrived(sagas.start()))
    session.handle(CallAnswered("1", Name.REPLIED, b"2"))
    return session, session.handle(CallAnswered("2", Name.EXHAUSTED))


def test_what_may_decline_after_the_commit_point_is_for_a_person_too() -> None:
    session, burst = gift_in_doubt()
    assert burst.row.parked is not None and burst.row.parked.code == IN_DOUBT
    assert {Verb.SKIP, Verb.RESOLVE} <= set(verbs(session.standing()))
    session.handle(Arrived(order("skip")))
    assert (session.row.phase, session.row.result) == (Phase.SETTLED, b"0")


@pytest.mark.parametrize("begun", [out_of_patience, gift_in_doubt])
def test_a_decline_is_not_believed_when_it_is_asked_again(begun: Callable[[], tuple[Session, Burst]]) -> None:
    """The attempts before the session was left to a person may have been carried out."""
    session, _ = begun()
    [(site, _)] = asked(session.handle(Arrived(order("retry"))))
    assert session.unanswered == site


def test_what_a_person_says_was_not_done_is_not_undone() -> None:
    session, _ = out_of_patience()
    said = session.handle(Arrived(order("skip")))
    assert [(result.site, result.outcome) for result in said.results] == [("6", "declined")]
    [call] = session.handle(WITHOUT).calls
    assert isinstance(call, CallWorker) and call.operation == "undo_do"


def granted_before_the_data() -> Session:
    """b of `billed`, which grants a cancel before it hears what its pivot waits for."""
    cancel = msgspec.structs.replace(ABORT, kind=Kind.CANCEL, site="!cancel", receiver="b")
    session = Session.begin(sagas.billed()["b"], cancel)
    session.handle(Arrived(cancel))
    return session


def test_what_was_never_asked_was_not_executed() -> None:
    session = granted_before_the_data()
    session.handle(Arrived(FIRST))
    burst = session.handle(WITHOUT)
    assert (burst.row.parked, burst.calls, burst.row.phase) == (None, (), Phase.UNDONE)


def test_nor_after_it_was_taken_up_from_the_log() -> None:
    memory = Memory(session=granted_before_the_data().durable_row, inbox=(FIRST,), results=())
    again, _ = Session.recover(sagas.billed()["b"], memory)
    burst = again.handle(WITHOUT)
    assert (burst.row.parked, burst.calls, burst.row.phase) == (None, (), Phase.UNDONE)


def test_what_was_asked_is_known_after_it_was_taken_up_from_the_log() -> None:
    memory = Memory(session=begun().durable_row, inbox=(FIRST, ABORT), results=())
    again, _ = Session.recover(sagas.ring(concurrent_tail=True)["b"], memory)
    assert (again.inherited, again.unanswered) == (True, "3")
    assert asked(again.handle(WITHOUT)) == [("3", "undo_try_it")]


def test_a_row_that_does_not_say_what_was_asked_leaves_it_open() -> None:
    row = msgspec.structs.replace(begun().durable_row, asked=None)
    again, _ = Session.recover(
        sagas.ring(concurrent_tail=True)["b"], Memory(session=row, inbox=(FIRST, ABORT), results=())
    )
    assert asked(again.handle(WITHOUT)) == [("3", "undo_try_it")]


def test_nor_whether_the_call_that_it_asks_for_was_asked_for_before() -> None:
    row = msgspec.structs.replace(begun().durable_row, asked=None)
    again, _ = Session.recover(sagas.ring()["b"], Memory(session=row, inbox=(FIRST,), results=()))
    assert (again.inherited, again.unanswered) == (True, "3")


def unended() -> Session:
    """b of the ring, told to undo, while its call does not end."""
    session = begun()
    session.handle(Arrived(ABORT))
    session.handle(CloseAnswered(Name.UNENDED, None))
    return session


def test_nothing_is_undone_or_told_while_a_call_has_not_ended() -> None:
    session = unended()
    assert session.row.parked is not None and session.row.parked.code == UNENDED
    assert (session.row.phase, session.row.vote) == (Phase.CLOSING, None)


@pytest.mark.parametrize("verb", ["retry", "resume"])
def test_a_person_has_it_looked_for_again(verb: str) -> None:
    session = unended()
    assert session.handle(Arrived(order(verb))).calls == (CloseWorker(None),)
    assert session.row.parked is None
    assert asked(session.handle(WITHOUT)) == [("3", "undo_try_it")]


@pytest.mark.parametrize("verb", ["skip", "resolve"])
def test_or_says_that_it_has_ended(verb: str) -> None:
    session = unended()
    assert asked(session.handle(Arrived(order(verb)))) == [("3", "undo_try_it")]
    assert (session.row.phase, session.row.parked) == (Phase.UNDOING, None)


def again(session: Session, **row: str) -> tuple[Session, list[CallWorker | CloseWorker]]:
    """The session after its sidecar has died, and what it asks for then."""
    kept = msgspec.structs.replace(session.durable_row, **row)
    memory = Memory(session=kept, inbox=(FIRST,), results=())
    made, bursts = Session.recover(session.program, memory)
    return made, [call for burst in bursts for call in burst.calls]


def exhausted_and_unended() -> Session:
    session = begun()
    session.handle(CallAnswered("3", Name.EXHAUSTED))
    session.handle(CloseAnswered(Name.UNENDED, None))
    return session


def test_what_has_not_ended_is_closed_again_after_a_restart_and_not_asked_again() -> None:
    made, calls = again(exhausted_and_unended())
    assert calls == [CloseWorker("3")] and made.row.parked is None
    assert asked(made.handle(WITHOUT)) == [("3", "undo_try_it")]


def test_nor_is_a_word_about_it_taken_for_its_reply_then() -> None:
    made, _ = again(exhausted_and_unended())
    burst = made.handle(Arrived(order("resolve")))
    assert (burst.results, burst.calls, made.row.phase) == ((), (), Phase.CLOSING)


def test_a_word_that_it_has_ended_comes_too_late_for_what_has() -> None:
    made, calls = again(unended(), granted="cancelled: too late")
    assert calls == [CloseWorker(None)]
    assert asked(made.handle(WITHOUT)) == [("3", "undo_try_it")]
    burst = made.handle(Arrived(order("skip")))  # said of what was shown before
    assert (burst.results, made.row.phase, made.row.parked) == ((), Phase.UNDOING, None)


def test_that_a_call_has_ended_is_no_word_about_its_compensation() -> None:
    made, _ = again(unended(), granted="cancelled: too late")
    made.handle(WITHOUT)
    later, _ = again(made)
    later.handle(CloseAnswered(Name.UNENDED, None))
    burst = later.handle(Arrived(order("skip")))
    assert (asked(burst), burst.results) == ([("3", "undo_try_it")], ())
    last, _ = again(made)
    last.handle(CloseAnswered(Name.UNENDED, None))
    last, calls = again(last)
    assert calls == [CloseWorker()] and last.row.parked is None


@pytest.mark.parametrize("verb", ["skip", "resolve"])
def test_nor_is_it_one_about_a_compensation_that_is_stuck_by_then(verb: str) -> None:
    """Somebody else had it looked for again before that was heard; the calls had ended, and their undoing fails."""
    made, _ = again(unended(), granted="cancelled: too late")
    made.handle(CloseAnswered(Name.UNENDED, None))
    assert made.row.parked is not None and made.standing().site == ""
    said = order(verb, 2, code=made.row.parked.code)
    made.handle(Arrived(order("resume")))
    made.handle(WITHOUT)
    made.handle(Undid("3", Name.STUCK, "down"))
    burst = made.handle(Arrived(said))
    assert (burst.results, burst.calls, made.row.phase) == ((), (), Phase.UNDOING)
    assert made.row.parked is not None and made.row.parked.site == "3"


def test_a_person_does_not_end_a_close_that_is_under_way() -> None:
    session = begun()
    session.handle(Arrived(ABORT))
    session.handle(Arrived(order("park")))
    burst = session.handle(Arrived(order("skip", 2)))
    assert (session.row.phase, burst.calls) == (Phase.CLOSING, ())


def test_what_was_declined_is_not_compensated() -> None:
    session = begun()
    session.handle(CallAnswered("3", Name.DECLINED, b'"no"'))
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


def test_what_was_done_behind_a_selection_is_compensated_after_a_restart() -> None:
    """The run that finds what was done takes selections from the inbox, too."""
    program = sagas.fork()["b"]
    chosen = Message(header=sagas.HEADER, kind=Kind.CHOICE, site="2", sender="a", receiver="b", payload=b'["even",2]')
    session = Session.begin(program, chosen)
    [call] = session.handle(Arrived(chosen)).calls
    assert isinstance(call, CallWorker)
    burst = session.handle(CallAnswered(call.site, Name.REPLIED, b"2"))
    assert burst.row.phase is Phase.DONE
    again, _ = Session.recover(program, Memory(session=burst.row, inbox=(chosen,), results=burst.results))
    again.handle(Arrived(ABORT))
    assert asked(again.handle(WITHOUT)) == [(call.site, "undo_try_it")]
