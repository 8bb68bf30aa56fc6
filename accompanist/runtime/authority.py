"""Who may say what: one closed table, from a kind of message to those whose word it is.

A sidecar knows which service speaks: a database login or a token proves it, and the header says which roles that
service plays. This table is about the other half: which of these roles may say such a thing, to whom, and where.

Theory
------
The services of a saga belong to different teams, so a neighbour may be broken into. What it can do then is bounded by
what its roles may do in the protocol, and that follows from the choreography alone:

    start, operator, event   are for people and programs of one's own service. They have no sender among the roles, and
                             only the receiver's own service may speak for nobody
    data, choice             are written in the program: the receiver's projection takes that kind from that sender at
                             that point, or it does not
    abort                    goes where the sender's program may have sent something (docs/protocol.md), and to the
                             initiator, who collects the answers and passes it on to whoever the saga may have reached
    compensated, done        are answers to the initiator. Nobody else counts them
    settled, ended           end the saga, and only the initiator counts the answers. So no role can release another
                             from what it has to undo
    cancel, deadline         are requests. A client's comes to the initiator, who passes it on to the role that decides:
                             the owner of the commit point, or the initiator itself. The timer of a deadline is heard by
                             these two, and each tells it to the role that decides

What a role says about others is compared with its program, too: it can have reached those that its program sends to,
and no others (`reached_by`). And only a choreography with a commit point can be ended by hand with everything left as
it is (`leaves`): without one everything can be undone, so it is. Whose word that is says `ends_by_hand`; whose abort
counts when, `runtime.undone`.

A header is the session's own if it says alike what the version decides: choreography, fingerprint, initiator, bindings,
mode. Deadline, time and attributes are the initiator's to say, and every role keeps those it heard first; what a later
message says of them is read by nobody. Were they compared, a participant that speaks first could shut out all others.

Not promised: that a participant tells the truth where its word counts. It may send any value that its program could
send, abort before the commit point, stay silent, or leave out a role that it has reached when it says whom. An
initiator may settle or end its own saga as it likes.
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


class Part(StrEnum):
    """What a role is in a saga. `role`: any that the saga can reach; `other`: any such beside the initiator."""

    CLIENT = "client"
    INITIATOR = "initiator"
    OWNER = "owner"
    OTHER = "other"
    ROLE = "role"


class Tie(StrEnum):
    """What else has to hold between sender and receiver. `apart`: they are two. `sends`: the sender's program can send
    to the receiver. `point`: the receiver's program takes it from the sender at that point."""

    ANY = "any"
    APART = "apart"
    SENDS = "sends"
    POINT = "point"


class Word(NamedTuple):
    """A row: who may say it to whom. `site`: where; one that ends in a slash is how it begins."""

    kind: Kind
    site: str
    sender: Part
    receiver: Part
    tie: Tie = Tie.ANY


_AT_A_POINT = ""

TABLE: tuple[Word, ...] = (
    Word(Kind.START, site_of(Kind.START), Part.CLIENT, Part.INITIATOR),
    Word(Kind.OPERATOR, OPERATOR_SITE, Part.CLIENT, Part.ROLE),
    Word(Kind.EVENT, EVENT_SITE, Part.CLIENT, Part.ROLE),
    Word(Kind.DATA, _AT_A_POINT, Part.ROLE, Part.ROLE, Tie.POINT),
    Word(Kind.CHOICE, _AT_A_POINT, Part.ROLE, Part.ROLE, Tie.POINT),
    Word(Kind.ABORT, site_of(Kind.ABORT), Part.ROLE, Part.ROLE, Tie.SENDS),
    Word(Kind.ABORT, site_of(Kind.ABORT), Part.OTHER, Part.INITIATOR),
    Word(Kind.ABORT, site_of(Kind.ABORT), Part.INITIATOR, Part.OTHER),
    Word(Kind.COMPENSATED, site_of(Kind.COMPENSATED), Part.OTHER, Part.INITIATOR),
    Word(Kind.DONE, site_of(Kind.DONE), Part.OTHER, Part.INITIATOR),
    Word(Kind.SETTLED, site_of(Kind.SETTLED), Part.INITIATOR, Part.OTHER),
    Word(Kind.ENDED, site_of(Kind.ENDED), Part.INITIATOR, Part.OTHER),
    Word(Kind.CANCEL, site_of(Kind.CANCEL), Part.CLIENT, Part.INITIATOR),
    Word(Kind.CANCEL, site_of(Kind.CANCEL), Part.INITIATOR, Part.OWNER, Tie.APART),
    Word(Kind.CANCEL, DEADLINE_SITE, Part.INITIATOR, Part.OWNER),
    Word(Kind.CANCEL, DEADLINE_SITE, Part.OWNER, Part.OWNER),
)


def allows(program: RoleProgram, message: Message) -> bool:
    """Whether the role that a message says it is from may say it to the role that runs `program`. Who really speaks is
    proved elsewhere (`messages.spoken_by`), and so is that the header is the session's own (`alike`)."""
    kind, site, sender = message.kind, message.site, message.sender
    words = words_for(program)
    if (kind, site, sender) in words.exactly:
        return True
    if (kind, sender) in words.at_points:
        return program.projection.takes(site, sender, kind.value)
    return any(site.startswith(begins) for begins in words.beginning.get((kind, sender), ()))


class Words(NamedTuple):
    """What one role of a choreography may be told: its part of the table, to be looked up in."""

    exactly: frozenset[tuple[Kind, str, str]]
    beginning: dict[tuple[Kind, str], tuple[str, ...]]
    at_points: frozenset[tuple[Kind, str]]


@lru_cache(maxsize=limits.programs_judged_max)
def words_for(program: RoleProgram) -> Words:
    """The rows of the table for the role that runs a program, with the names of those who may say it."""
    choreography, receiver = program.choreography, program.role
    exactly: set[tuple[Kind, str, str]] = set()
    beginning: dict[tuple[Kind, str], tuple[str, ...]] = {}
    at_points: set[tuple[Kind, str]] = set()
    for word in TABLE:
        if receiver not in _playing(word.receiver, choreography):
            continue
        for sender in _playing(word.sender, choreography):
            if not _tied(word.tie, choreography, sender, receiver):
                continue
            if word.tie is Tie.POINT:
                at_points.add((word.kind, sender))
            elif word.site.endswith("/"):
                beginning[word.kind, sender] = (*beginning.get((word.kind, sender), ()), word.site)
            else:
                exactly.add((word.kind, word.site, sender))
    return Words(frozenset(exactly), beginning, frozenset(at_points))


def _playing(part: Part, choreography: Choreography) -> Iterator[str]:
    """The names of those who are that in a choreography."""
    initiator = choreography.initiator
    owner = owner_of_saga(choreography)
    match part:
        case Part.CLIENT:
            yield CLIENT
        case Part.INITIATOR:
            yield from [initiator] if initiator is not None else []
        case Part.OWNER:
            yield from [owner] if owner is not None else []
        case Part.ROLE:
            yield from within_reach(choreography)
        case Part.OTHER:
            yield from within_reach(choreography) - {initiator}


def _tied(tie: Tie, choreography: Choreography, sender: str, receiver: str) -> bool:
    match tie:
        case Tie.ANY:
            return True
        case Tie.APART:
            return sender != receiver
        case Tie.SENDS | Tie.POINT:
            return receiver in choreography.projections[sender].sends_to


def within_reach(choreography: Choreography) -> frozenset[str]:
    """Every role that a saga can reach: the initiator, who decides about requests, and all that these can send to."""
    first = {role for role in (choreography.initiator, owner_of_saga(choreography)) if role is not None}
    sends_to = {role: projection.sends_to for role, projection in choreography.projections.items()}
    return closure(first, sends_to) & sends_to.keys()


def reached_by(choreography: Choreography, message: Message) -> frozenset[str]:
    """Whom the sender of a `done` or `compensated` has reached: what it says, as far as its program can send there. A
    role that its session never reached has reached nobody, and says so."""
    return roles_in(message) & choreography.projections[message.sender].sends_to


def leaves(choreography: Choreography) -> bool:
    """Whether a saga can be ended by hand with everything left as it is."""
    return choreography.commit_role is not None


def ends_by_hand(choreography: Choreography, role: str) -> bool:
    """Whether a role's operator may do that: of those only whose decision the saga's end is."""
    return role in (choreography.initiator, choreography.commit_role)


def heads(header: Header, choreography: Choreography) -> bool:
    """Whether a header can be one of a session of this choreography. Its bindings are compared by whoever has them."""
    told = (header.choreography, header.fingerprint, header.initiator)
    return told == (choreography.name, choreography.fingerprint, choreography.initiator)


def alike(header: Header, own: Header) -> bool:
    """Whether a message's header is that of the session whose `own` header is given."""
    return header == own or _decided(header) == _decided(own)


def _decided(header: Header) -> tuple[object, ...]:
    """What the version decides."""
    return (
        header.session,
        header.choreography,
        header.fingerprint,
        header.initiator,
        header.bindings,
        header.mode,
    )
