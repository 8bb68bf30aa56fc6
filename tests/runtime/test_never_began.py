"""A session that an abort began is over at once if its worker had done nothing, and else waits for its initiator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.control import because, control
from accompanist.runtime.events import Arrived, CloseAnswered, Name, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Executed, Memory, Phase
from accompanist.runtime.session import Session
from accompanist.runtime.tombstone import tombstone
from tests.runtime import sagas

PROGRAM = sagas.ring()["b"]
EFFECT = Executed("2", "try_it", b'{"value":1}')


def abort(content: Any = "no") -> Message:
    return control(sagas.HEADER, Kind.ABORT, "a", "b", content)


def begun_by(message: Message) -> Session:
    session = Session.begin(PROGRAM, message)
    assert session.handle(Arrived(message)).calls == (CloseWorker(),)
    return session


def closed(session: Session, *executed: Executed) -> Burst:
    return session.handle(CloseAnswered(Name.CLOSED, executed=executed))


def said(burst: Burst) -> Sequence[tuple[Kind, str, bytes]]:
    return sorted((one.kind, one.receiver, one.payload) for one in burst.messages)


@pytest.mark.parametrize("content", ["no", because("by hand", left=True)], ids=str)
def test_it_says_and_keeps_what_a_tombstone_does(content: Any) -> None:
    burst = closed(begun_by(abort(content)))
    row, messages = tombstone(abort(content), PROGRAM)
    assert burst.ended and burst.forced
    assert said(burst) == sorted((one.kind, one.receiver, one.payload) for one in messages)
    for name in ("phase", "vote", "outcome", "reason", "left", "contacts"):
        assert getattr(burst.row, name) == getattr(row, name), name


def test_it_waits_for_its_initiator_if_its_worker_had_done_something() -> None:
    session = begun_by(abort())
    assert [type(call) for call in closed(session, EFFECT).calls] == [CallWorker]
    assert session.handle(Undid(EFFECT.site, Name.UNDID)).row.phase is Phase.UNDONE


def test_and_if_what_it_had_done_is_left_as_it_is() -> None:
    assert closed(begun_by(abort(because("by hand", left=True))), EFFECT).row.phase is Phase.UNDONE


def test_and_if_it_has_heard_something_of_its_program_meanwhile() -> None:
    session = begun_by(abort())
    data = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    session.handle(Arrived(data))
    assert closed(session).row.phase is Phase.UNDONE


def test_and_if_it_was_loaded_while_it_was_undone() -> None:
    """The fence lists no more what is compensated already, whose mark may be missing."""
    session = begun_by(abort())
    memory = Memory(session=closed(session, EFFECT).row, inbox=(abort(),), results=(), timers=())
    assert memory.session is not None and memory.session.phase is Phase.UNDOING
    again, bursts = Session.recover(PROGRAM, memory)
    assert [call for burst in bursts for call in burst.calls] == [CloseWorker()]
    assert closed(again).row.phase is Phase.UNDONE
