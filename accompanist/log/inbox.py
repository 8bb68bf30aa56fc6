"""Message rows: encoded for the receiver's inbox, and decoded from it.

A row that cannot be decoded (a newer release wrote it, or a peer wrote nonsense) stays in the inbox, marked as aside.
So no message can crash a sidecar or block the messages behind it.
"""

from __future__ import annotations

import functools
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from accompanist import limits
from accompanist.log.composites import MessageTarget, MessageWrite
from accompanist.log.sessions import decode_header, encode
from accompanist.log.wakeups import NewMessages
from accompanist.runtime.headers import header_fault, place_fault, trace_headers
from accompanist.runtime.messages import Header, Kind, Message, last_byte
from accompanist.runtime.ports import Commit, Delivery

_log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=limits.headers_cached_max)
def _header(data: bytes) -> tuple[Header, str | None]:
    """A decoded header, and what is wrong with it. Cached, because all messages of a session share their header."""
    if len(data) > limits.header_bytes_max:
        raise ValueError("no header is that long")
    header = decode_header(data)
    return header, header_fault(header)


_decode_context = msgspec.json.Decoder(dict[str, str]).decode
_NO_CONTEXT = b"{}"


def _trace(context: bytes) -> dict[str, str]:
    """The trace headers of a message; none if the context is too large."""
    if context == _NO_CONTEXT or len(context) > limits.context_bytes_max:
        return {}
    return trace_headers(_decode_context(context))


# In the order `from_columns` reads them.
STORED = "session, site, sender, receiver, kind, header, payload, context"


def from_columns(stored: Sequence[Any]) -> Message | None:
    """Decode a message from the columns of STORED; None if it cannot be decoded."""
    session, site, sender, receiver, kind, header, payload, context = stored
    try:
        told, fault = _header(header)
        message = Message(
            header=told,
            kind=Kind(kind),
            site=site,
            sender=sender,
            receiver=receiver,
            payload=payload,
            context=_trace(context),
        )
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    broken = message.session.bytes != session.bytes or fault is not None or place_fault(message) is not None
    return None if broken else message


def passed_over(rows: Sequence[tuple[Any, ...]]) -> None:
    """Log the rows (fate, service, session, site, sender, receiver) that could not be decoded: one line for each
    service that wrote some. Rows whose fate is `over` are not logged."""
    unread = [row for row in rows if row[0] == "aside"]
    for service, count in Counter(row[1] for row in unread).items():
        session, site, sender = next(row[2:5] for row in unread if row[1] == service)
        _log.warning(
            "%d inbox rows from %.80s cannot be read, the first: session %s site %.80s from %.80s",
            count, service, session, site, sender,
        )  # fmt: skip


def columns(messages: Sequence[Message]) -> list[Sequence[Any]]:
    """Messages as columns, in the order of STORED."""
    return [
        [m.header.session for m in messages],
        [m.site for m in messages],
        [m.sender for m in messages],
        [m.receiver for m in messages],
        [m.kind.value for m in messages],
        [encode(m.header) for m in messages],
        [m.payload for m in messages],
        [_context(m) for m in messages],
    ]


def _context(message: Message) -> bytes:
    return encode(message.context) if message.context else _NO_CONTEXT


Stored = Sequence[tuple[str, Message]]
"""Messages that are new in inboxes, each with its service."""
HandOver = Callable[[Stored], Stored]
"""Hands messages over that are new in inboxes. Returns those of which the services are to be notified."""


def nothing_handed(stored: Stored) -> Stored:
    """Hand nothing over: the services are to be notified of all."""
    return stored


def told_of(stored: Stored) -> NewMessages:
    """What the services are told of these messages."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for service, message in stored:
        found[service].add(last_byte(message.session))
    return {service: frozenset(bytes) for service, bytes in found.items()}


AWAY = "*"
"""Stands for the schema of a service in another database."""


class Letter(NamedTuple):
    """A message that is about to be delivered. `schema`: of its receiver; AWAY, or '' for an unknown service. `commit`
    and `position`: where its answer belongs in the group of commits."""

    schema: str
    home: bool
    key: tuple[bytes, str, str, str]
    commit: int
    position: int
    message: Message
    service: str


class OutgoingMessages:
    """The messages of a group of commits, sorted by schema and key, so that two senders cannot deadlock."""

    def __init__(self, commits: Sequence[Commit], schemas: Mapping[str, str], away: Collection[str] = ()) -> None:
        self._shape = [len(commit.messages) + len(commit.home) for commit in commits]
        schemas = dict.fromkeys(away, AWAY) | dict(schemas)
        letters = [letter for number, commit in enumerate(commits) for letter in _letters(number, commit, schemas)]
        self.letters = sorted(letters, key=lambda letter: letter[:5])

    def targets(self) -> list[MessageTarget]:
        """Where the letters go, in their order, as `flush` is given it."""
        groups = Counter((letter.schema, letter.home) for letter in self.letters)  # in the order of the letters
        return [MessageTarget(schema=schema, messages=count, home=home) for (schema, home), count in groups.items()]

    def records(self) -> list[MessageWrite]:
        """The letters in their order, as `flush` is given them."""
        return [
            MessageWrite(
                session=message.header.session,
                site=message.site,
                sender=message.sender,
                receiver=message.receiver,
                kind=message.kind.value,
                header=encode(message.header),
                payload=message.payload,
                context=_context(message),
                service=service,
            )
            for *_, message, service in self.letters
        ]

    def answered(self, answers: Sequence[str]) -> list[list[Delivery]]:
        """The answers, per commit, in the order of its `messages` and then its `home`."""
        deliveries = [[Delivery.UNKNOWN] * length for length in self._shape]
        for letter, answer in zip(self.letters, answers, strict=True):
            deliveries[letter.commit][letter.position] = Delivery(answer)
        return deliveries

    def stored(self, answers: Sequence[str]) -> Stored:
        """The messages that are new in an inbox now, each with its service. What is `home` is not among them."""
        return [
            (letter.service, letter.message)
            for letter, answer in zip(self.letters, answers, strict=True)
            if answer == "stored" and not letter.home
        ]

    def bound_for(self, services: Collection[str]) -> NewMessages:
        """Those of these services that have a message in this group."""
        return {letter.service: None for letter in self.letters if letter.service in services}


def accepted(service: str, messages: Sequence[Message], answers: Sequence[str]) -> NewMessages:
    """The service, if it has accepted a message of a peer in another database."""
    found = {
        last_byte(message.session) for message, answer in zip(messages, answers, strict=True) if answer == "stored"
    }
    return {service: frozenset(found)} if found else {}


def _letters(number: int, commit: Commit, schemas: Mapping[str, str]) -> Iterable[Letter]:
    home_from = len(commit.messages)
    for position, message in enumerate((*commit.messages, *commit.home)):
        service = message.header.bindings.get(message.receiver, "")
        key = (message.header.session.bytes, message.site, message.sender, message.receiver)
        # without a shard the fence cannot check that this sidecar still holds it, so `take` has to return the message
        home = position >= home_from and commit.shard is not None
        yield Letter(schemas.get(service, ""), home, key, number, position, message, service)
