"""A small worker for tests, and a program: its argument decides what it does.

python -m tests.worker.bench --url unix:/… --database DSN --install
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from accompanist import Role, query, transaction
from accompanist.worker import Declined, Worker, current_call, main, provision

SCHEMA = "bench_worker"


@dataclass(frozen=True)
class Plank:
    length: int
    wood: str = "oak"


class Bench(Role):
    @transaction
    def saw(self, plank: Plank) -> Plank: ...

    @saw.compensation
    def mend(self, plank: Plank) -> None: ...

    @transaction(retriable=True)
    def paint(self, plank: Plank, colour: str) -> int: ...

    @query
    def look(self, plank: Plank) -> int: ...


worker = Worker(Bench, SCHEMA)
started = asyncio.Event()
go_on = asyncio.Event()


async def install(dsn: str) -> None:
    await provision(dsn, SCHEMA, Path(__file__).with_name("bench.sql"))


async def _note(tx: asyncpg.Connection, what: str) -> None:
    call = current_call()
    await tx.execute(
        "INSERT INTO ledger (session, site, kind, operation) VALUES ($1, $2, $3, $4)",
        call.session,
        call.site,
        call.kind,
        what,
    )


@worker.operation
async def saw(tx: asyncpg.Connection, plank: Plank) -> Plank:
    await _note(tx, "saw")
    match plank.wood:
        case "iron":
            raise Declined("iron is not sawn")
        case "secret":
            raise RuntimeError("the canary sings")
        case "unique":
            await _note(tx, "saw")
        case "wrong":
            return "not a plank"  # type: ignore[return-value]
        case "slow":
            started.set()
            await go_on.wait()
    return Plank(plank.length // 2, plank.wood)


@worker.operation
async def mend(tx: asyncpg.Connection, plank: Plank) -> None:
    if plank.wood == "stubborn":
        raise Declined("it stays sawn")
    await _note(tx, "mend")


@worker.operation
async def paint(tx: asyncpg.Connection, plank: Plank, colour: str) -> int:
    await _note(tx, "paint")
    return plank.length


@worker.operation
async def look(tx: asyncpg.Connection, plank: Plank) -> int:
    if plank.wood == "iron":
        raise Declined("there is none")
    if plank.wood == "writes":
        await tx.execute("DELETE FROM ledger")
    return int(await tx.fetchval("SELECT count(*) FROM ledger"))


if __name__ == "__main__":
    raise SystemExit(main(worker, install))
