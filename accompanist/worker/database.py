"""The worker's database on asyncpg: its connections, and its transactions.

A statement that exceeds `worker_command_s` was not slow, because the server's own timeout is shorter. Its connection is
dead without a sign (a firewall dropped it, the host is gone). It is closed without ROLLBACK or cancellation, which
would wait as long again, or for ever. The server frees its transaction after `worker_idle_in_transaction_ms`. A caller
with a longer timeout (`_meta.timeout_ms`) extends each of these limits by as much. A handler that gives a statement
more time (SET LOCAL statement_timeout) must also pass that to the driver (`timeout=`).

A connection to a server that became read-only, shuts down or refuses this login would go on failing, while a new one
may lead to a better server. So all connections of the pool are dropped. Failures to open a connection are transient,
too.

Connections are returned to the pool without the usual reset, which costs one more round trip a call. The SDK leaves no
state on a connection, and a handler must not either: SET LOCAL, never SET; no LISTEN, no session locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import structlog
from asyncpg.transaction import Transaction

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.log import address, faults, pool_size, settings
from accompanist.worker import states
from accompanist.worker.pipelining import PipelinedConnection, WorkerConnection, works
from accompanist.worker.port import (
    READ_COMMITTED,
    Busy,
    ConnectionLost,
    Isolation,
    Outlasted,
    QueryWrote,
    StillAsking,
    Work,
    WorkerDatabase,
)
from accompanist.worker.states import PostgresFailure

logger = structlog.get_logger("accompanist.worker")

UNREACHABLE = catalogue(
    "ACC516",
    "the worker's database cannot be used",
    "Postgres does not answer at the address given, or refuses this user or database.",
    "Start it, or correct the worker's DSN.",
)


_PATIENT = """SELECT set_config('statement_timeout', $1, true),
                     set_config('idle_in_transaction_session_timeout', $2, true)"""


async def open_pool(
    dsn: str, schema: str, isolation: Isolation = READ_COMMITTED, size: int = limits.worker_connections_max
) -> asyncpg.Pool:
    """A pool for calls, with `schema` as search path and at most `size` connections, within the login's limit. Each
    connection sets what the fence depends on, and all its transactions use one isolation level, because the fence is
    only safe if all do. Raises OperatorError, without the DSN, which holds a password."""
    told = {
        **settings.WORKER,
        "application_name": f"accompanist worker {schema}",
        "search_path": schema,
        "default_transaction_isolation": isolation,
    }
    try:
        at = address.for_driver(dsn, limits.worker_connect_ms / 1000)
        return await asyncpg.create_pool(
            **at,
            min_size=1,
            max_size=await pool_size.affordable(size, 0, at, told),
            connection_class=await _connection_class(at, told),
            max_inactive_connection_lifetime=0,
            command_timeout=limits.worker_command_s,
            reset=_leave_as_is,
            init=settings.complete,
            server_settings=told,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        raise OperatorError(UNREACHABLE, f"cannot connect ({type(problem).__name__})") from None


async def _connection_class(at: Mapping[str, Any], told: Mapping[str, str]) -> type[WorkerConnection]:
    """The class of the pool's connections, tried on a connection of its own."""
    named = {"command_timeout": limits.worker_command_s, "connection_class": PipelinedConnection}
    tried = await asyncpg.connect(**at, **named, server_settings=dict(told))
    try:
        if await works(tried):
            return PipelinedConnection
    finally:
        await tried.close(timeout=limits.end_s)  # so that its place is free for the pool
    logger.warning("worker.not_pipelined", version=asyncpg.__version__)
    return WorkerConnection


async def _leave_as_is(connection: asyncpg.Connection) -> None:
    """Replace the pool's reset, and do nothing."""


def is_conflict(problem: BaseException) -> bool:
    """Whether an immediate retry of the transaction is likely to succeed."""
    return states.is_conflict(_failure(problem))


def certainly_undone(problem: BaseException) -> bool:
    """Whether a COMMIT that raised this has certainly committed nothing."""
    return states.certainly_undone(_failure(problem))


def passing(problem: BaseException) -> str | None:
    """A word for a transient error; None for a permanent one."""
    return states.passing(problem, _failure(problem))


def _failure(problem: BaseException) -> PostgresFailure | None:
    """What the server reported, or the driver in its place."""
    if not isinstance(problem, asyncpg.PostgresError):
        return None
    return PostgresFailure(problem.sqlstate or "", problem.table_name)


@asynccontextmanager
async def connection(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """Take a connection from the pool, within a bounded time. Raises Busy if none becomes free, and ConnectionLost if
    none can be opened or the connection breaks. Other errors of the driver are programming errors and pass."""
    try:
        async with asyncio.timeout(limits.worker_acquire_ms / 1000):
            taken = await pool.acquire()
    except TimeoutError:
        if pool.get_size() < pool.get_max_size():
            raise  # opening a new connection timed out
        raise Busy from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as problem:
        raise ConnectionLost(type(problem).__name__) from None
    try:
        yield taken
    except TimeoutError:
        faults.drop(taken)
        raise
    except asyncpg.PostgresError as problem:
        if faults.spoils(problem) and passing(problem) is not None:
            faults.drop(taken)
            await pool.expire_connections()
        raise
    except (asyncpg.InterfaceError, asyncpg.InternalClientError):
        if not _is_closed(taken):
            raise
        raise ConnectionLost from None
    finally:
        await pool.release(taken)


@asynccontextmanager
async def transaction(
    taken: asyncpg.Connection,
    isolation: Isolation,
    *,
    readonly: bool = False,
    fenced: bool = False,
    patience_ms: int = limits.call_timeout_ms,
) -> AsyncIterator[None]:
    """A transaction: committed if the block ends normally, rolled back if it raises; a dead connection gets no
    ROLLBACK. The isolation level is set here, too, because an operation may have changed the connection's. Raises
    QueryWrote if a `readonly` transaction wrote; on a read-only server that is another error.

    `fenced`: the block begins with a statement of the fence, with which BEGIN is sent, and may end with one that is
    sent with COMMIT (`WorkerConnection.last`). An operation's own statement may be anything, so it cannot be the first.

    The connection's timeouts suit a caller that waits for `call_timeout_ms`. If the caller waits longer, they are
    extended by as much for this transaction, because otherwise a long call could never succeed."""
    more_ms = min(max(0, patience_ms - limits.call_timeout_ms), limits.patience_ms_max)
    idle_ms = limits.worker_idle_in_transaction_ms + more_ms
    began, committing = asyncio.get_running_loop().time(), False
    begun = taken.transaction(isolation=isolation.replace(" ", "_"), readonly=readonly)
    await (taken.begin(begun) if fenced else begun.start())
    try:
        if more_ms:
            await taken.execute(_PATIENT, str(limits.worker_statement_ms + more_ms), str(idle_ms))
            taken.bear(limits.worker_command_s + more_ms / 1000)
        yield
        committing = True
        await taken.commit(begun)
    except TimeoutError:
        faults.drop(taken)
        raise
    except asyncpg.ReadOnlySQLTransactionError as problem:
        await _undo(taken, begun, committing)
        if readonly:
            raise QueryWrote from problem
        raise
    except Exception as problem:
        if _is_closed(taken) and asyncio.get_running_loop().time() - began >= idle_ms / 1000:
            raise Outlasted from problem
        await _undo(taken, begun, committing)
        raise
    except BaseException:
        await _undo(taken, begun, committing)
        raise
    finally:
        if more_ms and not _is_closed(taken):
            taken.bear(limits.worker_command_s)


async def _undo(taken: asyncpg.Connection, begun: Transaction, committing: bool) -> None:
    """Roll back. A COMMIT that failed may have left the transaction open, because a statement sent with it failed."""
    try:
        if not committing:
            await begun.rollback()
        elif taken.is_in_transaction():
            await taken.execute("ROLLBACK")
    except asyncpg.InterfaceError as problem:
        if _is_closed(taken):
            raise
        faults.drop(taken)  # it takes no ROLLBACK, and would be given to the next call with the transaction in it
        raise StillAsking from problem


def _is_closed(taken: asyncpg.Connection) -> bool:
    try:
        return bool(taken.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back already, which it does only with one that broke
        return True


class AsyncpgDatabase:
    """`WorkerDatabase` on a pool of asyncpg. An operation gets the connection itself."""

    is_conflict = staticmethod(is_conflict)
    certainly_undone = staticmethod(certainly_undone)
    passing = staticmethod(passing)

    def __init__(self, pool: asyncpg.Pool, isolation: Isolation = READ_COMMITTED) -> None:
        self._pool = pool
        self._isolation = isolation

    def connection(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """See `connection`."""
        return connection(self._pool)

    def transaction(
        self,
        taken: asyncpg.Connection,
        *,
        readonly: bool = False,
        fenced: bool = False,
        patience_ms: int = limits.call_timeout_ms,
    ) -> AbstractAsyncContextManager[None]:
        """See `transaction`."""
        return transaction(taken, self._isolation, readonly=readonly, fenced=fenced, patience_ms=patience_ms)

    def perform(self, taken: asyncpg.Connection, work: Work) -> Awaitable[Any]:
        """Run an operation on the connection."""
        result: Awaitable[Any] = work(taken)
        return result

    async def close(self) -> None:
        """Close all connections; cut them off if that takes too long."""
        try:
            async with asyncio.timeout(limits.end_s):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


class Asyncpg:
    """The driver that a worker uses unless it names another one. Its pool is opened for the address given."""

    threaded = False
    addressed = True

    async def open(self, dsn: str, schema: str, isolation: Isolation) -> WorkerDatabase:
        """See `open_pool`."""
        return AsyncpgDatabase(await open_pool(dsn, schema, isolation), isolation)
