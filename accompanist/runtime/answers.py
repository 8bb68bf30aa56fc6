"""What became of one call to a worker, as the session core is told it.

A call has exactly one answer. `Replied` and `Declined` are decisions of the worker: they are recorded and replay reads
them. The others decide nothing: the transaction may or may not have happened, and only asking again under the same key,
or closing the session at the worker, tells which (docs/protocol.md). `Fault` is everything that is not an answer in the
sense of the contract: no connection, no time left, nonsense. Texts never carry a payload.
"""

from __future__ import annotations

import msgspec


class Replied(msgspec.Struct, frozen=True):
    """The worker's reply, as the JSON bytes it sent."""

    value: bytes


class Declined(msgspec.Struct, frozen=True):
    """A declared failure: the worker decided against it, and will say so for ever. Of an operation that may not
    decline it is a fault."""

    reason: str


BUSY = "busy"
"""The word of a worker that has too much to do now: it has not begun, so nothing has failed."""


class RetryLater(msgspec.Struct, frozen=True):
    """The worker could not decide now: a lock, its database, a shutdown. Of a worker without a fence it says that
    nothing was done."""

    text: str


class Closed(msgspec.Struct, frozen=True):
    """The session was closed at this worker: no forward call is let in any more."""


class Reused(msgspec.Struct, frozen=True):
    """The worker holds this key with other arguments: proof of a divergence."""

    text: str


class Missing(msgspec.Struct, frozen=True):
    """The worker has no such method (for `accompanist.close`: it has no fence)."""

    method: str


class Fault(msgspec.Struct, frozen=True):
    """No answer that means anything. The effect is unknown. `silent`: the worker said nothing at all; it is away, or
    the way to it is. `away`: it has not even read the call: nobody listens, or the connection was reset before.
    `refused`: it read the call and cannot take it as it is, or it is too large to be sent."""

    text: str
    silent: bool = False
    away: bool = False
    refused: bool = False


Answer = Replied | Declined | RetryLater | Closed | Reused | Missing | Fault
