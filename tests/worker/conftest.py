"""A fence on a real Postgres, and connections to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest

from accompanist.worker import fence
from accompanist.worker.fence import Fence, Key
from accompanist.worker.pipelining import WorkerConnection
from tests.postgres import Database

SCHEMA = "bench_worker"
ROLE = "carpenter"

Connect = Callable[[], Awaitable[asyncpg.Connection]]


@pytest.fixture
async def connect(blank_database: Database) -> AsyncIterator[Connect]:
    """Connections to a database with a fence in SCHEMA, and one table of effects."""
    opened: list[asyncpg.Connection] = []

    async def connection() -> asyncpg.Connection:
        told = {"search_path": SCHEMA}
        opened.append(
            await asyncpg.connect(blank_database.dsn(), connection_class=WorkerConnection, server_settings=told)
        )
        return opened[-1]

    first = await connection()
    await fence.install(first, SCHEMA)
    await first.execute("CREATE TABLE effect (what text NOT NULL)")
    yield connection
    for each in opened:
        each.terminate()


@pytest.fixture
def the_fence() -> Fence:
    return Fence(SCHEMA)


def key(
    session: UUID | None = None,
    site: str = "1",
    kind: str = "forward",
    operation: str = "saw",
    arguments: str = '{"n":1}',
    role: str = ROLE,
) -> Key:
    return Key(session or uuid4(), role, site, kind, operation, arguments)


async def do(connection: asyncpg.Connection, fence: Fence, key: Key, reply: str = "1") -> tuple[str, str | None]:
    """One call as a worker of any language makes it, with one effect."""
    async with connection.transaction():
        status, answer = await fence.enter(connection, key)
        if status == "run":
            await connection.execute("INSERT INTO effect VALUES ($1)", f"{key.kind} {key.site}")
            await fence.leave(connection, key, reply)
            return "ran", reply
        return status, answer


async def effects(connection: asyncpg.Connection) -> list[str]:
    return [row["what"] for row in await connection.fetch("SELECT what FROM effect ORDER BY what")]


async def until_waiting(watcher: asyncpg.Connection, waiters: int = 1) -> None:
    """Return when that many backends of this database wait for a lock: they cannot go on by themselves."""
    waiting = """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    while await watcher.fetchval(waiting) < waiters:
        pass
