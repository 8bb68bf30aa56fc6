"""Operations on psycopg 3: an `AsyncConnection` where the pool is asynchronous, else a `Connection`, in a thread.

    pool = psycopg_pool.AsyncConnectionPool(address, open=False)
    worker = Worker(Payment, schema="payment", database=Psycopg(pool))

    @worker.operation
    async def charge(tx: psycopg.AsyncConnection, ...) -> Receipt: ...

The operation runs within `connection.transaction()`, in which psycopg refuses `commit()` and `rollback()`. A pool that
is not open is opened with the worker, and closed with it. An asynchronous one is best made with `open=False`: outside
of an event loop it cannot be opened.

Not promised: that a connection keeps what it was set to for psycopg's own transactions while a call has it. The
isolation level is the worker's, and is put back afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.worker import database
from accompanist.worker.adapters.connection import DriverConnection, OperationCommitted, OperationEnded
from accompanist.worker.adapters.database import STATUS_OF, AdapterDatabase
from accompanist.worker.adapters.threads import CallThreads, ThreadedConnection
from accompanist.worker.port import ConnectionLost, Isolation, Work, WorkerDatabase
from accompanist.worker.states import PostgresFailure

_LEVELS = {
    "read committed": psycopg.IsolationLevel.READ_COMMITTED,
    "serializable": psycopg.IsolationLevel.SERIALIZABLE,
}
AnyPool = AsyncConnectionPool[Any] | ConnectionPool[Any]


class Psycopg:
    """The driver of a worker (`WorkerDriver`): a pool of psycopg. At most as many calls are under way as it has
    connections, and `worker_connections_max`."""

    addressed = False

    def __init__(self, pool: AnyPool) -> None:
        self._pool = pool
        self.threaded = isinstance(pool, ConnectionPool)

    async def open(self, dsn: str, schema: str, isolation: Isolation) -> WorkerDatabase:
        """Open the pool, if it is not open. Raises OperatorError."""
        pool, opened = self._pool, self._pool.closed
        driver = _PsycopgDriver(pool, schema, opened)
        try:
            if isinstance(pool, AsyncConnectionPool):
                if opened:
                    await pool.open()
                    await pool.wait(limits.worker_connect_ms / 1000)
            elif opened:
                pool.open()
                await asyncio.to_thread(pool.wait, limits.worker_connect_ms / 1000)
        except psycopg.Error as problem:
            await driver.close()
            text = f"cannot connect ({type(problem).__name__})"
            raise OperatorError(database.UNREACHABLE, text) from None
        size = min(limits.worker_connections_max, pool.max_size or limits.worker_connections_max)  # 0: no bound
        return AdapterDatabase(driver, isolation, size)


class _PsycopgDriver:
    def __init__(self, pool: AnyPool, schema: str, opened: bool) -> None:
        self._pool = pool
        self._opened = opened
        self._threads = CallThreads(f"accompanist worker {schema}")

    def connection(self) -> DriverConnection:
        if isinstance(self._pool, AsyncConnectionPool):
            return _AsyncCall(self._pool)
        return ThreadedConnection(self._threads, _BlockingCall(self._pool))

    def failure_of(self, problem: BaseException) -> PostgresFailure | None:
        return failure_of(problem)

    def is_lost(self, problem: BaseException) -> bool:
        return is_lost(problem)

    def is_ended(self, problem: BaseException) -> bool:
        forbidden = isinstance(problem, psycopg.ProgrammingError) and "within a Transaction" in str(problem)
        return forbidden or isinstance(problem, psycopg.transaction.OutOfOrderTransactionNesting)

    async def close(self) -> None:
        await self._threads.end(lambda: None)
        if not self._opened:
            return
        if isinstance(self._pool, AsyncConnectionPool):
            await self._pool.close(limits.end_s)
        else:
            await asyncio.to_thread(self._pool.close, limits.end_s)


def failure_of(problem: BaseException) -> PostgresFailure | None:
    """What the server reported in an error of psycopg."""
    if not isinstance(problem, psycopg.Error) or problem.sqlstate is None:
        return None
    return PostgresFailure(problem.sqlstate, problem.diag.table_name)


def is_lost(problem: BaseException) -> bool:
    """Whether an error of psycopg says that a connection broke, or that none could be had."""
    return isinstance(problem, psycopg.OperationalError) and problem.sqlstate is None


def check_open(connection: psycopg.AsyncConnection[Any] | psycopg.Connection[Any]) -> None:
    """Raise OperationEnded, or ConnectionLost, unless the connection's transaction is open and sound."""
    if connection.broken:
        raise ConnectionLost
    check_not_closed(connection, None)
    match connection.pgconn.transaction_status:
        case TransactionStatus.IDLE:
            raise OperationCommitted("it was committed or rolled back by a statement")
        case TransactionStatus.INERROR:
            raise OperationEnded("a statement in it had failed, and the operation went on")


def check_not_closed(
    connection: psycopg.AsyncConnection[Any] | psycopg.Connection[Any], problem: Exception | None
) -> None:
    """Raise OperationEnded, because of `problem`, if the connection was closed by the operation."""
    if connection.closed and not connection.broken:
        raise OperationEnded("it closed its connection") from problem


class _Undone(Exception):
    """Ends psycopg's transaction with a rollback."""


class _AsyncCall:
    """One call's connection, of an asynchronous pool."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._transaction: psycopg.AsyncTransaction | None = None

    async def open(self) -> None:
        self._taken = taken = await self._pool.getconn(limits.worker_connect_ms / 1000)
        self._was = taken.isolation_level, taken.read_only, taken.deferrable

    async def begin(self, isolation: Isolation, readonly: bool) -> None:
        await self._taken.set_isolation_level(_LEVELS[isolation])
        await self._taken.set_read_only(readonly)
        await self._taken.set_deferrable(False)
        transaction = self._taken.transaction()
        await transaction.__aenter__()
        self._transaction = transaction

    async def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        async with psycopg.AsyncRawCursor(self._taken, row_factory=tuple_row) as cursor:
            await cursor.execute(query.encode(), values)
            return await cursor.fetchone()

    async def perform(self, work: Work) -> Any:
        try:
            result = await work(self._taken)
        except Exception as problem:
            check_not_closed(self._taken, problem)
            raise
        if self._taken.lock.locked():
            raise OperationEnded("a statement of it is still under way")
        check_open(self._taken)
        return result

    async def commit(self) -> None:
        transaction, self._transaction = self._transaction, None
        assert transaction is not None
        await transaction.__aexit__(None, None, None)

    async def status_of(self, transaction: str) -> str | None:
        taken = self._taken
        autocommit = taken.autocommit
        await taken.set_autocommit(True)
        row = await self.statement(STATUS_OF, (transaction,))
        await taken.set_autocommit(autocommit)
        return row[0] if row else None

    async def rollback(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            await transaction.__aexit__(_Undone, _Undone(), None)

    async def release(self, *, spoilt: bool) -> None:
        if not hasattr(self, "_taken"):
            return
        taken = self._taken
        try:
            if spoilt or taken.closed or taken.pgconn.transaction_status != TransactionStatus.IDLE:
                await taken.close()
            else:
                await taken.set_isolation_level(self._was[0])
                await taken.set_read_only(self._was[1])
                await taken.set_deferrable(self._was[2])
        finally:
            await self._pool.putconn(taken)

    def is_busy(self) -> bool:
        return False


class _BlockingCall:
    """The same of a blocking pool."""

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self._pool = pool
        self._transaction: psycopg.Transaction | None = None

    def open(self) -> None:
        self._taken = taken = self._pool.getconn(limits.worker_connect_ms / 1000)
        self._was = taken.isolation_level, taken.read_only, taken.deferrable

    def begin(self, isolation: Isolation, readonly: bool) -> None:
        taken = self._taken
        taken.isolation_level, taken.read_only, taken.deferrable = _LEVELS[isolation], readonly, False
        transaction = taken.transaction()
        transaction.__enter__()
        self._transaction = transaction

    def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        with psycopg.RawCursor(self._taken, row_factory=tuple_row) as cursor:
            cursor.execute(query.encode(), values)
            return cursor.fetchone()

    def perform(self, work: Work) -> Any:
        try:
            result = work(self._taken)
        except Exception as problem:
            check_not_closed(self._taken, problem)
            raise
        check_open(self._taken)
        return result

    def commit(self) -> None:
        transaction, self._transaction = self._transaction, None
        assert transaction is not None
        transaction.__exit__(None, None, None)

    def status_of(self, transaction: str) -> str | None:
        taken = self._taken
        autocommit, taken.autocommit = taken.autocommit, True
        row = self.statement(STATUS_OF, (transaction,))
        taken.autocommit = autocommit
        return row[0] if row else None

    def rollback(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.__exit__(_Undone, _Undone(), None)

    def release(self, *, spoilt: bool) -> None:
        if not hasattr(self, "_taken"):
            return
        taken = self._taken
        try:
            if spoilt or taken.closed or taken.pgconn.transaction_status != TransactionStatus.IDLE:
                taken.close()
            else:
                taken.isolation_level, taken.read_only, taken.deferrable = self._was
        finally:
            self._pool.putconn(taken)
