"""Connects to Postgres through a pooler in transaction mode (PgBouncer and its like).

A pooler lends a server connection for one transaction only. The next transaction may run on another one, with other
settings and without prepared statements. So every use is one transaction here, which first sets what a direct
connection sets once when it connects, and no prepared statement outlives it. That costs three more round trips a
statement, which is why the log prefers a direct connection. The driver looks up the composite types of `flush` once for
each connection to the pooler; they are the same on every server connection, because it leads to one database.

LISTEN does not work through such a pooler. A sidecar has a direct connection for that, or polls (`poll_only`).

Not supported: statement pooling, which breaks every transaction, and a pooler that retries transactions by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import asyncpg

from accompanist.log import faults, names, settings
from accompanist.log.connection import ConnectionCheck, Pool, open_pool

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE"
"""Spelled out, because behind a pooler the session's defaults are unknown."""


def _local(told: Mapping[str, str]) -> str:
    """SET LOCAL statements. The search path is a list of names, so it must not be quoted as one string."""
    return "".join(
        f"SET LOCAL {key} = " + (value if key == "search_path" else f"'{value}'") + "; " for key, value in told.items()
    )


class TransactionPool:
    """A pool for the log in which each use is a transaction of its own."""

    def __init__(self, pool: Pool, name: str, schema: str) -> None:
        self._pool = pool
        told = settings.of(name, names.identifier(schema))
        self._begin = f"{BEGIN}; {_local(told)}"

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection within a transaction, which is committed when the block ends without an exception. If the commit
        itself raises, it is unknown whether it happened."""
        async with self._pool.acquire() as connection:
            await connection.execute(self._begin + _local(settings.later(connection)))
            try:
                yield connection
            except TimeoutError:
                raise  # the connection is dead: a ROLLBACK would time out, too
            except BaseException:
                with suppress(*faults.FAILURES):
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    def terminate(self) -> None:
        self._pool.terminate()


async def open_transactions(address: str, name: str, schema: str, guard: ConnectionCheck) -> TransactionPool:
    """Connections to a pooler, opened when they are first needed, and opened again when they are lost. Raises what the
    driver raises."""
    return TransactionPool(await open_pool(address, None, guard, statement_cache_size=0), name, schema)
