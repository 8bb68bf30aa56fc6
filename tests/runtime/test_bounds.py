"""What one session may hold and do: beyond a bound it is refused or ends, and nothing grows."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.language.program.operations import Branch, Call, Choose, Operation, Program, Receive, Send
from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.events import Arrived, CallAnswered, CloseAnswered, Name
from accompanist.runtime.mailbox import Contradiction, Mailbox
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.session import Session
from tests.runtime import sagas


def early(site: str, payload: bytes = b"1") -> Message:
    return Message(header=sagas.HEADER, kind=Kind.DATA, site=site, sender="b", receiver="a", payload=payload)


def test_the_out_of_order_buffer_is_bounded_and_still_knows_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "messages_per_session_max", 2)
    mailbox = Mailbox()
    assert [mailbox.put(early(site)) for site in ("1", "2", "3", "1")] == [True, True, False, False]
    assert (len(mailbox), mailbox.get("3", "b")) == (2, None)
    with pytest.raises(Contradiction):
        mailbox.put(early("1", b"2"))


def test_a_session_of_too_many_steps_ends_as_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "replay_steps_max", 1)
    session = Session.begin(sagas.ring()["a"], sagas.start())
    session.handle(Arrived(sagas.start()))
    session.handle(CallAnswered("1", Name.REPLIED, b"2"))
    session.handle(CloseAnswered(Name.CLOSED, ()))
    assert session.row.vote == "abort"
    assert "more than 1 steps in one session" in (session.row.reason or "")


LONGEST = "s" * limits.site_bytes_max


def run_to(*operations: Operation) -> tuple[Session, Burst]:
    def a(value: int) -> Program:
        yield from operations
        return 1

    program = sagas.saga({"a": (a, sagas.transaction("do"), {"b" * 63, "b"})}, commit_role=None)["a"]
    session = Session.begin(program, sagas.start())
    return session, session.handle(Arrived(sagas.start()))


@pytest.mark.parametrize(
    "operation",
    [
        Call(LONGEST + "s", "do", {"value": 1}, int),
        Send(LONGEST + "s", "b", 1),
        Receive(LONGEST + "s", "b", int),
        Choose(LONGEST + "s", "b", "yes"),
        Branch(LONGEST + "s", "b", {"yes": None}),
        Call(LONGEST + "s", "role.sleep", {"seconds": 1.0}, None),
        Send(LONGEST, "b" * 200, 1),
    ],
)
def test_a_site_beyond_the_bound_is_refused_at_its_step_before_anything_leaves(operation: Operation) -> None:
    session, burst = run_to(operation)
    assert burst.calls == (CloseWorker(),) and not burst.messages and not burst.timers
    burst = session.handle(CloseAnswered(Name.CLOSED, ()))
    assert burst.row.vote == "abort" and "ACC209" in (burst.row.reason or "")


def test_a_site_at_the_bound_is_one_like_any_other() -> None:
    _, burst = run_to(Send(LONGEST, "b" * 63, 1), Call(LONGEST, "do", {"value": 1}, int))
    assert [message.site for message in burst.messages] == [LONGEST]
    assert [call.site for call in burst.calls if isinstance(call, CallWorker)] == [LONGEST]


def test_only_a_choreography_that_calls_itself_can_come_near_the_bound() -> None:
    """The longest site of any other is known when it is compiled: its point, and the turns of the loops around it."""
    turns = len(f"[{limits.replay_steps_max}]") * limits.loop_depth_max
    assert len(str(limits.points_max)) + turns < limits.site_bytes_max / 5
