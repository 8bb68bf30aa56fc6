"""Requests to undo a saga, from a client and from its deadline, at an initiator that only passes them on."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.runtime.burst import CloseWorker
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.events import Arrived, CallAnswered, Deadline, Name
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.session import Session
from tests.runtime import sagas
from tests.runtime.test_operate import order


def requests(session: Session, *events: Arrived | Deadline) -> list[Message]:
    return [message for event in events for message in session.handle(event).messages if message.kind is Kind.CANCEL]


def test_a_cancel_and_a_deadline_do_not_contradict_one_another() -> None:
    """They were two contents under one identity; the saga was parked for it. Found by the simulation."""
    session = Session.begin(sagas.recorded()["a"], sagas.start())
    session.handle(Arrived(sagas.start()))
    cancel = Arrived(control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "no more"))
    passed = requests(session, cancel, Deadline(), cancel, Deadline())
    assert {message.receiver for message in passed} == {"b"}
    assert len({message.key for message in passed}) == 2
    assert len({(message.key, message.payload) for message in passed}) == 2


def test_who_is_parked_and_has_let_messages_go_still_knows_that_the_pivot_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its program stands where it stood. Run again from the top it would wait for what is no longer in memory."""
    monkeypatch.setattr(limits, "message_bytes_per_session_max", 0)
    session = Session.begin(sagas.ring()["a"], sagas.start())
    session.handle(Arrived(sagas.start()))
    session.handle(CallAnswered("1", Name.REPLIED, b"2"))
    last = Message(header=sagas.HEADER, kind=Kind.DATA, site="5", sender="c", receiver="a", payload=b"3")
    assert [getattr(call, "site", None) for call in session.handle(Arrived(last)).calls] == ["6"]
    session.handle(Arrived(order("park")))
    assert session.row.parked is not None and not session.whole
    burst = session.handle(Arrived(control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "please")))
    assert [call.unless for call in burst.calls if isinstance(call, CloseWorker)] == ["6"]
