"""The worker's connections, and what Postgres's errors mean for a call.

A call that fails for a reason that may pass decides nothing: its transaction is gone or, when the connection broke at
COMMIT, unknown, and the fence tells when it is asked again. So such errors are answered "retry later" (-32002) and are
never the worker's decision. Conflicts that Postgres resolves by sacrificing one transaction are tried again here first,
since nobody has to hear of them.

A statement that runs into `worker_command_s` was not slow, for the server's own limit would have come first: its
connection is dead without a sign (a firewall that forgot it, a host that is gone). It is dropped as it is, since a
ROLLBACK or a cancellation would be waited for on it as long again, and for ever where nothing limits it; the server
frees what its transaction held after `worker_idle_in_transaction_ms`. A caller that says that it is patient
(`_meta.timeout_ms`) is given as much more of each limit. A handler that gives a statement more time than that
(SET LOCAL statement_timeout) has to say so to the driver, too (`timeout=`).

A server that became read-only, shuts down or does not take this login any more answers so for as long as a connection
to it is kept, while a new one may lead to a better server: these are dropped, with those that were opened beside them.
Whatever keeps a new connection from being made may pass, too, and is never the call's fault.

Connections are returned as they are, without the reset that a pool usually sends (one more round trip a call): the
SDK leaves nothing on a connection, and a handler must not either: SET LOCAL, never SET; no LISTEN, no session locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import asyncpg

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.log import address, faults, places, settings
from accompanist.runtime.answers import BUSY

Isolation = Literal["read committed", "serializable"]
"""What the fence is safe under, if all transactions are of it (`fence.sql`)."""
READ_COMMITTED: Isolation = "read committed"

UNREACHABLE = catalogue(
    "ACC516",
    "the worker's database cannot be used",
    "Postgres does not answer at the address given, or refuses this user or database.",
    "Start it, or correct the worker's DSN.",
)


class Line(asyncpg.Connection):  # type: ignore[misc]
    """A connection that can be told how long a statement may take before its line counts as dead."""

    def bear(self, seconds: float) -> None:
        config = self._config  # type: ignore[has-type]
        self._config = config._replace(command_timeout=seconds)


class Outlasted(Exception):
    """The server ended the connection because the transaction on it stood still for too long."""


class Busy(Exception):
    """All connections are in use, and none became free within a time: the call has not begun."""


class ConnectionLost(Exception):
    """The connection broke under a statement; what it did is unknown."""


class QueryWrote(Exception):
    """A query tried to write, which it may not."""


_CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_PASSING: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (_CONFLICTS, "conflict"),
    (asyncpg.LockNotAvailableError, "lock_wait"),
    (asyncpg.QueryCanceledError, "statement_timeout"),
    ((asyncpg.IdleInTransactionSessionTimeoutError, Outlasted), "transaction_timeout"),
    (Busy, BUSY),
    (TimeoutError, "timeout"),
    (
        (
            asyncpg.PostgresConnectionError,
            asyncpg.InsufficientResourcesError,
            asyncpg.OperatorInterventionError,
            ConnectionLost,
            OSError,
            asyncpg.ReadOnlySQLTransactionError,
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InvalidCatalogNameError,
            asyncpg.InternalServerError,
            asyncpg.PostgresSystemError,
        ),
        "database_unavailable",
    ),
    (asyncpg.InsufficientPrivilegeError, "not_permitted"),
)


_PATIENT = """SELECT set_config('statement_timeout', $1, true),
                     set_config('idle_in_transaction_session_timeout', $2, true)"""


async def open_pool(
    dsn: str, schema: str, isolation: Isolation = READ_COMMITTED, size: int = limits.worker_connections_max
) -> asyncpg.Pool:
    """Connections for calls, `size` at most and no more than the login may have, on which names are the schema's. Each
    states what the fence depends on, and every transaction of it is of one level: the fence is safe only where all are.
    Raises OperatorError, which does not show the DSN: it holds a password."""
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
            max_size=await places.taken(size, 0, at, told),
            max_inactive_connection_lifetime=0,
            command_timeout=limits.worker_command_s,
            connection_class=Line,
            reset=_leave_as_is,
            init=settings.complete,
            server_settings=told,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        raise OperatorError(UNREACHABLE, f"cannot connect ({type(problem).__name__})") from None


async def _leave_as_is(connection: asyncpg.Connection) -> None:
    """In place of the pool's reset."""


def is_conflict(problem: BaseException) -> bool:
    """Whether the same transaction, begun again at once, may well succeed."""
    return isinstance(problem, _CONFLICTS) or _met_own_repeat(problem)


def passing(problem: BaseException) -> str | None:
    """One word for an error that may pass, None for one that will not."""
    if _met_own_repeat(problem):
        return "conflict"
    for kinds, word in _PASSING:
        if isinstance(problem, kinds):
            return word
    return None


def _met_own_repeat(problem: BaseException) -> bool:
    """The record of this very call was written by a concurrent repeat; its outcome can be read now."""
    return isinstance(problem, asyncpg.UniqueViolationError) and problem.table_name == "fence_call"


@asynccontextmanager
async def connection(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool, within a time: waiting for ever would hold the caller's place in line. Raises
    ConnectionLost where none can be had, and where the driver complains of one that broke; its other complaints are
    somebody's mistake."""
    try:
        async with asyncio.timeout(limits.worker_acquire_ms / 1000):
            taken = await pool.acquire()
    except TimeoutError:
        if pool.get_size() < pool.get_max_size():
            raise  # a new one was to be opened, and the server did not answer
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
    patience_ms: int = limits.call_timeout_ms,
) -> AsyncIterator[None]:
    """The driver's own: committed when the block ends well, rolled back when it does not. But on a line that is dead
    nothing more is said. The level is stated also here, because an operation may have changed the connection's. Raises
    QueryWrote where it may only read and something was written: a server that may only be read is another thing.

    The limits of a connection suit a caller that waits for `call_timeout_ms`. Who waits longer than that gets as much
    more of each, for this transaction alone, or a call that takes its time could never succeed."""
    more_ms = min(max(0, patience_ms - limits.call_timeout_ms), limits.patience_ms_max)
    idle_ms = limits.worker_idle_in_transaction_ms + more_ms
    began = asyncio.get_running_loop().time()
    begun = taken.transaction(isolation=isolation.replace(" ", "_"), readonly=readonly)
    await begun.start()
    try:
        if more_ms:
            await taken.execute(_PATIENT, str(limits.worker_statement_ms + more_ms), str(idle_ms))
            taken.bear(limits.worker_command_s + more_ms / 1000)
        yield
    except TimeoutError:
        faults.drop(taken)
        raise
    except asyncpg.ReadOnlySQLTransactionError as problem:
        await begun.rollback()
        if readonly:
            raise QueryWrote from problem
        raise
    except Exception as problem:
        if _is_closed(taken) and asyncio.get_running_loop().time() - began >= idle_ms / 1000:
            raise Outlasted from problem
        await begun.rollback()
        raise
    except BaseException:
        await begun.rollback()
        raise
    finally:
        if more_ms and not _is_closed(taken):
            taken.bear(limits.worker_command_s)
    await begun.commit()


def _is_closed(taken: asyncpg.Connection) -> bool:
    try:
        return bool(taken.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back already, which it does only with one that broke
        return True
