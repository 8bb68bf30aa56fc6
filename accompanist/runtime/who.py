"""Who did something by hand: what was proved of him, and what he says of himself, never mixed.

Proved is what a server saw for itself: the user of the process at the other end of a unix socket, or the token that
came with the call. Claimed is a word of whoever called. An audit keeps both, each in its place.
"""

from __future__ import annotations

import msgspec


class Who(msgspec.Struct, frozen=True, omit_defaults=True):
    """`proved` is empty where nothing was."""

    proved: str = ""
    claimed: str = ""

    def __str__(self) -> str:
        return f"{self.proved}, who says {self.claimed}" if self.proved else self.claimed


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(str | Who).decode


def read(data: bytes) -> Who:
    """From an audit. One from before the two were kept apart is a text; what it says counts as claimed."""
    return whoever(_decode(data))


def whoever(told: str | Who) -> Who:
    return told if isinstance(told, Who) else Who(claimed=told)


def write(who: Who) -> bytes:
    """For an audit, which has no zero bytes."""
    return _encode(Who(*(text.replace("\0", "\ufffd") for text in (who.proved, who.claimed))))
