"""`WorkerDatabase` over any driver: connections, the settings of a transaction, and what its errors mean.

The pool is the author's, and other code may use it. So nothing is set on a connection for longer than a transaction.
Each transaction gets, by one statement at its beginning:

    isolation level                        as the worker says it, when it begins; it may write, unless for a query
    synchronous_commit                     on, where it was weaker
    statement_timeout, lock_timeout,
    idle_in_transaction_session_timeout    the worker's, longer where the caller waits longer
    accompanist.call                       a mark; where it is gone, the operation has ended the transaction

search_path, time zone and the planner's settings are the author's: the fence's statements name their schema.

Not promised: a bound on a connection that is dead without a sign. asyncpg gives up on a statement after
`worker_command_s`; another driver does when TCP does, so give it keepalives and `tcp_user_timeout`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import structlog

from accompanist import limits
from accompanist.errors import AuthorError
from accompanist.log import faults
from accompanist.worker import states
from accompanist.worker.adapters.connection import (
    ENDED,
    DriverConnection,
    OperationCommitted,
    OperationEnded,
    PoolDriver,
)
from accompanist.worker.port import Busy, ConnectionLost, Isolation, Outlasted, QueryWrote, Work

logger = structlog.get_logger("accompanist.worker")

_PREPARE = """
SELECT set_config('accompanist.call', $1, true),
       set_config('statement_timeout', $2, true),
       set_config('idle_in_transaction_session_timeout', $3, true),
       set_config('lock_timeout', $4, true),
       set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
                                             ELSE current_setting('synchronous_commit') END, true)"""
_MARK = "SELECT current_setting('accompanist.call', true), pg_current_xact_id()::text"
STATUS_OF = "SELECT pg_xact_status(CAST(CAST($1 AS text) AS xid8))"
_COUNT = "SELECT count(*) FROM (%s) AS done"
_FAILED = "25P02"
_READ_ONLY = "25006"


class AdapterConnection:
    """`FenceConnection` on a driver's connection. `mark`: of the open transaction; None outside of one."""

    def __init__(self, database: AdapterDatabase, driven: DriverConnection) -> None:
        self._database = database
        self.driven = driven
        self.mark: str | None = None
        self.transaction: str | None = None
        """The server's number of the transaction; None until its last statement."""
        self.spoilt = False

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """The statement's first row; outside of a transaction the statement is one by itself."""
        if self.mark is not None:
            return await self.driven.statement(query, values)
        async with self._database.transaction(self):
            return await self.driven.statement(query, values)

    async def fetchval(self, query: str, *values: Any) -> Any:
        """The first value of the statement's first row; None without a row."""
        row = await self.fetchrow(query, *values)
        return None if row is None else row[0]

    async def last(self, query: str, *values: Any) -> None:
        """The last statement of a transaction. Raises OperationEnded if it is not the one that was begun."""
        # the statement answers no rows: counting them carries it out, in the transaction that has the mark
        done = f"CASE WHEN current_setting('accompanist.call', true) = ${len(values) + 1} THEN ({_COUNT % query}) END"
        self.check(await self.driven.statement(f"{_MARK}, {done}", (*values, self.mark)))

    def check(self, row: Any) -> None:
        """Raise OperationEnded unless the row begins with the mark of this transaction. Its number is kept."""
        if row is None or row[0] != self.mark:
            raise OperationCommitted("it was committed or rolled back by a statement")
        self.transaction = row[1]


class AdapterDatabase:
    """A driver's pool, open for calls. `size`: how many calls may be under way."""

    def __init__(self, driver: PoolDriver, isolation: Isolation, size: int) -> None:
        self._driver = driver
        self._isolation = isolation
        self._free = asyncio.Semaphore(size)
        self._left_behind: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AdapterConnection]:
        """Take a connection, within a bounded time. Raises Busy if none becomes free, and what the driver raises."""
        try:
            async with asyncio.timeout(limits.worker_acquire_ms / 1000):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            taken = AdapterConnection(self, self._driver.connection())
        except BaseException:
            self._free.release()
            raise
        try:
            await taken.driven.open()
            yield taken
        except OperationEnded as problem:
            logger.error("worker.transaction_ended", code=ENDED, problem=str(problem))
            raise AuthorError(ENDED, str(problem)) from problem
        finally:
            await self._release(taken)

    async def _release(self, taken: AdapterConnection) -> None:
        """Give the connection back; without waiting, if it is still busy with what the caller was stopped in."""
        left = asyncio.ensure_future(self._released(taken))
        self._left_behind.add(left)
        left.add_done_callback(self._left_behind.discard)
        if not taken.driven.is_busy():
            await asyncio.shield(left)

    async def _released(self, taken: AdapterConnection) -> None:
        try:
            await taken.driven.release(spoilt=taken.spoilt)
        except Exception as problem:  # the pool has its own ways to replace what it does not get back
            logger.warning("worker.not_released", error_type=type(problem).__name__)
        finally:
            self._free.release()

    @asynccontextmanager
    async def transaction(
        self,
        taken: AdapterConnection,
        *,
        readonly: bool = False,
        fenced: bool = False,
        patience_ms: int = limits.call_timeout_ms,
    ) -> AsyncIterator[None]:
        """A transaction with the settings that the fence depends on. Raises OperationEnded beside what the port
        says."""
        more_ms = min(max(0, patience_ms - limits.call_timeout_ms), limits.patience_ms_max)
        idle_ms = limits.worker_idle_in_transaction_ms + more_ms
        began = asyncio.get_running_loop().time()
        try:
            await taken.driven.begin(self._isolation, readonly)
            taken.mark = uuid4().hex
            waits = (limits.worker_statement_ms + more_ms, idle_ms, limits.worker_lock_wait_ms)
            await taken.driven.statement(_PREPARE, (taken.mark, *map(str, waits)))
            yield
            if not (fenced or readonly):  # nothing of the fence was the last statement
                taken.check(await taken.driven.statement(_MARK, ()))
            await taken.driven.commit()
            await self._check_committed(taken)
        except BaseException as problem:
            await self._undo(taken, problem)
            if (other := self._meaning(problem, readonly)) is not None:
                raise other from problem
            if self._driver.is_lost(problem) and asyncio.get_running_loop().time() - began >= idle_ms / 1000:
                raise Outlasted from problem
            raise
        finally:
            taken.mark = taken.transaction = None

    async def _check_committed(self, taken: AdapterConnection) -> None:
        """Ask the server whether it has committed. Postgres answers COMMIT without an error where it has rolled back,
        because a statement that the operation left under way had failed; and an operation may leave a block open, of
        which a driver then ends only that. Raises OperationEnded."""
        if taken.transaction is None:
            return
        status = await taken.driven.status_of(taken.transaction)
        if status != "committed":
            taken.spoilt = True  # what it left may still be open, or under way
            raise OperationEnded(f"it left something open or under way: the transaction is {status}")

    async def _undo(self, taken: AdapterConnection, problem: BaseException) -> None:
        """Roll back, unless the connection is beyond it: then it is closed, which does the same."""
        failure = self._driver.failure_of(problem)
        taken.spoilt |= self._driver.is_lost(problem) or (failure is not None and faults.spoils_state(failure.state))
        if taken.driven.is_busy():
            return
        sound, taken.spoilt = not taken.spoilt, True  # until it has been rolled back
        with suppress(Exception):
            await taken.driven.rollback()
            taken.spoilt = not sound

    def _meaning(self, problem: BaseException, readonly: bool) -> Exception | None:
        """Another exception that says more of what has happened; None if the problem says it."""
        failure = self._driver.failure_of(problem)
        if failure is not None and failure.state == _FAILED:
            return OperationEnded("a statement in it had failed, and the operation went on")
        if failure is not None and failure.state == _READ_ONLY and readonly:
            return QueryWrote()
        if self._driver.is_ended(problem):
            return OperationEnded(f"{type(problem).__name__} says so")
        return None

    async def perform(self, taken: AdapterConnection, work: Work) -> Any:
        """Run an operation on the driver's handle."""
        return await taken.driven.perform(work)

    def is_conflict(self, problem: BaseException) -> bool:
        """Whether an immediate retry of the transaction is likely to succeed."""
        return states.is_conflict(self._driver.failure_of(problem))

    def certainly_undone(self, problem: BaseException) -> bool:
        """Whether a COMMIT that raised this has certainly committed nothing."""
        if isinstance(problem, OperationEnded):
            return not isinstance(problem, OperationCommitted)
        return states.certainly_undone(self._driver.failure_of(problem))

    def passing(self, problem: BaseException) -> str | None:
        """A word for a transient error; None for a permanent one."""
        if self._driver.is_lost(problem):
            problem = ConnectionLost()
        return states.passing(problem, self._driver.failure_of(problem))

    async def close(self) -> None:
        """Close what the driver has opened, within a bounded time."""
        async with asyncio.timeout(limits.end_s):
            await self._driver.close()
