"""The mailbox is bounded by what waits in it, not by what has passed through it."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.runtime.mailbox import Mailbox
from accompanist.runtime.messages import Kind, Message
from tests.runtime import sagas


def message(number: int) -> Message:
    payload = b'"' + b"x" * 98 + b'"'
    return Message(header=sagas.HEADER, kind=Kind.DATA, site=str(number), sender="a", receiver="b", payload=payload)


def test_what_was_taken_makes_room_for_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "message_bytes_per_session_max", 250)
    box = Mailbox()
    for number in range(20):
        assert box.put(message(number))
        box.take(message(number))
    assert not box.spilled
    assert box.put(message(20))
    assert box.put(message(21))
    assert not box.put(message(22)), "as many bytes wait as may"
