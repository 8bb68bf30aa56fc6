"""Requests to undo a saga, from a client and from its deadline, at an initiator that only passes them on."""

from __future__ import annotations

from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.events import Arrived, Deadline
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.session import Session
from tests.runtime import sagas


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
