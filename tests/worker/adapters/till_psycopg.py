"""The till's operations on psycopg, asynchronous and blocking. The statements are those of `workers.till.till`."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from accompanist.worker import Declined, Worker, current_call
from accompanist.worker.adapters.psycopg import Psycopg
from workers.till.messages import Entry, Slip
from workers.till.roles import Till
from workers.till.till import SCHEMA

MENDED = "SELECT EXISTS (SELECT FROM mended WHERE drawer = %s)"
PUT = """
    WITH held AS (INSERT INTO drawer (name, cents) VALUES (%(drawer)s, %(cents)s)
                  ON CONFLICT (name) DO UPDATE SET cents = drawer.cents + excluded.cents),
         told AS (INSERT INTO ledger (drawer, operation) VALUES (%(drawer)s, 'put'))
    INSERT INTO slip (session, site, drawer, cents) VALUES (%(session)s, %(site)s, %(drawer)s, %(cents)s)
    RETURNING number"""
PAUSE = "SELECT pg_sleep(%s::float8 / 1000)"
TAKE_BACK = """
    WITH undone AS (UPDATE slip SET taken_back = true
                     WHERE session = %(session)s AND site = %(site)s AND NOT taken_back RETURNING drawer, cents),
         back AS (UPDATE drawer d SET cents = d.cents - u.cents FROM undone u WHERE d.name = u.drawer),
         told AS (INSERT INTO ledger (drawer, operation) SELECT drawer, 'take_back' FROM undone)
    SELECT count(*) FROM undone"""
PAY = """
    WITH taken AS (UPDATE drawer SET cents = cents - %(cents)s
                    WHERE name = %(drawer)s AND cents >= %(cents)s RETURNING name),
         told AS (INSERT INTO ledger (drawer, operation) SELECT name, 'pay' FROM taken)
    INSERT INTO slip (session, site, drawer, cents) SELECT %(session)s, %(site)s, name, %(cents)s FROM taken
    RETURNING number"""
MEND = """
    WITH made AS (INSERT INTO mended (drawer) VALUES (%(drawer)s) ON CONFLICT DO NOTHING)
    INSERT INTO ledger (drawer, operation) VALUES (%(drawer)s, 'mend')"""
BALANCE = "SELECT cents FROM drawer WHERE name = %s"
PAUSE_MS_MAX = 2_000
SEARCHED = {"options": f"-c search_path={SCHEMA}"}


def told(drawer: str, cents: int) -> dict[str, Any]:
    """The values of a statement about a drawer."""
    call = current_call()
    return {"session": call.session, "site": call.site, "drawer": drawer, "cents": cents}


def asynchronous(dsn: str) -> Worker:
    """With `async def`. The pool's rows are dicts, which is no matter to the fence."""
    pool = AsyncConnectionPool(dsn, open=False, max_size=16, kwargs={**SEARCHED, "row_factory": dict_row})
    worker = Worker(Till, SCHEMA, database=Psycopg(pool))

    async def first(tx: psycopg.AsyncConnection[Any], query: str, values: Any) -> Any:
        row = await (await tx.execute(query, values)).fetchone()
        return None if row is None else next(iter(row.values()))

    @worker.operation
    async def put(tx: psycopg.AsyncConnection[Any], drawer: str, entry: Entry) -> Slip:
        if entry.cents < 1:
            raise Declined("nothing to put in")
        if drawer.startswith("broken-") and not await first(tx, MENDED, [drawer]):
            raise RuntimeError("the drawer is jammed")
        number = await first(tx, PUT, told(drawer, entry.cents))
        if entry.pause_ms > 0:
            await tx.execute(PAUSE, [min(entry.pause_ms, PAUSE_MS_MAX)])
        return Slip(number, entry.cents, entry.note)

    @worker.operation
    async def take_back(tx: psycopg.AsyncConnection[Any], drawer: str, entry: Entry) -> None:
        if await first(tx, TAKE_BACK, told(drawer, entry.cents)) != 1:
            raise RuntimeError("what is to be taken back is not there")

    @worker.operation
    async def pay(tx: psycopg.AsyncConnection[Any], drawer: str, cents: int) -> Slip:
        if cents < 1:
            raise Declined("nothing to pay out")
        number = await first(tx, PAY, told(drawer, cents))
        if number is None:
            raise Declined("not enough in the drawer")
        return Slip(number, cents, "")

    @worker.operation
    async def mend(tx: psycopg.AsyncConnection[Any], drawer: str) -> None:
        await tx.execute(MEND, {"drawer": drawer})

    @worker.operation
    async def balance(tx: psycopg.AsyncConnection[Any], drawer: str) -> int:
        return await first(tx, BALANCE, [drawer]) or 0

    return worker


def blocking(dsn: str) -> Worker:
    """With `def`."""
    pool = ConnectionPool(dsn, open=False, max_size=16, kwargs=SEARCHED)
    worker = Worker(Till, SCHEMA, database=Psycopg(pool))

    def first(tx: psycopg.Connection[Any], query: str, values: Any) -> Any:
        row = tx.execute(query, values).fetchone()
        return None if row is None else row[0]

    @worker.operation
    def put(tx: psycopg.Connection[Any], drawer: str, entry: Entry) -> Slip:
        if entry.cents < 1:
            raise Declined("nothing to put in")
        if drawer.startswith("broken-") and not first(tx, MENDED, [drawer]):
            raise RuntimeError("the drawer is jammed")
        number = first(tx, PUT, told(drawer, entry.cents))
        if entry.pause_ms > 0:
            tx.execute(PAUSE, [min(entry.pause_ms, PAUSE_MS_MAX)])
        return Slip(number, entry.cents, entry.note)

    @worker.operation
    def take_back(tx: psycopg.Connection[Any], drawer: str, entry: Entry) -> None:
        if first(tx, TAKE_BACK, told(drawer, entry.cents)) != 1:
            raise RuntimeError("what is to be taken back is not there")

    @worker.operation
    def pay(tx: psycopg.Connection[Any], drawer: str, cents: int) -> Slip:
        if cents < 1:
            raise Declined("nothing to pay out")
        number = first(tx, PAY, told(drawer, cents))
        if number is None:
            raise Declined("not enough in the drawer")
        return Slip(number, cents, "")

    @worker.operation
    def mend(tx: psycopg.Connection[Any], drawer: str) -> None:
        tx.execute(MEND, {"drawer": drawer})

    @worker.operation
    def balance(tx: psycopg.Connection[Any], drawer: str) -> int:
        return first(tx, BALANCE, [drawer]) or 0

    return worker
