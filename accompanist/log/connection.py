"""Connections to Postgres, dropped when they have gone bad.

`reach()` turns every failure of Postgres into `LogUnavailable`. Only errors caused by the values that were sent
(`log.faults`), and those that the log's own functions raise, pass unchanged. After `LogUnavailable` it is unknown
whether the commit happened. That is harmless, because every operation of the log is idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import asyncpg

from accompanist import limits
from accompanist.background import end_if_cancelled
from accompanist.errors import OperatorError
from accompanist.log import address, faults, pool_size, settings
from accompanist.runtime.ports import LogSlow, LogUnavailable

# SQLSTATEs that say that the server cannot be used now, for commands that a person runs (`log.refusals`): classes, and
# single ones: lock not available, read-only (a server in recovery), a plan that a migration has outdated.
_AGAIN_CLASSES = ("08", "40", "53", "57", "58")
_AGAIN_STATES = ("55P03", "25006", "0A000")


class Connections(Protocol):
    """A pool: asyncpg's, or `log.pooler.TransactionPool`. Each use is one statement."""

    def acquire(self) -> AbstractAsyncContextManager[asyncpg.Connection]: ...
    def terminate(self) -> None: ...


def again(problem: BaseException) -> bool:
    """Whether the failure says that the server is unavailable, and nothing about the statement."""
    if isinstance(problem, asyncpg.PostgresError) and not of_a_pooler(problem):
        state = problem.sqlstate or ""
        return state[:2] in _AGAIN_CLASSES or state in _AGAIN_STATES
    if isinstance(problem, asyncpg.InterfaceError):
        return not isinstance(problem, ValueError)  # a ValueError means arguments of a wrong type
    return isinstance(problem, (OSError, TimeoutError, asyncpg.InternalClientError))


def of_a_pooler(problem: BaseException | None) -> bool:
    """Whether a pooler refused a startup parameter, which only a direct connection may send."""
    return isinstance(problem, asyncpg.ProtocolViolationError) and "startup parameter" in str(problem)


class reach:
    """Turns failures inside into LogUnavailable, without the statement or its values, unless its values caused them. A
    task that was cancelled in the meantime ends: the driver may have replaced its cancellation by another exception,
    and a caller that retries until the log answers would never end.

    A class, because each statement goes through it, and a generator takes several times as long."""

    async def __aenter__(self) -> None:
        return

    async def __aexit__(self, _: object, problem: BaseException | None, __: object) -> None:
        if problem is None or not isinstance(problem, (LogUnavailable, *faults.FAILURES)):
            return
        end_if_cancelled()
        if isinstance(problem, LogUnavailable) or faults.of_values(problem) or faults.ours(problem):
            return
        slow = isinstance(problem, asyncpg.QueryCanceledError)
        raise (LogSlow if slow else LogUnavailable)(type(problem).__name__) from None


async def connect(
    dsn: str, name: str, schema: str | None = None, stating: Mapping[str, str] = settings.LOG
) -> asyncpg.Connection:
    """Open one connection outside any pool. Raises what the driver raises, which `reach` and `refusals.readable`
    translate, and OperatorError if the address cannot be read or is a pooler's."""
    told = settings.of(name, schema, stating)
    connection = await asyncpg.connect(
        **address.for_driver(dsn), command_timeout=limits.log_command_s, server_settings=told
    )
    try:
        if await connection.fetchval("SELECT current_setting('search_path')") != told["search_path"]:
            raise OperatorError(address.POOLED, f"{address.shown(dsn)} forgets what a connection states when it begins")
        await settings.complete(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _keep_state(connection: asyncpg.Connection) -> None:
    """Replace asyncpg's reset, which costs a round trip per use: our statements leave no state in a session."""


class Pool:
    """Connections that are opened when they are first needed, and opened again when they are lost.

    A statement that exceeds `log_command_s` was not slow, because the server's own timeout is shorter. The connection
    is dead without a sign (a firewall dropped it, the host is gone), and so, most likely, are the others of the pool.
    It is dropped without cancelling the statement, which would wait for as long again. The others are opened again when
    they are next needed; else each would cost one more timeout.

    If a server answers that it is read-only, shuts down, or does not know the login any more, all connections of the
    pool are dropped, too: they lead to the same server, and a new one may lead to a better one.

    `refused` is called when the server opens no further connection, because too many are open.
    """

    def __init__(
        self, pool: asyncpg.Pool, in_force: Callable[[], None], refused: Callable[[], None] = lambda: None
    ) -> None:
        self._pool = pool
        self._in_force = in_force
        self._refused = refused

    def acquire(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection for one statement."""
        return _Use(self)

    async def take(self) -> asyncpg.Connection:
        """Take a connection out of the pool; `give_back` has to follow."""
        self._in_force()
        try:
            return await self._pool.acquire()
        except asyncpg.TooManyConnectionsError:
            self._refused()
            raise

    async def give_back(self, taken: asyncpg.Connection, problem: BaseException | None) -> None:
        """Put a connection back. `problem`: how its use failed, if it did."""
        try:
            spoilt = isinstance(problem, asyncpg.PostgresError) and faults.spoils(problem)
            if spoilt or isinstance(problem, TimeoutError):
                faults.drop(taken)
                await self._pool.expire_connections()
        finally:
            await self._pool.release(taken)

    def terminate(self) -> None:
        """Close all connections at once; statements in flight are cut off."""
        self._pool.terminate()


class _Use(AbstractAsyncContextManager[asyncpg.Connection]):
    """One use of a pool's connection."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> asyncpg.Connection:
        self._taken = await self._pool.take()
        return self._taken

    async def __aexit__(self, _: object, problem: BaseException | None, __: object) -> None:
        await self._pool.give_back(self._taken, problem)


class ConnectionCheck(Protocol):
    """A check of connections before they are used: `log.guard.Guard`."""

    def in_force(self) -> None: ...
    async def check(self, connection: asyncpg.Connection) -> None: ...


async def open_pool(
    dsn: str,
    told: Mapping[str, str] | None,
    guard: ConnectionCheck,
    refused: Callable[[], None] = lambda: None,
    **more: object,
) -> Pool:
    """A pool whose connections set `told` when they connect and are then checked by `guard`. It has no more connections
    than the login may open. With `told=None` it goes through a pooler: no settings, no check and no limit, because a
    pooler changes servers under a connection and has its own limit. `refused`: as in `Pool`. `more`: further arguments
    of the driver. Raises what the driver raises."""

    async def begin(connection: asyncpg.Connection) -> None:
        if told:
            await settings.complete(connection)
            await guard.check(connection)

    at, most = address.for_driver(dsn, pooled=told is None), limits.log_connections_max
    if told:
        most = await pool_size.affordable(most, limits.log_lines_count + limits.lookers_count, at, told)
    pool = await asyncpg.create_pool(
        **at,
        min_size=1,
        max_size=most,
        max_inactive_connection_lifetime=0,
        reset=_keep_state,
        command_timeout=limits.log_command_s,
        init=begin,
        server_settings=dict(told or {}),
        **more,
    )
    return Pool(pool, guard.in_force, refused)
