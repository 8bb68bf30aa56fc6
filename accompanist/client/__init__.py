"""The client of a service's sidecar: start sagas, wait for their results, signal, cancel, list and watch them.

    async with Client("http://127.0.0.1:7101", token_file="console.token") as client:
        session = await client.start(fulfil_order, order, key=f"order-{order.number}")
        parcel = await session.result()

`SyncClient` is the same without `await`. Arguments and results are typed by the choreography itself. An error of the
sidecar is raised as `Refused`, with its code; a saga that was undone as `Undone`, with its reason.

A request that may have been lost is sent again, for `patience_s`: every start has a key, which is drawn where none is
given, so a repeated start is the same session. Where to begin reading: `operations`, which decides what is sent and
sent again, without a network; `asynchronous` and `synchronous` carry it out.

Not promised: that a key that was drawn here outlives this process. Give one of your own where a start must not be
repeated after a crash of the caller: an order's number.

Imports: `language.values` for values on the wire, `rpc` for addresses and tokens, nothing of a sidecar.
"""

from __future__ import annotations

from accompanist.client.answers import NotOver, Refused, SagaLost, SagaState, Undone, Unreachable
from accompanist.client.asynchronous import Client, SessionHandle
from accompanist.client.synchronous import SyncClient, SyncSessionHandle

__all__ = [
    "Client",
    "NotOver",
    "Refused",
    "SagaLost",
    "SagaState",
    "SessionHandle",
    "SyncClient",
    "SyncSessionHandle",
    "Undone",
    "Unreachable",
]
