"""What is said on a link, over which one sidecar hands messages to another (`accompanist.sidecar.links`).

    caller -> {"link": 1, "service": "payment", "proof": "9c0e…"}       first, once: who calls
    caller <- {"link": 1, "early": true}                                it is believed, and may hand messages early
    caller -> {"messages": […]}                                         messages, as `rpc.peers` writes them
    caller -> {"early": true, "messages": […]}                          messages whose commit follows
    caller <- {"elsewhere": [3, 60]}                                    shards that the sidecar does not hold (any more)

Each is one frame (`rpc.framing`), and none is answered but the first.

Not promised: that messages arrive. They are in the receiver's inbox before they are handed over; early ones will be
there, unless their sender dies first.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accompanist import limits
from accompanist.rpc import peers, strict
from accompanist.runtime.messages import Message

VERSION = 1


class Hello(msgspec.Struct, forbid_unknown_fields=True):
    """Who calls. `proof`: in hexadecimal digits."""

    link: int
    service: str
    proof: str


class Told(msgspec.Struct):
    """What a sidecar says to its caller: that it is believed (`link`), and whether it takes messages `early`; or which
    shards are held elsewhere."""

    link: int = 0
    early: bool = False
    elsewhere: list[int] = []


class _Handed(msgspec.Struct):
    messages: msgspec.Raw
    early: bool = False


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


def believed() -> bytes:
    """Answer a caller that it is believed."""
    return msgspec.json.encode(Told(link=VERSION, early=True))


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


def read_messages(body: bytes) -> tuple[list[Message], bool]:
    """Messages that were handed over, and whether that was early. Raises Unreadable."""
    try:
        strict.check(body)
        handed = _handed.decode(body)
        messages = peers.read(bytes(handed.messages))
    except (strict.Malformed, msgspec.DecodeError, UnicodeDecodeError):
        raise Unreadable("it is no list of messages") from None
    if any(len(message.payload) > limits.payload_bytes_max for message in messages):
        raise Unreadable("a message is larger than any that is stored")
    return messages, handed.early
