"""A log of the warehouse in which the order saga was published, and an administrator's look into it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from accompanist.log import names
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.publishing import awaited, startable
from tests.log.worlds import PostgresWorld
from tests.postgres import SERVICES, Database

ROOT = Path(__file__).parents[2]
BOUND = {"Warehouse": "warehouse", "Payment": "payment", "Loyalty": "loyalty"}
STARTS = "SELECT session, convert_from(payload, 'UTF8'), convert_from(header, 'UTF8') FROM inbox WHERE kind = 'start'"
WORKER = names.worker_role("warehouse")


@dataclass(frozen=True)
class Shop:
    """An application of the warehouse: its login, and the schema of the service's log. `dsn` has its table `placed`."""

    dsn: str
    admin_dsn: str
    schema: str = SERVICES["warehouse"]

    async def starts(self) -> list[tuple[Any, ...]]:
        """The sessions that were started: id, arguments, header."""
        return [tuple(row) for row in await self._asked(STARTS)]

    async def events(self) -> list[tuple[Any, ...]]:
        """The events that were told: session, site."""
        return [tuple(row) for row in await self._asked("SELECT session, site FROM inbox WHERE kind = 'event'")]

    async def placed(self) -> int:
        """How many orders the application has of its own."""
        [[count]] = await self._asked(f"SELECT count(*) FROM {WORKER}.placed")  # noqa: S608
        return int(count)

    async def _asked(self, query: str) -> list[Any]:
        connection = await asyncpg.connect(self.admin_dsn, server_settings={"search_path": self.schema})
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()


async def published(database: Database) -> None:
    world = PostgresWorld(database)
    hosted = Hosted("warehouse", lambda _, roles: {role: BOUND[cls] for role, cls in roles.items()}, Here())
    orders = ROOT / "workers" / "orders"
    hosted.add_files([orders / "choreography.py", orders / "approval.py"], ROOT)
    log: Any = await world.sidecar("warehouse")
    await log.published().starts(startable(hosted))
    await log.published().events(awaited(hosted))
    await world.close()
    worker = await asyncpg.connect(database.worker_dsn("warehouse"))
    await worker.execute("CREATE TABLE placed (number integer PRIMARY KEY)")
    await worker.close()


@pytest.fixture
def shop(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # a test may wait for it, with nothing else to do
    asyncio.run(published(database))
    yield Shop(database.worker_dsn("warehouse"), database.admin_dsn)
