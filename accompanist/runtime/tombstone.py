"""Tombstones: the row that an abort or a cancel leaves at a role that its session never reached.

Such a role has nothing to undo. A message that begins a session is in the log before the session begins (Rule 0), so a
log without one proves that the worker was never called, and need not be closed. Once the tombstone stands, late
messages start nothing.

The same commit sends what every undone role sends (docs/protocol.md): the abort to every role that its program can send
to, and to the initiator; and `compensated` to the initiator. The initiator waits for the answers of all roles that may
have been reached, so this one must answer, too. The initiator itself never gets a tombstone.

This relies on Rule 0: a message is in the log before it is acted upon. Under early release (docs/durability.md) it is
not, so a role with transactions leaves no tombstone: the abort begins a session there. Its worker is closed, and what
the fence lists is compensated, before the role answers.

Such a session is over at once, as here, if its worker had done nothing (`SessionState.never_began`). It may not wait
for the initiator, who may not know the session: then nobody would ever say that it has ended. Nor need it: its door is
shut, so nothing will ever be done here; it has told all that a tombstone tells, in the same commit; and an end without
an effect agrees with whatever the saga comes to, since nobody settles without the vote of a role that was reached. In
the proved protocol this is the same rule, `bury` of docs/proofs/Saga.v. A session whose worker has done something waits
for the initiator's word: it is kept, and its fence with it, as long as messages of the saga may come.

    abort for an unknown session        its worker     lists nothing     ended: over at once
              │                          │             lists effects     undone: waits for `ended`
              ▼                          ▼
        running ── close ──▶ closing ── closed ──▶ undoing ─▶ undone
"""

from __future__ import annotations

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.beginning import PROGRAMS
from accompanist.runtime.control import because, control, left_in, reason_in
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Phase, SessionRow
from accompanist.runtime.requests import CANCELLED, DEADLINE


def leaves_one(message: Message, service: str, *, closes: bool = False) -> bool:
    """Whether a message leaves a tombstone instead of beginning a session at a role of this service. Not if the service
    plays several roles of the session: they hand messages to each other in memory, so each needs a session. Nor if the
    role `closes` what it does not know: it may have acted before anything was in its log, and has transactions."""
    several = sum(one == service for one in message.header.bindings.values()) > 1
    return message.kind not in PROGRAMS and not several and not closes


def tombstone(message: Message, program: RoleProgram) -> tuple[SessionRow, tuple[Message, ...]]:
    """The row of a tombstone, and the messages that its commit sends."""
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
