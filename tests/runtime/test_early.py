"""Which bursts may be released early: those of which others keep everything that they depend on."""

from __future__ import annotations

import pytest

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import Operation
from accompanist.runtime.burst import Burst
from accompanist.runtime.events import Arrived, CallAnswered, CloseAnswered, Name
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.session import Session
from tests.runtime import sagas


def data(site: str, sender: str, receiver: str, value: int = 1) -> Message:
    return Message(
        header=sagas.HEADER, kind=Kind.DATA, site=site, sender=sender, receiver=receiver, payload=b"%d" % value
    )


def replied(site: str) -> CallAnswered:
    return CallAnswered(site, Name.REPLIED, b"2")


def answered(operations: list[Operation], name: str, answer: Name = Name.REPLIED) -> Burst:
    """The burst of a role that calls `name`, and then waits for a message."""

    def a(value: int) -> Program:
        yield Call("1", name, {"value": value}, int, True)
        yield Send("2", "b", value)
        got = yield Receive("3", "b", int)
        return got

    program = sagas.saga({"a": (a, operations, {"b"})}, commit_role=None)["a"]
    session = Session.begin(program, sagas.start())
    session.handle(Arrived(sagas.start()))
    return session.handle(CallAnswered("1", answer, b"2" if answer is Name.REPLIED else b'"no"'))


@pytest.mark.parametrize("answer", [Name.REPLIED, Name.DECLINED])
def test_what_a_fence_has_answered_is_kept_there(answer: Name) -> None:
    burst = answered(sagas.transaction("do"), "do", answer)
    assert burst.forced and burst.early and burst.messages and burst.results


@pytest.mark.parametrize("kind", ["query", "commit"])
def test_what_no_fence_keeps_is_not_released_early(kind: str) -> None:
    burst = answered([Operation("read", kind, {"value": "int"}, "int")], "read")
    assert burst.forced and not burst.early


def test_a_refusal_that_no_fence_keeps_is_no_answer() -> None:
    operations = [Operation("bill", "transaction", {"value": "int"}, "int", None, retriable=True)]
    burst = answered(operations, "bill", Name.DECLINED)
    assert burst.calls and not burst.results


def test_a_message_that_was_released_early_may_be_acted_upon_early() -> None:
    session = Session.begin(sagas.delivered()["b"], data("2", "a", "b"))
    burst = session.handle(Arrived(data("2", "a", "b")))
    assert burst.messages and burst.row.vote == "done" and not burst.early, "a vote is not"
    session = Session.begin(sagas.ring()["b"], data("2", "a", "b"))
    burst = session.handle(Arrived(data("2", "a", "b")))
    assert burst.early and not burst.forced and burst.calls


@pytest.mark.parametrize("pivot", [False, True])
def test_a_vote_does_not_hold_up_the_messages_before_it(pivot: bool) -> None:
    session = Session.begin(sagas.ring(pivot=pivot)["b"], data("2", "a", "b"))
    session.handle(Arrived(data("2", "a", "b")))
    burst = session.handle(replied("3"))
    assert [message.kind for message in burst.messages] == [Kind.DATA, Kind.DONE]
    assert burst.row.vote == "done" and not burst.early and burst.ahead == 1
    assert answered([Operation("read", "query", {"value": "int"}, "int")], "read").ahead == 0


def test_the_pivot_is_not_called_early() -> None:
    session = Session.begin(sagas.billed()["b"], data("2", "a", "b"))
    burst = session.handle(Arrived(data("2", "a", "b")))
    assert burst.calls and not burst.forced and not burst.early
    burst = session.handle(replied("3"))
    assert burst.calls and burst.early, "the fence has its reply"


def test_a_cause_and_an_abort_are_not_released_early() -> None:
    session = Session.begin(sagas.ring()["b"], data("2", "a", "b"))
    session.handle(Arrived(data("2", "a", "b")))
    burst = session.handle(CallAnswered("3", Name.DECLINED, b'"no"'))
    assert burst.row.granted and burst.calls and not burst.early
    burst = session.handle(CloseAnswered(Name.CLOSED, ()))
    assert burst.row.vote == "abort" and not burst.early
