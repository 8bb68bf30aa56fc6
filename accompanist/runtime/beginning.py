"""What begins a session at a role that does not know it yet, and so whom a saga has reached.

One definition for whoever has to know: the driver, the explorer, the simulated worlds and those who judge them. Were
it to differ between them, a role could begin for the one and not be there for the other: that is how a role is left
open beside a saga that is over.

The initiator begins with the `start` and with nothing else: everything that others say in a saga follows from it.
At other roles `data` and `choice` begin the program. An `abort` begins what is over at once, so that what comes late
starts nothing. A `cancel` does the same where it is decided about: at the owner of the commit point, which may not have
been reached yet. Whoever passes a cancel on has reached its receiver (`session.py` counts it among the contacts).
"""

from __future__ import annotations

from accompanist.language.program.program import Choreography
from accompanist.runtime.messages import Header, Kind, Message

PROGRAMS = frozenset({Kind.START, Kind.DATA, Kind.CHOICE})
"""What begins a program. A session that knows of one of these has begun."""
BEGINS = PROGRAMS | {Kind.ABORT}


def owner_of(choreography: Choreography, header: Header) -> str:
    """The role that decides about a request to undo: it owns the commit point, or, where there is none, the start."""
    return choreography.commit_role or header.initiator


def owner_of_saga(choreography: Choreography) -> str | None:
    """The same, without a session; None where the choreography cannot be started."""
    return choreography.commit_role or choreography.initiator


def begins(message: Message, choreography: Choreography) -> bool:
    """Whether a message begins a session at its receiver. An event does not: it waits until it is asked for."""
    if message.receiver == message.header.initiator:
        return message.kind is Kind.START
    asked = message.kind is Kind.CANCEL and message.receiver == owner_of(choreography, message.header)
    return asked or message.kind in BEGINS
