"""A pool opens no more connections than its login may have, minus those that are needed beside it, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.log import health_facts, names, pool_size
from accompanist.log.postgres import PostgresLog
from accompanist.worker import database as worker_database
from tests.postgres import SERVICES, Database

SIDECAR, WORKER = names.sidecar_role("loyalty"), names.worker_role("loyalty")


@pytest.mark.parametrize(("bound", "taken"), [(None, 8), (100, 8), (11, 8), (10, 7), (5, 2), (4, 2), (0, 2)])
def test_a_pool_takes_what_its_login_has_left(bound: int | None, taken: int) -> None:
    assert pool_size.share(8, 3, bound) == taken


def test_a_pool_that_is_to_be_small_stays_so() -> None:
    assert pool_size.share(1, 3, 2) == 1


@pytest.fixture
async def bounded(database: Database) -> AsyncIterator[Database]:
    """Roles are the server's, and other tests use them."""
    admin = await asyncpg.connect(database.dsn())
    before = {
        role: await admin.fetchval("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", role)
        for role in (SIDECAR, WORKER)
    }
    try:
        await admin.execute(f"ALTER ROLE {SIDECAR} CONNECTION LIMIT 6")
        await admin.execute(f"ALTER ROLE {WORKER} CONNECTION LIMIT 3")
        yield database
    finally:
        for role, bound in before.items():
            await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT {bound:d}")
        await admin.close()


async def held(database: Database, role: str) -> int:
    admin = await asyncpg.connect(database.dsn())
    try:
        count: int = await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE usename = $1", role)
        return count
    finally:
        await admin.close()


async def test_a_sidecars_pool_leaves_room_for_what_stands_beside_it(bounded: Database) -> None:
    """However much is asked at once. More was refused connections, which looked like a log that does not answer."""
    dsn = bounded.sidecar_dsn("loyalty")
    with capture_logs() as told:
        log = await PostgresLog.open(dsn, "loyalty", SERVICES)
    try:
        assert [(one["count"], one["limit"]) for one in told if one["event"] == "pool.bounded"] == [(3, 6)]
        async with AsyncExitStack() as taken:
            for _ in range(3):
                await taken.enter_async_context(log._pool.acquire())
            waits = asyncio.ensure_future(log.execute("SELECT 1"))
            assert await held(bounded, SIDECAR) == 3
        await waits
        found = await health_facts.read(dsn, "loyalty", SERVICES["loyalty"])
        assert found.server.connections is not None
        assert found.server.connections.own == {SIDECAR: 6, WORKER: 3}
    finally:
        await log.close()


async def test_a_workers_pool_takes_what_its_login_may_have(bounded: Database) -> None:
    dsn = bounded.dsn(WORKER)
    with capture_logs() as told:
        pool = await worker_database.open_pool(dsn, WORKER)
    try:
        assert [(one["count"], one["limit"]) for one in told if one["event"] == "pool.bounded"] == [(3, 3)]
        async with pool.acquire(), pool.acquire(), pool.acquire():
            waits = asyncio.ensure_future(pool.execute("SELECT 1"))
            assert await held(bounded, WORKER) == 3
        await waits
    finally:
        await pool.close()


async def test_without_a_bound_a_pool_takes_what_it_is_for(bounded: Database) -> None:
    """A superuser's bound is none."""
    with capture_logs() as told:
        pool = await worker_database.open_pool(bounded.dsn(), WORKER)
    await pool.close()
    assert (told, pool.get_max_size()) == ([], limits.worker_connections_max)
