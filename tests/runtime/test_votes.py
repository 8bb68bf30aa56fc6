"""A role that has voted done is undone only by its initiator's message.

The saga may have been settled with its vote. Another role that sends it an abort may have voted done, too, because a
hostile role can tell the initiator one thing and its neighbour another. The initiator hears of every abort, and tells
all roles.
"""

from __future__ import annotations

from accompanist.runtime.control import control
from accompanist.runtime.events import Arrived
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Phase, SessionRow
from accompanist.runtime.session import Session
from tests.runtime import sagas


def voted(role: str) -> Session:
    """A session at a role that has voted done and waits for settlement."""
    row = SessionRow(header=sagas.HEADER, role=role, phase=Phase.DONE, vote="done", waiting="settlement")
    return Session(sagas.ring()[role], row)


def said(kind: Kind, sender: str, receiver: str) -> Arrived:
    return Arrived(control(sagas.HEADER, kind, sender, receiver, "no" if kind is Kind.ABORT else None))


def test_another_roles_abort_undoes_nothing_that_may_be_settled() -> None:
    session = voted("c")
    burst = session.handle(said(Kind.ABORT, "b", "c"))
    assert session.row.phase is Phase.DONE
    assert not burst.forced and not burst.calls and not burst.messages
    session.handle(said(Kind.SETTLED, "a", "c"))
    assert session.row.outcome == "settled"


def test_the_initiators_abort_undoes_it_before_or_after_anothers() -> None:
    for senders in (("a",), ("b", "a")):
        session = voted("c")
        for sender in senders:
            session.handle(said(Kind.ABORT, sender, "c"))
        assert session.row.phase is Phase.CLOSING


def test_an_initiator_that_has_not_settled_hears_everybody() -> None:
    session = voted("a")
    session.handle(said(Kind.ABORT, "b", "a"))
    assert session.row.phase in (Phase.CLOSING, Phase.UNDOING, Phase.UNDONE)
