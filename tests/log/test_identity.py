"""A log is used only on the server on which it was written, and only if that server flushes. Anything else is refused
until somebody accepts it.
"""

from __future__ import annotations

import asyncpg
import pytest

from accompanist.errors import OperatorError
from accompanist.log import server
from accompanist.log.postgres import PostgresLog
from tests.log.worlds import PostgresWorld
from tests.postgres import SERVICES, restart
from tests.postgres import server as new_server

WAREHOUSE = SERVICES["warehouse"]


async def opened(world: PostgresWorld) -> None:
    log = await PostgresLog.open(world.database.sidecar_dsn("warehouse"), "warehouse", SERVICES)
    await log.close()


async def test_the_first_start_notes_the_server_and_the_next_finds_it(postgres_world: PostgresWorld) -> None:
    await opened(postgres_world)
    await opened(postgres_world)
    admin = await postgres_world.connect("warehouse")
    found = await server.noted(admin)
    assert found is not None
    assert found.identity == await server.identity(admin)
    await admin.close()


@pytest.mark.parametrize(
    "change",
    [
        "system_identifier = system_identifier + 1",
        "timeline = timeline - 1",
        "timeline = timeline + 1",
        "database_oid = database_oid + 1",
        "relation_oid = relation_oid + 1",
    ],
)
async def test_another_server_or_timeline_is_refused_until_it_is_accepted(
    postgres_world: PostgresWorld, change: str
) -> None:
    await opened(postgres_world)
    await postgres_world.execute("warehouse", f"UPDATE server SET {change}")  # noqa: S608 (above)
    with pytest.raises(OperatorError) as refused:
        await opened(postgres_world)
    assert refused.value.code == "ACC409"
    await server.accept(postgres_world.database.sidecar_dsn("warehouse"), WAREHOUSE)
    await opened(postgres_world)


@pytest.mark.postgres
async def test_a_crash_is_no_other_server() -> None:
    with new_server() as started:
        connection = await asyncpg.connect(started.dsn())
        before = await server.identity(connection)
        await connection.close()
        started.kill()
        again = restart(started)
        try:
            connection = await asyncpg.connect(again.dsn())
            assert await server.identity(connection) == before
            await connection.close()
        finally:
            again.stop()


async def test_a_login_that_may_not_know_compares_nothing(postgres_world: PostgresWorld) -> None:
    await postgres_world.execute("warehouse", "REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC")
    await opened(postgres_world)
    admin = await postgres_world.connect("warehouse")
    assert await server.noted(admin) is None
    await admin.close()


async def test_a_server_that_does_not_flush_is_refused(
    postgres_world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is forged: a server with fsync off is not made here, on purpose."""

    async def forged(connection: asyncpg.Connection) -> dict[str, str]:
        return {"fsync": "off"}

    monkeypatch.setattr(server, "settings", forged)
    with pytest.raises(OperatorError) as refused:
        await opened(postgres_world)
    assert refused.value.code == "ACC408"


async def test_what_is_committed_is_flushed_whatever_the_server_is_set_to(postgres_world: PostgresWorld) -> None:
    await postgres_world.execute("warehouse", "ALTER ROLE warehouse_sidecar SET synchronous_commit = off")
    try:
        dsn = postgres_world.database.sidecar_dsn("warehouse")
        log = await PostgresLog.open(dsn, "warehouse", SERVICES)
        async with log._pool.acquire() as connection:
            assert await connection.fetchval("SELECT current_setting('synchronous_commit')") == "on"
        await log.close()
    finally:
        await postgres_world.execute("warehouse", "ALTER ROLE warehouse_sidecar RESET synchronous_commit")
