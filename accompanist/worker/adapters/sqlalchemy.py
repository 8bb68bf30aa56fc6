"""Operations on SQLAlchemy 2: an `AsyncSession` where the engine is asynchronous, else a `Session`, in a thread.

    engine = create_async_engine("postgresql+asyncpg://…")  # or postgresql+psycopg://…
    worker = Worker(Payment, schema="payment", database=SqlAlchemy(engine))

    @worker.operation
    async def charge(tx: AsyncSession, ...) -> Receipt: ...

In place of an engine stands a `sessionmaker` or `async_sessionmaker` that is bound to one, where sessions have options
or a class of their own. It may not choose among engines (`binds`, `get_bind`): each would have a commit of its own.
Each call has a new session on a connection in the worker's transaction. The session is flushed when the operation
returns, before the fence records the reply. Objects that it returns are not reached afterwards: the reply is encoded
from messages.

Not promised: anything about a session that the operation makes itself; its transaction is another one. The engine is
not disposed of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, event, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker
from sqlalchemy.util import greenlet_spawn

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.worker.adapters.connection import UNFIT, DriverConnection, OperationEnded
from accompanist.worker.adapters.database import STATUS_OF, AdapterDatabase
from accompanist.worker.adapters.threads import CallThreads, ThreadedConnection
from accompanist.worker.port import Isolation, Work, WorkerDatabase
from accompanist.worker.states import PostgresFailure

AsyncMaker = async_sessionmaker[AsyncSession]
BlockingMaker = sessionmaker[Session]
Sessions = AsyncEngine | Engine | AsyncMaker | BlockingMaker


class SqlAlchemy:
    """The driver of a worker (`WorkerDriver`): an engine, or a maker of sessions that is bound to one. `connections`:
    how many calls may be under way; as many as the pool keeps, unless it is said."""

    addressed = False

    def __init__(self, sessions: Sessions, *, connections: int | None = None) -> None:
        if isinstance(sessions, AsyncEngine):
            sessions = async_sessionmaker(sessions)
        elif isinstance(sessions, Engine):
            sessions = sessionmaker(sessions)
        engine = sessions.kw.get("bind")
        if not isinstance(engine, AsyncEngine | Engine) or engine.dialect.name != "postgresql":
            raise OperatorError(UNFIT, "the sessions are not bound to an engine of Postgres")
        routed = getattr(sessions.class_, "sync_session_class", sessions.class_).get_bind is not Session.get_bind
        if sessions.kw.get("binds") or routed:
            raise OperatorError(UNFIT, "its sessions choose an engine by class: an effect might be in another commit")
        self.threaded = isinstance(sessions, sessionmaker)
        if self.threaded is not isinstance(engine, Engine):
            raise OperatorError(UNFIT, "the sessions and their engine are not both asynchronous, or both blocking")
        self._sessions, self._engine = sessions, engine
        kept = getattr(engine.pool, "size", None)  # a pool that keeps none has no size
        self._connections = connections or min(limits.worker_connections_max, _size_of(kept))

    async def open(self, dsn: str, schema: str, isolation: Isolation) -> WorkerDatabase:
        """See `WorkerDriver`. The engine connects by itself."""
        return AdapterDatabase(_SqlAlchemyDriver(self._sessions, self._engine, schema), isolation, self._connections)


def _size_of(kept: Callable[[], int] | None) -> int:
    """How many connections a pool keeps. One that keeps none has no size, and one without a bound says 0."""
    return 1 if kept is None else kept() or limits.worker_connections_max


class _SqlAlchemyDriver:
    def __init__(self, sessions: AsyncMaker | BlockingMaker, engine: AsyncEngine | Engine, schema: str) -> None:
        self._sessions, self._engine = sessions, engine
        self._threads = CallThreads(f"accompanist worker {schema}")

    def connection(self) -> DriverConnection:
        if isinstance(self._engine, AsyncEngine):
            return _AsyncSessionCall(self._engine, self._sessions)
        return ThreadedConnection(self._threads, _SessionCall(self._engine, self._sessions))

    def failure_of(self, problem: BaseException) -> PostgresFailure | None:
        if not isinstance(problem, exc.DBAPIError):
            return None
        # the driver's own error: psycopg's, or that which stands for asyncpg's and has it as its cause
        reported: Any = getattr(problem.orig, "__cause__", None) or problem.orig
        if not (state := getattr(reported, "sqlstate", None) or getattr(reported, "pgcode", None)):
            return None
        return PostgresFailure(state, getattr(getattr(reported, "diag", reported), "table_name", None))

    def is_lost(self, problem: BaseException) -> bool:
        if isinstance(problem, exc.DBAPIError):
            lost = problem.connection_invalidated or isinstance(problem, exc.OperationalError)
            return lost and self.failure_of(problem) is None
        return isinstance(problem, exc.TimeoutError)  # of the pool

    def is_ended(self, problem: BaseException) -> bool:
        return isinstance(problem, exc.PendingRollbackError | exc.ResourceClosedError)

    async def close(self) -> None:
        await self._threads.end(lambda: None)


@cache
def _statement(query: str) -> TextClause:
    """One of the few statements of the fence, with parameters as SQLAlchemy names them."""
    return text(re.sub(r"\$(\d+)", r":p\1", query))


class _Joined:
    """A connection in the worker's transaction, and the session that joins it. All methods block."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._ending = False
        self._forbidden = False

    def take(self, connection: Connection) -> None:
        self._connection = connection
        event.listen(connection, "commit", self._forbid)

    def begin(self, isolation: Isolation, readonly: bool) -> None:
        self._ending = False
        level: Any = isolation.upper()
        options = {"postgresql_readonly": readonly, "postgresql_deferrable": False}
        self._outer = self._taken().execution_options(isolation_level=level, **options).begin()

    def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        named = {f"p{number}": value for number, value in enumerate(values, 1)}
        result = self._taken().execute(_statement(query), named)
        return result.first() if result.returns_rows else None

    def join(self, session: Session) -> None:
        self._session = session
        self._joined: SessionTransaction = session.begin()

    def settle(self) -> None:
        """Send what the session has left to be sent. Raises OperationEnded if the session or the connection is not in
        the transaction any more."""
        session = self._session
        if session.get_transaction() is not self._joined:
            raise OperationEnded("it committed, rolled back or closed its session")
        if not self._joined.is_active:
            raise OperationEnded("a statement in it had failed, and the operation went on")
        session.flush()
        if self._taken().closed or not self._outer.is_active:
            raise OperationEnded("it closed its connection")

    def commit(self) -> None:
        self._ending = True
        self._outer.commit()

    def status_of(self, transaction: str) -> str | None:
        taken = self._taken().execution_options(isolation_level="AUTOCOMMIT")
        with taken.begin():
            row = self.statement(STATUS_OF, (transaction,))
        return row[0] if row else None

    def rollback(self) -> None:
        self._ending = True
        if self._forbidden:  # it takes its transaction for ended, and the server does not
            raise OperationEnded("it committed its connection")
        if self._connection is not None and self._connection.in_transaction():
            self._outer.rollback()

    def leave(self, *, spoilt: bool) -> None:
        """Let go of the connection; break it off, if it is spoilt."""
        self._ending = True
        taken, self._connection = self._connection, None
        if taken is None or taken.closed:
            return
        if spoilt and not taken.invalidated:
            taken.invalidate()
        taken.close()

    def _taken(self) -> Connection:
        assert self._connection is not None, "it was opened"
        return self._connection

    def _forbid(self, connection: Connection) -> None:
        if not self._ending:
            self._forbidden = True
            raise OperationEnded("it committed its connection")


class _SessionCall(_Joined):
    """One call's connection, of a blocking engine (`BlockingConnection`)."""

    def __init__(self, engine: Engine, sessions: Any) -> None:
        super().__init__()
        self._engine, self._sessions = engine, sessions

    def open(self) -> None:
        self.take(self._engine.connect())

    def perform(self, work: Work) -> Any:
        session: Session = self._sessions(bind=self._taken(), join_transaction_mode="rollback_only")
        self.join(session)
        result = work(session)
        self.settle()
        return result

    def release(self, *, spoilt: bool) -> None:
        self.leave(spoilt=spoilt)


class _AsyncSessionCall:
    """The same of an asynchronous engine (`DriverConnection`)."""

    def __init__(self, engine: AsyncEngine, sessions: Any) -> None:
        self._connection: AsyncConnection = engine.connect()
        self._sessions = sessions
        self._joined = _Joined()
        self._started = False

    async def open(self) -> None:
        await self._connection.start()
        self._started = True
        await self._connection.run_sync(self._joined.take)

    async def begin(self, isolation: Isolation, readonly: bool) -> None:
        await greenlet_spawn(self._joined.begin, isolation, readonly)

    async def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        return await greenlet_spawn(self._joined.statement, query, values)

    async def perform(self, work: Work) -> Any:
        session: AsyncSession = self._sessions(bind=self._connection, join_transaction_mode="rollback_only")
        self._joined.join(session.sync_session)
        result = await work(session)
        await greenlet_spawn(self._joined.settle)
        return result

    async def commit(self) -> None:
        await greenlet_spawn(self._joined.commit)

    async def status_of(self, transaction: str) -> str | None:
        return await greenlet_spawn(self._joined.status_of, transaction)

    async def rollback(self) -> None:
        await greenlet_spawn(self._joined.rollback)

    async def release(self, *, spoilt: bool) -> None:
        if self._started:
            await greenlet_spawn(self._joined.leave, spoilt=spoilt)
            await self._connection.close()

    def is_busy(self) -> bool:
        return False
