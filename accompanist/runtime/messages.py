"""Messages between roles, their identity and their kinds (docs/protocol.md).

A message's identity is (session, site, sender, receiver). The site is a point of the program, never a number drawn at
run time. So a duplicate is the same message, arrival order means nothing, and the same identity with other content is
proof of a divergence.

Not promised: order. Two messages of one sender may arrive in any order; the mailbox sorts them out.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec


class Kind(StrEnum):
    """The kinds of message.

    `start`, `data` and `choice` may begin a session at a role. `abort`, and `cancel` at the owner of the commit point,
    leave a tombstone where there is no session. The others are dropped for an unknown session. `operator` carries an
    operator's verb for one role. `event` comes from outside for one role; it begins no session, and waits in the inbox
    until there is one."""

    START = "start"
    DATA = "data"
    CHOICE = "choice"
    ABORT = "abort"
    COMPENSATED = "compensated"
    CANCEL = "cancel"
    DONE = "done"
    SETTLED = "settled"
    ENDED = "ended"
    OPERATOR = "operator"
    EVENT = "event"


DURABLE, VOLATILE = "durable", "volatile"
"""The modes of a session: its log keeps it, or the memory of the processes that run it (docs/volatile.md)."""


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields that all messages of a session share. `bindings` names the service that plays each role, never an
    address; times are seconds since the epoch; `attributes` are the client's, to find the session by."""

    session: UUID
    choreography: str
    fingerprint: str
    initiator: str
    bindings: dict[str, str]
    started_at: float
    mode: str = DURABLE
    deadline: float | None = None
    attributes: dict[str, str] = {}


Identity = tuple[UUID, str, str, str]
"""Session, site, sender and receiver."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `payload` is canonical JSON: a value (`data`), [label] or [label, value] (`choice`), the
    arguments by name (`start`), or the content of a control message as `runtime.control` lists it.
    `context` holds the W3C headers traceparent, tracestate, baggage."""

    header: Header
    kind: Kind
    site: str
    sender: str
    receiver: str
    payload: bytes
    context: dict[str, str] = {}

    @property
    def session(self) -> UUID:
        return self.header.session

    @property
    def key(self) -> Identity:
        return (self.header.session, self.site, self.sender, self.receiver)


def spoken_by(message: Message, service: str) -> bool:
    """Whether a service plays the role that a message names as its sender. A client's messages come through the
    receiver's own service. `service` must be an authenticated name; a message's own fields prove nothing."""
    bindings = message.header.bindings
    return bindings.get(message.sender or message.receiver) == service


def last_byte(session: UUID) -> int:
    """The last byte of an id, which decides its shard. It is uniform for uuid4, uuid5 and uuid7 alike."""
    return session.int & 0xFF


def shard_of(session: UUID, shards: int) -> int:
    """The shard a session belongs to. The SQL of `deliver()` computes the same."""
    return last_byte(session) % shards
