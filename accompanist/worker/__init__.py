"""The SDK for workers in Python, and the fence that workers in any language use (`docs/worker-contract.md`).

from accompanist.worker import Declined, Worker, main

worker = Worker(Payment, schema="payment")

@worker.operation
async def charge(tx: asyncpg.Connection, reservation: Reservation, tier: Tier) -> Receipt: ...

if __name__ == "__main__":
    raise SystemExit(main(worker, install))
"""

from accompanist.worker.execution import Declined, current_call
from accompanist.worker.process import main, start
from accompanist.worker.provision import provision
from accompanist.worker.sdk import Worker

__all__ = ["Declined", "Worker", "current_call", "main", "provision", "start"]
