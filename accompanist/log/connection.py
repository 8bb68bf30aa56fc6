"""Reaching Postgres: connections that are dropped when they have gone bad.

`reach()` turns every failure of Postgres into `LogUnavailable`, unless it is proved to be about the values that were
sent (`log.faults`) or is one that the log's own functions raise; these pass unchanged. Whether the commit happened is
then unknown, which is harmless: everything the log does may be done twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import asyncpg

from accompanist import limits
from accompanist.background import end_if_cancelled
from accompanist.errors import OperatorError
from accompanist.log import address, faults, places, settings
from accompanist.runtime.ports import LogSlow, LogUnavailable

# For what a person asked (`log.refusals`): classes of SQLSTATE that say that the server cannot be worked with now. And:
# lock not available, read-only (a server in recovery), a plan that a migration outdated.
_AGAIN_CLASSES = ("08", "40", "53", "57", "58")
_AGAIN_STATES = ("55P03", "25006", "0A000")


class Connections(Protocol):
    """A pool: asyncpg's, or `log.pooler.Transactions`. Each use is one statement."""

    def acquire(self) -> AbstractAsyncContextManager[asyncpg.Connection]: ...
    def terminate(self) -> None: ...


def again(problem: BaseException) -> bool:
    """Whether the failure says that the server is away, and nothing of what it was asked."""
    if isinstance(problem, asyncpg.PostgresError) and not of_a_pooler(problem):
        state = problem.sqlstate or ""
        return state[:2] in _AGAIN_CLASSES or state in _AGAIN_STATES
    if isinstance(problem, asyncpg.InterfaceError):
        return not isinstance(problem, ValueError)  # a ValueError: arguments that do not fit
    return isinstance(problem, (OSError, TimeoutError, asyncpg.InternalClientError))


def of_a_pooler(problem: BaseException | None) -> bool:
    """Whether a pooler refuses what only a direct connection may say of itself."""
    return isinstance(problem, asyncpg.ProtocolViolationError) and "startup parameter" in str(problem)


@asynccontextmanager
async def reach() -> AsyncIterator[None]:
    """Failures inside that are not proved to be ours become LogUnavailable, without the statement or its values. A
    task that was cancelled meanwhile ends: the driver may have put another failure in the place of its cancellation,
    and whoever asks the log again until it answers would never end."""
    try:
        yield
    except (LogUnavailable, *faults.FAILURES) as problem:
        end_if_cancelled()
        if isinstance(problem, LogUnavailable):
            raise
        if faults.of_values(problem) or faults.ours(problem):
            raise
        slow = isinstance(problem, asyncpg.QueryCanceledError)
        raise (LogSlow if slow else LogUnavailable)(type(problem).__name__) from None


async def connect(
    dsn: str, name: str, schema: str | None = None, stating: Mapping[str, str] = settings.LOG
) -> asyncpg.Connection:
    """One connection outside any pool. Raises what the driver raises: `reach` and `refusals.readable` read it; and
    OperatorError where the address cannot be read, or is a pooler's."""
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
    """Nothing that we do leaves state in a session; asyncpg's own reset would be a round trip a use."""


class Pool:
    """Connections that are opened when they are first needed, and again when they were lost.

    A statement that runs into `log_command_s` was not slow: the server's own limit would have come first. The line is
    dead without a sign (a firewall that forgot it, a host that is gone), and those that were opened beside it most
    likely are, too: it is dropped as it is, for a cancellation would be waited for on it as long again, and the others
    are opened anew when they are next needed, or each would cost as much.

    A connection whose server answers that it may not write any more, shuts down or does not know the login any more is
    dropped likewise, and those beside it with it: they lead to the same server, and a new one may lead to a better one.
    """

    def __init__(self, pool: asyncpg.Pool, in_force: Callable[[], None]) -> None:
        self._pool = pool
        self._in_force = in_force

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        self._in_force()
        taken = await self._pool.acquire()
        try:
            yield taken
        except TimeoutError:
            faults.drop(taken)
            await self._pool.expire_connections()
            raise
        except asyncpg.PostgresError as problem:
            if faults.spoils(problem):
                faults.drop(taken)
                await self._pool.expire_connections()
            raise
        finally:
            await self._pool.release(taken)

    def terminate(self) -> None:
        """What is in flight is cut off."""
        self._pool.terminate()


class Looks(Protocol):
    """Who looks at connections before they are used: `log.guard.Guard`."""

    def in_force(self) -> None: ...
    async def look(self, connection: asyncpg.Connection) -> None: ...


async def open_pool(dsn: str, told: Mapping[str, str] | None, guard: Looks, **more: object) -> Pool:
    """Connections that tell the server `told` when they begin and are looked at then, no more than the login may have;
    neither where a pooler is reached, which changes servers under a connection and has a bound of its own. `more` is
    the driver's. Raises what that raises."""

    async def begin(connection: asyncpg.Connection) -> None:
        if told:
            await settings.complete(connection)
            await guard.look(connection)

    at, most = address.for_driver(dsn, pooled=told is None), limits.log_connections_max
    if told:
        most = await places.taken(most, limits.log_lines_count + limits.lookers_count, at, told)
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
    return Pool(pool, guard.in_force)
