"""Which messages begin a session at a role that does not know it yet.

The driver, the search, the simulated clusters and their judges share this one definition. If they differed, a role
could have begun for one and not for another, and stay open after its saga is over.

The initiator begins with the `start` only: everything that other roles send in a saga follows from it. At other roles
`data` and `choice` begin the program. An `abort` begins a session that is over at once, so that late messages start
nothing. Where the saga has a commit point, only the initiator and the owner of that point may begin it so; another
role's abort is heard by the owner alone (`runtime.peer_aborts`). A `cancel` does the same at the role that decides
about it: the owner of the commit point, which the saga may not have reached yet. A role that forwards a cancel has
reached its receiver (`session.py` adds it to the contacts).
"""

from __future__ import annotations

from accompanist.language.program.program import Choreography
from accompanist.runtime.messages import Header, Kind, Message

PROGRAMS = frozenset({Kind.START, Kind.DATA, Kind.CHOICE})
"""The kinds that begin a program. A session that has received one of these has begun."""
BEGINS = PROGRAMS | {Kind.ABORT}


def owner_of(choreography: Choreography, header: Header) -> str:
    """The role that decides about a request to undo: the owner of the commit point, or the initiator where there is
    none."""
    return choreography.commit_role or header.initiator


def owner_of_saga(choreography: Choreography) -> str | None:
    """The same, before there is a session; None where the choreography cannot be started."""
    return choreography.commit_role or choreography.initiator


def begins(message: Message, choreography: Choreography) -> bool:
    """Whether a message begins a session at its receiver. An event does not: it waits until the program asks for it."""
    if message.receiver == message.header.initiator:
        return message.kind is Kind.START
    owner = owner_of(choreography, message.header)
    if message.kind is Kind.CANCEL:
        return message.receiver == owner
    if message.kind is Kind.ABORT and choreography.commit_role is not None:
        return message.receiver == owner or message.sender in (message.header.initiator, owner)
    return message.kind in BEGINS
