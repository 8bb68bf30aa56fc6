"""The SDK for workers in Python, and the fence that workers in any language use.

    from accompanist.worker import Declined, Worker, main

    worker = Worker(Payment, schema="payment")

    @worker.operation
    async def charge(tx: asyncpg.Connection, reservation: Reservation, tier: Tier) -> Receipt: ...

    if __name__ == "__main__":
        raise SystemExit(main(worker, install))

What it promises. The effect of an operation, its key and its reply are one commit in the worker's database, so it is
executed once however often it is called. A closed session takes no more calls, and lists what was executed, in commit
order. Arguments are checked against the role's types before the operation begins.

What it does not promise. Anything of effects outside the transaction that is handed to the operation.

What it imports. `rpc` to serve, `telemetry` for its span, and of `log` the addresses and settings of Postgres. A worker
needs no sidecar in its process. `language` gives the role's types; nothing of a choreography is compiled here.

Where to begin.
    accompanist/worker/fence.sql     the fence: states, locks, levels of isolation, and its functions
    accompanist/worker/sdk.py        how a worker's author writes operations
    accompanist/worker/execution.py  one call, as transactions
    accompanist/worker/conformance   the conformance suite for workers in any language
"""

from accompanist.worker.execution import Declined, current_call
from accompanist.worker.process import main, start
from accompanist.worker.provision import provision
from accompanist.worker.sdk import Worker

__all__ = ["Declined", "Worker", "current_call", "main", "provision", "start"]
