"""Replay: the same messages and results give the same run; any difference is noticed, and nothing is guessed."""

from __future__ import annotations

import msgspec
import pytest

from accompanist import limits
from accompanist.language.program.operations import Call, Choose, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.burst import Burst, CallWorker
from accompanist.runtime.events import Arrived, CallAnswered, Name
from accompanist.runtime.mailbox import Contradiction, Mailbox
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory, Phase, ResultRow
from accompanist.runtime.replay import DIVERGED
from accompanist.runtime.running import PAST_COMMIT
from accompanist.runtime.session import Session
from accompanist.runtime.state import CLASH
from tests.runtime import sagas


def data(site: str, sender: str, receiver: str, payload: bytes) -> Message:
    return Message(header=sagas.HEADER, kind=Kind.DATA, site=site, sender=sender, receiver=receiver, payload=payload)


def begun(programs: dict[str, RoleProgram], role: str, first: Message) -> tuple[Session, Burst]:
    session = Session.begin(programs[role], first)
    return session, session.handle(Arrived(first))


def memory(session: Session, inbox: list[Message], *bursts: Burst) -> Memory:
    results: tuple[ResultRow, ...] = sum((burst.results for burst in bursts), ())
    return Memory(session=session.durable_row, inbox=tuple(inbox), results=results)


def test_a_run_over_its_log_asks_nothing_again() -> None:
    programs = sagas.ring()
    session, asked = begun(programs, "a", sagas.start())
    assert [call.operation for call in asked.calls if isinstance(call, CallWorker)] == ["do"]
    sent = session.handle(CallAnswered("1", Name.REPLIED, b"2"))
    again, bursts = Session.recover(programs["a"], memory(session, [sagas.start()], asked, sent))
    assert [message.payload for burst in bursts for message in burst.messages] == [b"2"]
    assert not [call for burst in bursts for call in burst.calls]
    assert again.row.waiting == session.row.waiting


def test_without_its_result_the_call_is_asked_again_with_the_same_arguments() -> None:
    programs = sagas.ring()
    session, asked = begun(programs, "a", sagas.start())
    _, bursts = Session.recover(programs["a"], memory(session, [sagas.start()]))
    assert bursts[0].calls == asked.calls


def test_another_call_at_a_logged_site_is_a_divergence() -> None:
    programs = sagas.ring()
    session, _ = begun(programs, "a", sagas.start())
    answered = session.handle(CallAnswered("1", Name.REPLIED, b"2"))
    logged = msgspec.structs.replace(answered.results[0], digest=b"other")
    damaged = Memory(session=session.durable_row, inbox=(sagas.start(),), results=(logged,))
    again, bursts = Session.recover(programs["a"], damaged)
    assert again.row.parked is not None and again.row.parked.code == DIVERGED
    assert "at site 1" in again.row.parked.text
    assert not bursts[0].messages and not bursts[0].calls


def test_another_content_under_a_site_parks() -> None:
    programs = sagas.ring()
    session, _ = begun(programs, "b", data("2", "a", "b", b"1"))
    burst = session.handle(Arrived(data("2", "a", "b", b"9")))
    assert burst.parked is not None and burst.parked.code == CLASH


@pytest.mark.parametrize("payload", [b'"text"', b"{", b"null"])
def test_a_value_that_does_not_fit_aborts_before_the_commit_point(payload: bytes) -> None:
    session, burst = begun(sagas.ring(), "b", data("2", "a", "b", payload))
    assert session.row.phase is Phase.CLOSING
    assert len(burst.calls) == 1 and not burst.messages


def test_a_local_exception_aborts_with_its_place_and_not_its_text() -> None:
    def a(value: int) -> Program:
        secret = "card 4111"
        raise ValueError(secret)
        yield

    programs = sagas.saga({"a": (a, [], set())}, commit_role=None)
    session, _ = begun(programs, "a", sagas.start())
    assert session.row.phase is Phase.ENDED
    assert session.row.reason == "ValueError in a local expression"


def test_a_selection_that_grows_past_the_bound_aborts_instead_of_being_asked_for_for_ever() -> None:
    def a(value: int) -> Program:
        yield Choose("2", "b", "then", rides=True, value="x" * (limits.payload_bytes_max - 2))
        return value

    programs = sagas.saga({"a": (a, [], {"b"}), "b": (a, [], set())}, commit_role=None)
    session, burst = begun(programs, "a", sagas.start())
    assert session.row.reason is not None and "the limit is" in session.row.reason
    assert not [message for message in burst.messages if message.kind is Kind.CHOICE]


def after_the_pivot() -> dict[str, RoleProgram]:
    """a ships (pivot), then b must confirm, which may not fail any more."""

    def a(value: int) -> Program:
        yield Call("1", "ship", {"value": value}, int)
        yield Send("2", "b", value)
        return value

    def b() -> Program:
        got = yield Receive("2", "a", int)
        yield Call("3", "confirm", {"value": got // (got - 7)}, int)
        return None

    confirm = sagas.transaction("confirm", None, retriable=True)
    return sagas.saga(
        {"a": (a, sagas.transaction("ship", None), {"b"}), "b": (b, confirm, set())},
        commit_role="a",
        after_commit={"b": {"2", "3"}},
    )


def test_after_the_commit_point_a_call_is_asked_for_ever() -> None:
    _, burst = begun(after_the_pivot(), "b", data("2", "a", "b", b"8"))
    [call] = burst.calls
    assert isinstance(call, CallWorker) and call.endless


def test_beside_the_pivot_a_call_is_asked_for_ever_though_nothing_has_passed_yet() -> None:
    programs = after_the_pivot()

    def b() -> Program:
        yield Call("3", "confirm", {"value": 1}, int)
        return None

    alone = sagas.saga(
        {"a": (programs["a"].function, [], {"b"}), "b": (b, sagas.transaction("confirm"), set())},
        commit_role="a",
        after_commit={"b": {"3"}},
    )
    session, burst = begun(alone, "b", data("2", "a", "b", b"8"))
    [call] = burst.calls
    assert isinstance(call, CallWorker) and call.endless
    assert session.handle(CallAnswered("3", Name.EXHAUSTED)).parked is not None


def test_after_the_commit_point_a_door_that_is_shut_parks() -> None:
    session, _ = begun(after_the_pivot(), "b", data("2", "a", "b", b"8"))
    burst = session.handle(CallAnswered("3", Name.SHUT))
    assert burst.parked is not None and burst.parked.code == PAST_COMMIT
    assert session.row.vote is None


def test_after_the_commit_point_a_decline_is_no_answer() -> None:
    """Nothing is recorded, and the worker is asked again."""
    session, asked = begun(after_the_pivot(), "b", data("2", "a", "b", b"8"))
    burst = session.handle(CallAnswered("3", Name.DECLINED, b'"no"'))
    assert burst.parked is None and not burst.results
    assert burst.calls == asked.calls
    assert session.handle(CallAnswered("3", Name.REPLIED, b"9")).results


def test_after_the_commit_point_a_local_exception_parks() -> None:
    _, burst = begun(after_the_pivot(), "b", data("2", "a", "b", b"7"))
    assert burst.parked is not None and burst.parked.code == PAST_COMMIT


def test_a_parked_program_stands_still_but_an_abort_still_undoes_it() -> None:
    session, _ = begun(sagas.ring(), "b", data("2", "a", "b", b"1"))
    session.handle(Arrived(data("2", "a", "b", b"9")))
    assert not session.handle(CallAnswered("3", Name.REPLIED, b"2")).messages
    told = Message(header=sagas.HEADER, kind=Kind.ABORT, site="!abort", sender="a", receiver="b", payload=b'"no more"')
    burst = session.handle(Arrived(told))
    assert session.row.phase is Phase.CLOSING and session.row.parked is None
    assert len(burst.calls) == 1


def test_the_mailbox_keeps_the_first_and_notices_the_other() -> None:
    mailbox = Mailbox()
    assert mailbox.put(data("2", "a", "b", b"1"))
    assert not mailbox.put(data("2", "a", "b", b"1"))
    with pytest.raises(Contradiction, match="two different messages from a at site 2"):
        mailbox.put(data("2", "a", "b", b"2"))
    found = mailbox.get("2", "a")
    assert found is not None and found.payload == b"1"
    assert mailbox.get("2", "c") is None
