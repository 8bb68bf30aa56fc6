"""What is said on a link, over which one sidecar hands messages to another (`accompanist.sidecar.links`).

    caller -> {"link": 1, "service": "payment", "proof": "9c0e…"}       first, once: who calls
    caller <- {"link": 1, "early": true}                                it is believed, and may hand messages early
    caller -> {"messages": […]}                                         messages, as `rpc.peers` writes them
    caller -> {"early": true, "messages": […]}                          messages whose commit follows
    caller <- {"elsewhere": [3, 60]}                                    shards that the sidecar does not hold (any more)

Each is one frame (`rpc.framing`), and none is answered but the first. With volatile sessions (docs/volatile.md):

    caller <- {"link": 1, "volatile": "4c1d…"}                          it takes them, and this is its process
    caller -> {"volatile": "77ab…", "messages": […], "lost": […]}       their messages, from this process of the caller
    caller <- {"lost": [{"session": "…", "reason": "…"}]}               sessions that cannot go on there

A sidecar of a release without volatile sessions names no process, and is sent none of theirs.

Not promised: that messages arrive. Those of durable sessions are in the receiver's inbox before they are handed over;
early ones will be there, unless their sender dies first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from accompanist import limits
from accompanist.rpc import peers, strict
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import DURABLE, VOLATILE, Message

VERSION = 1


class Hello(msgspec.Struct, forbid_unknown_fields=True):
    """Who calls. `proof`: in hexadecimal digits."""

    link: int
    service: str
    proof: str


class Told(msgspec.Struct):
    """What a sidecar says to its caller: that it is believed (`link`), whether it takes messages `early`, and its
    process if it takes volatile sessions; which shards are held elsewhere; which volatile sessions are lost."""

    link: int = 0
    early: bool = False
    elsewhere: list[int] = []
    volatile: str = ""
    lost: list[Lost] = []


class _Handed(msgspec.Struct):
    messages: msgspec.Raw
    early: bool = False
    volatile: str = ""
    lost: list[Lost] = []


class Handed(NamedTuple):
    """What a caller hands over. `early`: before its commit. `process`: of the caller, if the messages are of volatile
    sessions."""

    messages: Sequence[Message]
    early: bool
    process: str
    lost: Sequence[Lost]


class Unreadable(Exception):
    """What came is no such frame."""


_hello = msgspec.json.Decoder(Hello)
_told = msgspec.json.Decoder(Told)
_handed = msgspec.json.Decoder(_Handed)


def hello(service: str, proof: bytes) -> bytes:
    """Say who calls."""
    return msgspec.json.encode(Hello(VERSION, service, proof.hex()))


def read_hello(body: bytes) -> tuple[str, bytes]:
    """The service that a caller says it is, and its proof. Raises Unreadable."""
    try:
        strict.check(body, limits.hello_bytes_max, limits.hello_parts_max)
        said = _hello.decode(body)
        shown = bytes.fromhex(said.proof)
    except (strict.Malformed, msgspec.DecodeError, ValueError):
        raise Unreadable("it does not say who calls") from None
    if said.link != VERSION:
        raise Unreadable(f"it speaks version {said.link} of a link")
    return said.service, shown


def believed(process: str = "", *, early: bool = False) -> bytes:
    """Answer a caller that it is believed. `process`: ours, if it takes volatile sessions; `early`: whether it may hand
    messages over before their commit."""
    return msgspec.json.encode(Told(link=VERSION, early=early, volatile=process))


def cannot_go_on(lost: Sequence[Lost]) -> bytes:
    """Say that these volatile sessions cannot go on here."""
    return msgspec.json.encode(Told(lost=list(lost)))


def volatile(process: str, messages: Sequence[Message], lost: Sequence[Lost] = ()) -> Iterator[bytes]:
    """The frames that carry messages of volatile sessions, and lost ones, from this process."""
    said = b'{"volatile":' + msgspec.json.encode(process) + b","
    if lost:
        yield said + b'"messages":[],"lost":' + msgspec.json.encode(list(lost)) + b"}"
    for _, arguments in peers.calls(messages):
        yield said + arguments[1:]


def elsewhere(shards: Sequence[int]) -> bytes:
    """Say that these shards are not held here."""
    return msgspec.json.encode(Told(elsewhere=list(shards)))


def read_told(body: bytes) -> Told:
    """What a sidecar says to its caller. Raises Unreadable."""
    try:
        strict.check(body, limits.told_bytes_max, limits.told_parts_max)
        return _told.decode(body)
    except (strict.Malformed, msgspec.DecodeError):
        raise Unreadable("it is no answer on a link") from None


def early(handed: bytes) -> bytes:
    """Say of messages that are handed over that their commit follows."""
    return b'{"early":true,' + handed[1:]


def read_handed(body: bytes) -> Handed:
    """What was handed over. Raises Unreadable."""
    try:
        strict.check(body)
        said = _handed.decode(body)
        messages = peers.read(bytes(said.messages), VOLATILE if said.volatile else DURABLE)
    except (strict.Malformed, msgspec.DecodeError, UnicodeDecodeError):
        raise Unreadable("it is no list of messages") from None
    if any(len(message.payload) > limits.payload_bytes_max for message in messages):
        raise Unreadable("a message is larger than any that is stored")
    if len(said.volatile) > limits.name_chars_max or len(said.lost) > limits.relay_rows_max:
        raise Unreadable("what it says of volatile sessions is too long")
    return Handed(messages, said.early, said.volatile, said.lost if said.volatile else ())
