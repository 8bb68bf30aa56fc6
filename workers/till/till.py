"""The till's worker in Python: what the conformance suite's cases expect of one, with the SDK.

python -m workers.till.till --url unix:/run/till.sock --database DSN --install
"""

from __future__ import annotations

from pathlib import Path

import asyncpg

from accompanist.worker import Declined, Worker, current_call, main, provision
from workers.till.messages import Entry, Slip
from workers.till.roles import Till

SCHEMA = "till_worker"
PAUSE_MS_MAX = 2_000

worker = Worker(Till, SCHEMA)


async def install(dsn: str) -> None:
    await provision(dsn, SCHEMA, Path(__file__).with_suffix(".sql"))


@worker.operation
async def put(tx: asyncpg.Connection, drawer: str, entry: Entry) -> Slip:
    if entry.cents < 1:
        raise Declined("nothing to put in")
    if drawer.startswith("broken-"):
        mended = await tx.fetchval("SELECT EXISTS (SELECT FROM mended WHERE drawer = $1)", drawer)
        if not mended:
            raise RuntimeError("the drawer is jammed")
    call = current_call()
    number = await tx.fetchval(
        """
        WITH held AS (INSERT INTO drawer (name, cents) VALUES ($3, $4)
                      ON CONFLICT (name) DO UPDATE SET cents = drawer.cents + excluded.cents),
             told AS (INSERT INTO ledger (drawer, operation) VALUES ($3, 'put'))
        INSERT INTO slip (session, site, drawer, cents) VALUES ($1, $2, $3, $4) RETURNING number
        """,
        call.session,
        call.site,
        drawer,
        entry.cents,
    )
    if entry.pause_ms > 0:
        await tx.execute("SELECT pg_sleep($1::float8 / 1000)", min(entry.pause_ms, PAUSE_MS_MAX))
    return Slip(number, entry.cents, entry.note)


@worker.operation
async def take_back(tx: asyncpg.Connection, drawer: str, entry: Entry) -> None:
    call = current_call()
    taken = await tx.fetchval(
        """
        WITH undone AS (UPDATE slip SET taken_back = true
                         WHERE session = $1 AND site = $2 AND NOT taken_back RETURNING drawer, cents),
             back AS (UPDATE drawer d SET cents = d.cents - u.cents FROM undone u WHERE d.name = u.drawer),
             told AS (INSERT INTO ledger (drawer, operation) SELECT drawer, 'take_back' FROM undone)
        SELECT count(*) FROM undone
        """,
        call.session,
        call.site,
    )
    if taken != 1:
        raise RuntimeError("what is to be taken back is not there")


@worker.operation
async def pay(tx: asyncpg.Connection, drawer: str, cents: int) -> Slip:
    if cents < 1:
        raise Declined("nothing to pay out")
    call = current_call()
    number = await tx.fetchval(
        """
        WITH taken AS (UPDATE drawer SET cents = cents - $4 WHERE name = $3 AND cents >= $4 RETURNING name),
             told AS (INSERT INTO ledger (drawer, operation) SELECT name, 'pay' FROM taken)
        INSERT INTO slip (session, site, drawer, cents) SELECT $1, $2, name, $4 FROM taken RETURNING number
        """,
        call.session,
        call.site,
        drawer,
        cents,
    )
    if number is None:
        raise Declined("not enough in the drawer")
    return Slip(number, cents, "")


@worker.operation
async def mend(tx: asyncpg.Connection, drawer: str) -> None:
    await tx.execute(
        """
        WITH made AS (INSERT INTO mended (drawer) VALUES ($1) ON CONFLICT DO NOTHING)
        INSERT INTO ledger (drawer, operation) VALUES ($1, 'mend')
        """,
        drawer,
    )


@worker.operation
async def balance(tx: asyncpg.Connection, drawer: str) -> int:
    held: int | None = await tx.fetchval("SELECT cents FROM drawer WHERE name = $1", drawer)
    return held or 0


if __name__ == "__main__":
    raise SystemExit(main(worker, install))
