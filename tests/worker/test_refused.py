"""A worker's database refuses for a while: the call is answered "retry later", and its connections are closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from accompanist.runtime.answers import Replied, RetryLater
from accompanist.worker import database
from tests.postgres import Database
from tests.worker.test_orders import ORDER, playing
from workers.orders import warehouse

LOGIN = "refused_worker"


@pytest.fixture
async def admin(blank_database: Database) -> AsyncIterator[asyncpg.Connection]:
    """From a database beside it: it may be refused itself."""
    connection = await asyncpg.connect(blank_database.dsn(), database="postgres")
    await connection.execute(f"DROP ROLE IF EXISTS {LOGIN}")
    await connection.execute(f"CREATE ROLE {LOGIN} LOGIN SUPERUSER")
    yield connection
    await connection.execute(f"ALTER ROLE {LOGIN} LOGIN")
    await connection.close()


@pytest.fixture
def dsn(blank_database: Database, admin: asyncpg.Connection) -> str:
    return blank_database.dsn(LOGIN)


async def test_a_login_that_is_refused_for_a_while_is_waited_for(
    blank_database: Database, dsn: str, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    async with playing(warehouse, dsn, tmp_path, "warehouse") as caller:
        await admin.execute(f"ALTER ROLE {LOGIN} NOLOGIN")
        await admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{LOGIN}'")  # noqa: S608
        for _ in range(3):
            assert isinstance(await caller.call("reserve", "1", order=ORDER), RetryLater)
        await admin.execute(f"ALTER ROLE {LOGIN} LOGIN")
        assert isinstance(await caller.call("reserve", "1", order=ORDER), Replied)


async def test_a_server_that_became_read_only_is_let_go_of(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that lead to what is now a standby stay read-only for ever: here by a setting of each."""
    pools: list[asyncpg.Pool] = []
    open_pool = database.open_pool

    async def kept(*told: Any) -> asyncpg.Pool:
        pools.append(await open_pool(*told))
        return pools[-1]

    monkeypatch.setattr(database, "open_pool", kept)
    async with playing(warehouse, dsn, tmp_path, "warehouse") as caller:
        async with pools[0].acquire() as one, pools[0].acquire() as other:
            for connection in (one, other):
                await connection.execute("SET default_transaction_read_only = on")
        assert isinstance(await caller.call("reserve", "0", order=ORDER), RetryLater)
        answers = await asyncio.gather(*(caller.call("reserve", str(n), order=ORDER) for n in range(4)))
        assert {type(answer) for answer in answers} == {Replied}, answers


@pytest.mark.parametrize("state", ["25006", "28000", "28P01", "3D000", "57P01", "57P03", "08006", "XX000", "58030"])
def test_what_the_server_says_of_itself_may_pass(state: str) -> None:
    assert database.passing(asyncpg.PostgresError.new({"C": state, "M": ""})) == "database_unavailable"


@pytest.mark.parametrize("state", ["22012", "23505", "42601", "42P01", "P0001"])
def test_what_a_handler_did_wrong_does_not(state: str) -> None:
    assert database.passing(asyncpg.PostgresError.new({"C": state, "M": ""})) is None
