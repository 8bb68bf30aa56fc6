"""What one session may hold and do: beyond a bound it is refused or ends, and nothing grows."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.runtime.events import Answered, Arrived, CloseAnswered, Name
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
    session.handle(Answered("1", Name.REPLIED, b"2"))
    session.handle(CloseAnswered(Name.CLOSED, ()))
    assert session.row.vote == "abort"
    assert "more than 1 steps in one session" in (session.row.reason or "")
