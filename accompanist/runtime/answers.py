"""The possible answers to one call to a worker.

A call has exactly one answer. `Replied` and `Declined` are decisions of the worker: they are recorded, and a replay
reads them. The others decide nothing: the transaction may or may not have happened. Only a retry under the same
idempotency key, or a close of the session at the worker, tells which (docs/protocol.md). `Fault` is everything that the
worker contract does not call an answer: no connection, a timeout, a malformed response. Texts never carry a payload.
"""

from __future__ import annotations

import msgspec


class Replied(msgspec.Struct, frozen=True):
    """The worker's reply, as the JSON bytes it sent."""

    value: bytes


class Declined(msgspec.Struct, frozen=True):
    """A declared business failure: the worker decided against the operation, and answers the same for ever. From an
    operation that may not decline, this counts as a fault."""

    reason: str


BUSY = "busy"
"""What an overloaded worker answers. It has not begun the call, so nothing has failed."""


class RetryLater(msgspec.Struct, frozen=True):
    """The worker could not decide now: a lock, its database, a shutdown. From a worker without a fence, it also means
    that nothing was done."""

    text: str


class Closed(msgspec.Struct, frozen=True):
    """The session is closed at this worker: its fence refuses every forward call."""


class Reused(msgspec.Struct, frozen=True):
    """The worker knows this idempotency key with other arguments: proof of a divergence."""

    text: str


class Gone(msgspec.Struct, frozen=True):
    """The worker does not know what became of this call of a volatile session: the process that knew the session's
    calls has ended, or the connection to its database broke at COMMIT."""


class Missing(msgspec.Struct, frozen=True):
    """The worker has no such method. Without `accompanist.close` it has no fence."""

    method: str


class Fault(msgspec.Struct, frozen=True):
    """No usable answer: whether the operation took effect is unknown.

    `silent`: the worker sent nothing at all; it, or the network to it, is down. `away`: it has not even read the call:
    nobody listens, or the connection was reset first. `refused`: it read the call and rejects it as it is, or the call
    is too large to be sent."""

    text: str
    silent: bool = False
    away: bool = False
    refused: bool = False


Answer = Replied | Declined | RetryLater | Closed | Reused | Gone | Missing | Fault
