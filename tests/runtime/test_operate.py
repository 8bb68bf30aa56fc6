"""An operator's verbs: what each does, where it does nothing, and that each counts once."""

from __future__ import annotations

import msgspec
import pytest

from accompanist.language.program.operations import Call, Program, Receive
from accompanist.runtime.burst import Burst, CallWorker
from accompanist.runtime.control import CLIENT
from accompanist.runtime.events import Arrived, CallAnswered, CloseAnswered, Name, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import BY_HAND, Standing, verbs
from accompanist.runtime.ports import Executed, Memory, Parked, Phase
from accompanist.runtime.session import Session
from tests.runtime import sagas


def order(verb: str, number: int = 1, receiver: str = "b", **more: object) -> Message:
    payload = msgspec.json.encode({"verb": verb, "who": "op", "why": "because", **more})
    return Message(
        header=sagas.HEADER,
        kind=Kind.OPERATOR,
        site=f"!operator/{number}",
        sender=CLIENT,
        receiver=receiver,
        payload=payload,
    )


def hear(session: Session, verb: str, number: int = 1, **more: object) -> Burst:
    return session.handle(Arrived(order(verb, number, **more)))


def begun() -> Session:
    """b of the ring, waiting for its worker."""
    first = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    session = Session.begin(sagas.ring()["b"], first)
    session.handle(Arrived(first))
    return session


def stuck() -> Session:
    """b, undoing two transactions, the later of which cannot be compensated."""
    session = begun()
    session.handle(
        Arrived(Message(header=sagas.HEADER, kind=Kind.ABORT, site="!abort", sender="a", receiver="b", payload=b'"no"'))
    )
    done = (Executed("3", "try_it", b'{"value":1}'), Executed("4b", "tail", b'{"value":2}'))
    session.handle(CloseAnswered(Name.CLOSED, done))
    session.handle(Undid("4b", Name.STUCK, "the worker is down"))
    assert session.row.phase is Phase.UNDOING and session.row.parked is not None
    return session


def compensations(burst: Burst) -> list[str]:
    return [call.site for call in burst.calls if isinstance(call, CallWorker)]


def test_park_stops_a_program_and_resume_asks_again() -> None:
    session = begun()
    parked = hear(session, "park")
    assert parked.parked is not None and (parked.parked.code, parked.parked.text) == (BY_HAND, "op: because")
    assert not session.handle(CallAnswered("3", Name.REPLIED, b"2")).messages
    again = hear(session, "resume", 2)
    assert session.row.parked is None and session.row.phase is Phase.DONE
    assert [message.kind for message in again.messages] == [Kind.DATA, Kind.DONE]


def test_retry_asks_for_the_compensation_again() -> None:
    session = stuck()
    assert compensations(hear(session, "retry")) == ["4b"]


def test_skip_takes_one_compensation_as_done() -> None:
    session = stuck()
    burst = hear(session, "skip")
    assert [(result.site, result.outcome) for result in burst.results] == [("4b", "by hand")]
    assert compensations(burst) == ["3"]


def test_who_skips_says_which_site_and_another_one_is_not_skipped() -> None:
    """What was shown as due may have been undone meanwhile, and another compensation be stuck."""
    session = stuck()
    assert session.row.parked is not None and session.row.parked.site == "4b"
    assert not hear(session, "skip", site="3").results
    assert session.row.parked is not None
    [mark] = hear(session, "skip", 2, site="4b").results
    assert (mark.site, mark.operation, mark.outcome) == ("4b", "undo_tail", "by hand")
    assert msgspec.json.decode(mark.value) == {"who": "op", "why": "because"}


def test_a_session_that_is_parked_by_hand_says_which_compensation_is_due() -> None:
    session = stuck()
    hear(session, "retry")
    hear(session, "park", 2)
    assert session.row.parked is not None and (session.row.parked.code, session.row.parked.site) == (BY_HAND, "4b")


def test_a_value_is_for_the_site_that_was_shown_and_for_no_other() -> None:
    session = begun()
    hear(session, "park")
    assert not hear(session, "resolve", 2, value=7, site="9").results
    assert [result.site for result in hear(session, "resolve", 3, value=7, site="3").results] == ["3"]


def test_resolve_takes_all_that_is_left_as_done() -> None:
    session = stuck()
    burst = hear(session, "resolve")
    assert [result.site for result in burst.results] == ["4b", "3"]
    assert session.row.phase is Phase.UNDONE and not burst.calls
    assert [message.kind for message in burst.messages] == [Kind.COMPENSATED]


def test_resolve_gives_a_call_its_reply() -> None:
    def b() -> Program:
        got = yield Receive("2", "a", int)
        yield Call("3", "confirm", {"value": got}, int)
        return None

    ring = sagas.ring()
    confirm = sagas.transaction("confirm", None, retriable=True)
    programs = sagas.saga({"a": (ring["a"].function, [], {"b"}), "b": (b, confirm, set())}, commit_role="a")
    first = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    session = Session.begin(programs["b"], first)
    session.handle(Arrived(first))
    hear(session, "park")
    burst = hear(session, "resolve", 2, value=7)
    assert [(result.site, result.value) for result in burst.results] == [("3", b"7")]
    assert session.row.phase is Phase.DONE and not burst.calls


def test_a_verb_counts_once_also_after_a_crash() -> None:
    session = stuck()
    hear(session, "skip")
    assert not hear(session, "skip").results
    inbox = (order("skip"),)
    again, bursts = Session.recover(sagas.ring()["b"], Memory(session=session.durable_row, inbox=inbox, results=()))
    assert not [result for burst in bursts for result in burst.results]
    assert again.row.verbs == ("!operator/1",)


@pytest.mark.parametrize("verb", ["resume", "retry", "skip", "resolve"])
def test_a_session_that_is_not_parked_goes_its_way(verb: str) -> None:
    session = begun()
    burst = hear(session, verb)
    assert not (burst.messages or burst.calls or burst.results)
    assert session.row.phase is Phase.RUNNING


def test_a_done_role_may_be_parked_and_is_still_undone() -> None:
    session = begun()
    session.handle(CallAnswered("3", Name.REPLIED, b"2"))
    assert session.row.phase is Phase.DONE
    hear(session, "park")
    hear(session, "resume", 2)
    abort = Message(header=sagas.HEADER, kind=Kind.ABORT, site="!abort", sender="a", receiver="b", payload=b'"no"')
    session.handle(Arrived(abort))
    assert session.row.phase is Phase.CLOSING


def test_an_order_that_cannot_be_read_is_no_order() -> None:
    session = begun()
    message = order("explode")
    assert not session.handle(Arrived(message)).forced


def test_a_saga_that_is_over_waits_for_nobody() -> None:
    """It was parked while it waited for settlement; nobody could have let it go on, and it was never collected."""
    session = begun()
    session.handle(CallAnswered("3", Name.REPLIED, b"1"))
    assert session.row.phase is Phase.DONE
    hear(session, "park")
    assert session.row.parked is not None
    settled = Message(
        header=sagas.HEADER, kind=Kind.SETTLED, site="!settled", sender="a", receiver="b", payload=b"null"
    )
    session.handle(Arrived(settled))
    assert (session.row.phase, session.row.parked) == (Phase.SETTLED, None)


def test_of_two_orders_neither_is_carried_out_again() -> None:
    """The inbox has no order, so that each is remembered by its site and not by being the last."""
    session = begun()
    hear(session, "park", 1)
    row = hear(session, "retry", 2).row
    assert row.parked is None
    first = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    for inbox in ((order("retry", 2), order("park", 1)), (order("park", 1), order("retry", 2))):
        again, _ = Session.recover(sagas.ring()["b"], Memory(session=row, inbox=(first, *inbox), results=()))
        assert again.row.parked is None
        assert set(again.row.verbs) == {"!operator/1", "!operator/2"}


@pytest.mark.parametrize("phase", [Phase.SETTLED, Phase.ENDED])
def test_what_is_over_takes_no_verb(phase: Phase) -> None:
    assert verbs(Standing(phase, Parked("ACC201", "it cannot be"))) == ()
    assert verbs(Standing(phase, None)) == ()
