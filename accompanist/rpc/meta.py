"""The metadata of a call, `params._meta`: idempotency key, attempt, deadline and trace.

`docs/worker-contract.md` says what each member means to a worker.

The key is (session, role, site, kind), without the attempt, so that every attempt has the same key. Unset fields are
left out; unknown fields are ignored, so that either side may be newer.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from accompanist import limits

KeyKind = Literal["forward", "compensate"]


class Meta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The metadata of a call. `kind`, on the wire `key`, is part of the key. `timeout_ms`: how long the caller waits
    for this attempt; the worker's own limits follow it. `retriable`: the operation may not decline; a worker that
    declines must record nothing, because the call is retried. `deadline`: the session's, in seconds since the epoch;
    `volatile`: the session is volatile, and its calls are known to the process of this id, which does not fence
    them; `traceparent`, `tracestate` and `baggage` are W3C headers."""

    session: UUID | None = None
    role: str | None = None
    site: str | None = None
    kind: KeyKind = msgspec.field(default="forward", name="key")
    attempt: int = 1
    retriable: bool = False
    timeout_ms: int = limits.call_timeout_ms
    deadline: float | None = None
    volatile: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    baggage: str | None = None

    @property
    def idempotency_key(self) -> str | None:
        """The key as one string, for the HTTP header."""
        if self.session is None or self.role is None or self.site is None:
            return None
        return f"{self.session}/{self.role}/{self.site}/{self.kind}"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Meta)


def write(meta: Meta) -> bytes:
    return _encoder.encode(meta)


def read(data: bytes) -> Meta:
    """Raises msgspec.DecodeError, whose text names path and type only."""
    try:
        return _decoder.decode(data)
    except UnicodeDecodeError:
        raise msgspec.DecodeError("not UTF-8") from None
