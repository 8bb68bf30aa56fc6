"""What operations do with the handle of each adapter: as they should, and as they should not.

`ADAPTERS` has a function for each kind. It gets the DSN of a database with the bench's tables, and yields a `Handle`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from accompanist.worker.adapters.psycopg import Psycopg
from accompanist.worker.port import Work, WorkerDriver
from tests.worker import bench

SAW = "INSERT INTO ledger VALUES (gen_random_uuid(), '1', 'forward', 'saw')"
NOWHERE = "SELECT FROM nowhere"
SETTINGS = (
    "transaction_isolation",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "synchronous_commit",
    "transaction_read_only",
)
CONNECTIONS = 2


@dataclass(frozen=True)
class Handle:
    """A driver, and how an operation on it carries out a statement. `meddling`: ways to take the transaction away, each
    done after an effect, and what the error says of it."""

    driver: WorkerDriver
    run: Callable[[str], Work]
    meddling: Mapping[str, tuple[Work, str]]

    def saw(self, *more: str) -> Work:
        """An operation that leaves an effect, and then carries out these statements."""
        return self.steps(self.run(SAW), *(self.run(each) for each in more), lambda tx: None)

    def steps(self, *works: Work) -> Work:
        """An operation that does one after the other, and answers 1."""
        if self.driver.threaded:

            def plain(tx: Any) -> Any:
                result: Any = None
                for work in works:
                    result = work(tx)
                return 1 if result is None else result

            return plain

        async def awaited(tx: Any) -> Any:
            result: Any = None
            for work in works:
                result = work(tx)
                if asyncio.iscoroutine(result):
                    result = await result
            return 1 if result is None else result

        return awaited


@asynccontextmanager
async def psycopg_asynchronous(dsn: str) -> AsyncIterator[Handle]:
    def run(query: str) -> Work:
        async def work(tx: psycopg.AsyncConnection[Any]) -> Any:
            cursor = await tx.execute(query)
            return None if cursor.description is None else await cursor.fetchone()

        return work

    async def careless(tx: psycopg.AsyncConnection[Any]) -> None:
        with suppress(psycopg.errors.UndefinedTable):
            await tx.execute(NOWHERE)

    pool = AsyncConnectionPool(
        dsn, open=False, min_size=1, max_size=CONNECTIONS, kwargs={"options": f"-c search_path={bench.SCHEMA}"}
    )
    yield Handle(
        Psycopg(pool),
        run,
        {
            "commit": (lambda tx: tx.commit(), "ProgrammingError"),
            "rollback": (lambda tx: tx.rollback(), "ProgrammingError"),
            "close": (lambda tx: tx.close(), "closed its connection"),
            "careless": (careless, "a statement in it had failed"),
        },
    )


@asynccontextmanager
async def psycopg_blocking(dsn: str) -> AsyncIterator[Handle]:
    def run(query: str) -> Work:
        def work(tx: psycopg.Connection[Any]) -> Any:
            cursor = tx.execute(query)
            return None if cursor.description is None else cursor.fetchone()

        return work

    def careless(tx: psycopg.Connection[Any]) -> None:
        with suppress(psycopg.errors.UndefinedTable):
            tx.execute(NOWHERE)

    pool = ConnectionPool(
        dsn, open=False, min_size=1, max_size=CONNECTIONS, kwargs={"options": f"-c search_path={bench.SCHEMA}"}
    )
    yield Handle(
        Psycopg(pool),
        run,
        {
            "commit": (lambda tx: tx.commit(), "ProgrammingError"),
            "rollback": (lambda tx: tx.rollback(), "ProgrammingError"),
            "close": (lambda tx: tx.close(), "closed its connection"),
            "careless": (careless, "a statement in it had failed"),
        },
    )


ADAPTERS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Handle]]] = {
    "psycopg": psycopg_asynchronous,
    "psycopg-blocking": psycopg_blocking,
}
