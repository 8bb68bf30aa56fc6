"""The identity of an operator: the authenticated part and the claimed part, kept apart.

`proved` is what a server has verified: the user of the process at the other end of a unix socket, or the token of the
call. `claimed` is the name that the caller gave. An audit keeps both.
"""

from __future__ import annotations

import msgspec


class Operator(msgspec.Struct, frozen=True, omit_defaults=True):
    """An operator's identity. `proved` is empty if nothing was verified."""

    proved: str = ""
    claimed: str = ""

    def __str__(self) -> str:
        return f"{self.proved}, who says {self.claimed}" if self.proved else self.claimed


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(str | Operator).decode


def read(data: bytes) -> Operator:
    """Read an identity from an audit. An old audit holds a plain text, which counts as claimed."""
    return whoever(_decode(data))


def whoever(told: str | Operator) -> Operator:
    return told if isinstance(told, Operator) else Operator(claimed=told)


def write(who: Operator) -> bytes:
    """Write an identity for an audit. Zero bytes are replaced, because Postgres does not store them."""
    return _encode(Operator(*(text.replace("\0", "\ufffd") for text in (who.proved, who.claimed))))
