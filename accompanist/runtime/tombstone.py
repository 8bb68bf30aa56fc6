"""What an abort or a cancel leaves at a role that its session never reached: a row that is over, and nothing else.

Such a role has nothing to undo: what begins a session is in its log before the session begins (Rule 0), so a log that
knows none of it says that nothing was asked of a worker. Nobody has to close a door that was never open. From the row
on, what comes late starts nothing.

What it says is what any role says that is undone (docs/protocol.md), in the same commit: the abort to everyone that its
program can send to, and to the initiator, and that it is undone. The initiator waits for the answers of all that may
have been reached, by what their programs can send, whoever was. At an initiator nothing of this begins anything.

This rests on messages that are in the log before they are acted upon. A form that acts on them earlier has to close.
"""

from __future__ import annotations

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.beginning import PROGRAMS
from accompanist.runtime.control import because, control, left_in, reason_in
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Phase, SessionRow
from accompanist.runtime.requests import CANCELLED, DEADLINE


def leaves_one(message: Message, service: str) -> bool:
    """Whether a message that begins a session at a role of this service leaves a tombstone instead. Not where the
    service plays another role of it: roles of one service hand messages to each other in memory, so that each has to
    be there as long as another is."""
    several = sum(one == service for one in message.header.bindings.values()) > 1
    return message.kind not in PROGRAMS and not several


def tombstone(message: Message, program: RoleProgram) -> tuple[SessionRow, tuple[Message, ...]]:
    """The row, and what is told with it."""
    reason = reason_in(message)
    if message.kind is Kind.CANCEL and reason != DEADLINE:
        reason = f"{CANCELLED}{reason}"
    left = message.kind is Kind.ABORT and left_in(message)
    header, role = message.header, message.receiver
    row = SessionRow(
        header=header,
        role=role,
        phase=Phase.ENDED,
        vote="abort" if message.kind is Kind.CANCEL else None,
        outcome="ended",
        reason=reason,
        context=message.context,
        asked="",
        left=left,
    )
    sends_to = program.projection.sends_to
    aborts = (
        control(header, Kind.ABORT, role, other, because(reason, left))
        for other in sorted({*sends_to, header.initiator} - {role})
    )
    undone = {"reason": reason, "roles": sorted(sends_to)} | ({"left": True} if left else {})
    return row, (*aborts, control(header, Kind.COMPENSATED, role, header.initiator, undone))
