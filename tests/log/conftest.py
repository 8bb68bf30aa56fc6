"""`world`: every test that takes it runs on Postgres and on the fake."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.log.worlds import MemoryWorld, PostgresWorld, World
from tests.postgres import Database


@pytest.fixture(params=["memory", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    in_memory = request.param == "memory"
    made: World = MemoryWorld() if in_memory else PostgresWorld(request.getfixturevalue("database"))
    yield made
    await made.close()


@pytest.fixture
async def postgres_world(database: Database) -> AsyncIterator[PostgresWorld]:
    """For what only a real server does."""
    made = PostgresWorld(database)
    yield made
    await made.close()
