"""Reaching Postgres through a pooler in transaction mode (PgBouncer and its like).

There a connection is ours for one transaction only: the next may run on another server connection, with other settings
and without what was prepared. So every use is one transaction here, which begins by saying what a direct connection
says once when it connects, and nothing is prepared beyond it. That costs three more round trips a statement than a
direct connection, which is why the log takes one where it can.

LISTEN cannot work through it. A sidecar has a direct connection for that, or polls (`poll_only`).

Not promised: pooling by statement, which breaks every transaction, and a pooler that retries a transaction by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import asyncpg

from accompanist.log import faults, names, settings
from accompanist.log.connection import Looks, Pool, open_pool

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE"
"""In full: what the defaults are that a transaction begins with is not ours to say here."""


def _local(told: Mapping[str, str]) -> str:
    """A path is a list of names, and would be one name within quotes; its names need none."""
    return "".join(
        f"SET LOCAL {key} = " + (value if key == "search_path" else f"'{value}'") + "; " for key, value in told.items()
    )


class Transactions:
    """What the log asks of a pool, each use in a transaction of its own."""

    def __init__(self, pool: Pool, name: str, schema: str) -> None:
        self._pool = pool
        told = settings.of(name, names.identifier(schema))
        self._begin = f"{BEGIN}; {_local(told)}"

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection within a transaction, which is committed when the block ends well. What is raised by that commit
        leaves open whether it happened, like the loss of any answer."""
        async with self._pool.acquire() as connection:
            await connection.execute(self._begin + _local(settings.later(connection)))
            try:
                yield connection
            except TimeoutError:
                raise  # the line is dead: nothing is said on it any more
            except BaseException:
                with suppress(*faults.FAILURES):
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    def terminate(self) -> None:
        self._pool.terminate()


async def open_transactions(address: str, name: str, schema: str, guard: Looks) -> Transactions:
    """Connections to a pooler, opened when they are first needed, and again when they were lost. Raises
    what the driver raises."""
    return Transactions(await open_pool(address, None, guard, statement_cache_size=0), name, schema)
