"""Which role may send which kind of message to whom: one closed table.

A sidecar knows which service sent a message: a database login or a token proves it, and the header says which roles
that service plays. This table answers the other half: which of these roles may send this kind, to whom, at which site.

Theory
------
The services of a saga belong to different teams, so a neighbour may be broken into. What it can do then is bounded by
what its roles may do in the protocol, and that follows from the choreography alone:

    start, operator, event   come from people and programs of the receiver's own service. No role sends them: their
                             sender is empty, and only the receiver's own service may send with an empty sender
    data, choice             are in the program: the receiver's projection takes this kind from this sender at this
                             point, or the message is refused
    abort                    goes where the sender's program may have sent something (docs/protocol.md), and to the
                             initiator, which collects the answers and forwards it to every role it may have reached
    compensated, done        are answers to the initiator. Only the initiator counts them
    settled, ended           end the saga. Only the initiator sends them, so no other role can release a role from what
                             it has to undo
    cancel, deadline         are requests. A client's request goes to the initiator, which forwards it to the role that
                             decides: the owner of the commit point, or the initiator itself. The timer of a deadline
                             fires at these two, and each tells the role that decides

What a role claims about others is also checked against its program: it can only have reached roles that its program
sends to (`reached_by`). An operator can end a saga with everything left as it is only in a choreography with a commit
point (`leaves`); without one everything can be undone, and is. `ends_by_hand` says which roles may decide that.
`runtime.peer_aborts` says whose abort counts when.

A header belongs to a session if it agrees in what the version fixes: choreography, fingerprint, initiator, bindings,
mode. Deadline, start time and attributes are the initiator's to set. Each role keeps the first values it receives and
never reads later ones. They are not compared: else the participant whose message comes first could shut out the others.

Not promised: that a participant tells the truth. It may send any value that its program could send, abort before the
commit point, stay silent, or leave out a role that it has reached. An initiator may settle or end its own saga as it
likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from accompanist import limits
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.runtime.beginning import owner_of_saga
from accompanist.runtime.control import CLIENT, DEADLINE_SITE, EVENT_SITE, OPERATOR_SITE, closure, roles_in, site_of
from accompanist.runtime.messages import Header, Kind, Message


class Party(StrEnum):
    """Who sends or receives. `client`: people and programs of the receiver's own service. `owner`: the role that
    decides about requests. `role`: any role that the saga can reach. `other`: any such role but the initiator."""

    CLIENT = "client"
    INITIATOR = "initiator"
    OWNER = "owner"
    OTHER = "other"
    ROLE = "role"


class Constraint(StrEnum):
    """A further condition on sender and receiver. `apart`: they are different roles. `sends`: the sender's program can
    send to the receiver. `point`: the receiver's program takes this message from the sender at this point."""

    ANY = "any"
    APART = "apart"
    SENDS = "sends"
    POINT = "point"


class Permission(NamedTuple):
    """A row of the table: who may send a kind of message to whom. `site`: the exact site, or a prefix if it ends in a
    slash."""

    kind: Kind
    site: str
    sender: Party
    receiver: Party
    constraint: Constraint = Constraint.ANY


_AT_A_POINT = ""

TABLE: tuple[Permission, ...] = (
    Permission(Kind.START, site_of(Kind.START), Party.CLIENT, Party.INITIATOR),
    Permission(Kind.OPERATOR, OPERATOR_SITE, Party.CLIENT, Party.ROLE),
    Permission(Kind.EVENT, EVENT_SITE, Party.CLIENT, Party.ROLE),
    Permission(Kind.DATA, _AT_A_POINT, Party.ROLE, Party.ROLE, Constraint.POINT),
    Permission(Kind.CHOICE, _AT_A_POINT, Party.ROLE, Party.ROLE, Constraint.POINT),
    Permission(Kind.ABORT, site_of(Kind.ABORT), Party.ROLE, Party.ROLE, Constraint.SENDS),
    Permission(Kind.ABORT, site_of(Kind.ABORT), Party.OTHER, Party.INITIATOR),
    Permission(Kind.ABORT, site_of(Kind.ABORT), Party.INITIATOR, Party.OTHER),
    Permission(Kind.COMPENSATED, site_of(Kind.COMPENSATED), Party.OTHER, Party.INITIATOR),
    Permission(Kind.DONE, site_of(Kind.DONE), Party.OTHER, Party.INITIATOR),
    Permission(Kind.SETTLED, site_of(Kind.SETTLED), Party.INITIATOR, Party.OTHER),
    Permission(Kind.ENDED, site_of(Kind.ENDED), Party.INITIATOR, Party.OTHER),
    Permission(Kind.CANCEL, site_of(Kind.CANCEL), Party.CLIENT, Party.INITIATOR),
    Permission(Kind.CANCEL, site_of(Kind.CANCEL), Party.INITIATOR, Party.OWNER, Constraint.APART),
    Permission(Kind.CANCEL, DEADLINE_SITE, Party.INITIATOR, Party.OWNER),
    Permission(Kind.CANCEL, DEADLINE_SITE, Party.OWNER, Party.OWNER),
)


def allows(program: RoleProgram, message: Message) -> bool:
    """Whether the role that a message names as its sender may send it to the role that runs `program`. Who really sent
    it is checked elsewhere (`messages.spoken_by`), and so is whether its header is the session's (`alike`)."""
    kind, site, sender = message.kind, message.site, message.sender
    permitted = permissions_for(program)
    if (kind, site, sender) in permitted.exactly:
        return True
    if (kind, sender) in permitted.at_points:
        return program.projection.takes(site, sender, kind.value)
    return any(site.startswith(begins) for begins in permitted.beginning.get((kind, sender), ()))


class Permissions(NamedTuple):
    """What one role of a choreography may receive: its part of the table, indexed for lookup."""

    exactly: frozenset[tuple[Kind, str, str]]
    beginning: dict[tuple[Kind, str], tuple[str, ...]]
    at_points: frozenset[tuple[Kind, str]]


@lru_cache(maxsize=limits.programs_judged_max)
def permissions_for(program: RoleProgram) -> Permissions:
    """The rows of the table for the role that runs a program, with the names of the senders filled in."""
    choreography, receiver = program.choreography, program.role
    exactly: set[tuple[Kind, str, str]] = set()
    beginning: dict[tuple[Kind, str], tuple[str, ...]] = {}
    at_points: set[tuple[Kind, str]] = set()
    for permission in TABLE:
        if receiver not in _playing(permission.receiver, choreography):
            continue
        for sender in _playing(permission.sender, choreography):
            if not _satisfies(permission.constraint, choreography, sender, receiver):
                continue
            if permission.constraint is Constraint.POINT:
                at_points.add((permission.kind, sender))
            elif permission.site.endswith("/"):
                beginning[permission.kind, sender] = (*beginning.get((permission.kind, sender), ()), permission.site)
            else:
                exactly.add((permission.kind, permission.site, sender))
    return Permissions(frozenset(exactly), beginning, frozenset(at_points))


def _playing(party: Party, choreography: Choreography) -> Iterator[str]:
    """The roles that a party stands for in a choreography."""
    initiator = choreography.initiator
    owner = owner_of_saga(choreography)
    match party:
        case Party.CLIENT:
            yield CLIENT
        case Party.INITIATOR:
            yield from [initiator] if initiator is not None else []
        case Party.OWNER:
            yield from [owner] if owner is not None else []
        case Party.ROLE:
            yield from within_reach(choreography)
        case Party.OTHER:
            yield from within_reach(choreography) - {initiator}


def _satisfies(constraint: Constraint, choreography: Choreography, sender: str, receiver: str) -> bool:
    match constraint:
        case Constraint.ANY:
            return True
        case Constraint.APART:
            return sender != receiver
        case Constraint.SENDS | Constraint.POINT:
            return receiver in choreography.projections[sender].sends_to


def within_reach(choreography: Choreography) -> frozenset[str]:
    """Every role that a saga can reach: the initiator, the role that decides about requests, and all roles that these
    can send to."""
    first = {role for role in (choreography.initiator, owner_of_saga(choreography)) if role is not None}
    sends_to = {role: projection.sends_to for role, projection in choreography.projections.items()}
    return closure(first, sends_to) & sends_to.keys()


def reached_by(choreography: Choreography, message: Message) -> frozenset[str]:
    """The roles that the sender of a `done` or `compensated` claims to have reached, without those that its program
    cannot send to. A role that the saga never reached names none."""
    return roles_in(message) & choreography.projections[message.sender].sends_to


def leaves(choreography: Choreography) -> bool:
    """Whether an operator can end a saga of this choreography and leave everything as it is."""
    return choreography.commit_role is not None


def ends_by_hand(choreography: Choreography, role: str) -> bool:
    """Whether an operator at this role may end the saga by hand: only at the roles that decide how it ends."""
    return role in (choreography.initiator, choreography.commit_role)


def heads(header: Header, choreography: Choreography) -> bool:
    """Whether a header can belong to a session of this choreography. The caller compares its bindings."""
    told = (header.choreography, header.fingerprint, header.initiator)
    return told == (choreography.name, choreography.fingerprint, choreography.initiator)


def alike(header: Header, own: Header) -> bool:
    """Whether a message's header agrees with the session's `own` header."""
    return header == own or _decided(header) == _decided(own)


def _decided(header: Header) -> tuple[object, ...]:
    """The fields that the version fixes."""
    return (
        header.session,
        header.choreography,
        header.fingerprint,
        header.initiator,
        header.bindings,
        header.mode,
    )
