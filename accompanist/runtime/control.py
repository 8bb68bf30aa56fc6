"""Control messages: the messages of the protocol itself, how they are built and read.

Their site is a name that no program point can have, so each (kind, sender, receiver) exists once in a session:

    !start        {"parameter": value, ...}             from the client, to the initiator
    !done         ["role", ...]                          the roles that the voter has sent to
    !abort        "reason"                               or {"reason": ..., "left": true}: nothing is to be undone
    !compensated  {"reason": ..., "roles": ["role", ...]}  why, and every role that the sender's projection can send
                                                         to; with "left": true where nothing is to be undone
    !cancel       "reason"
    !deadline     "deadline"                            also a cancel; its own site, because a client may cancel, too
    !settled      null
    !ended        "reason"
    !event/NAME   the event's value                      from outside, by the service that plays the receiver
    !operator/ID  {"verb": ..., "who": ..., "why": ...}  from an operator of the service that plays the receiver

`runtime.authority` says who may send which of these to whom.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
import orjson

from accompanist.runtime.headers import words
from accompanist.runtime.messages import Header, Kind, Message

CLIENT = ""
"""The sender of `!start` and of a client's `!cancel`: no role has an empty name."""


EVENT_SITE = "!event/"
OPERATOR_SITE = "!operator/"


def event(session: UUID, role: str, service: str, name: str, payload: bytes, at: float) -> Message:
    """An event from outside for a role. It may come before its session is known, so its header names only the session
    and the service that plays the role. Only that service may send it."""
    header = Header(
        session=session, choreography="", fingerprint="", initiator="", bindings={role: service}, started_at=at
    )
    return Message(
        header=header, kind=Kind.EVENT, site=f"{EVENT_SITE}{name}", sender=CLIENT, receiver=role, payload=payload
    )


DEADLINE_SITE = "!deadline"


def site_of(kind: Kind) -> str:
    return f"!{kind.value}"


def control(
    header: Header, kind: Kind, sender: str, receiver: str, content: Any = None, site: str | None = None
) -> Message:
    """Build a control message. The table above says what its `content` is, by kind or by `site`."""
    return Message(
        header=header,
        kind=kind,
        site=site or site_of(kind),
        sender=sender,
        receiver=receiver,
        payload=orjson.dumps(content, option=orjson.OPT_SORT_KEYS),
    )


class Compensated(msgspec.Struct):
    """The payload of a `compensated`."""

    reason: str
    roles: list[str]
    left: bool = False


class Aborted(msgspec.Struct):
    """The payload of an `abort` that carries more than its reason."""

    reason: str
    left: bool = False


def because(reason: str, left: bool) -> str | dict[str, str | bool]:
    """The content of an `abort` message."""
    return {"reason": reason, "left": True} if left else reason


def left_in(message: Message) -> bool:
    """Whether an `abort` or `compensated` says that an operator ended the saga and nothing is to be undone."""
    try:
        if message.kind is Kind.COMPENSATED:
            return msgspec.json.decode(message.payload, type=Compensated).left
        return msgspec.json.decode(message.payload, type=Aborted).left
    except msgspec.DecodeError:
        return False


def roles_in(message: Message) -> frozenset[str]:
    """The roles that a `done` or `compensated` names. A malformed payload reads as none."""
    try:
        if message.kind is Kind.COMPENSATED:
            return frozenset(msgspec.json.decode(message.payload, type=Compensated).roles)
        return frozenset(msgspec.json.decode(message.payload, type=list[str]))
    except msgspec.DecodeError:
        return frozenset()


def reason_in(message: Message) -> str:
    """The reason that an `abort`, `compensated`, `cancel` or `ended` gives, as one line within its bound."""
    try:
        if message.kind is Kind.COMPENSATED:
            reason = msgspec.json.decode(message.payload, type=Compensated).reason
        else:
            said = msgspec.json.decode(message.payload, type=str | Aborted)
            reason = said if isinstance(said, str) else said.reason
    except msgspec.DecodeError:
        return "no reason given"
    return words(reason)


def closure(first: Iterable[str], said: dict[str, frozenset[str]]) -> frozenset[str]:
    """The transitive closure: every role reached from `first` through the roles that each said it reaches."""
    reached: set[str] = set()
    frontier = list(first)
    while frontier:
        role = frontier.pop()
        if role not in reached:
            reached.add(role)
            frontier.extend(said.get(role, ()))
    return frozenset(reached)
