"""What a worker's driver is made of: engines and pools that would break its promises are refused, others have room."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import transaction
from psycopg_pool import AsyncNullConnectionPool
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.worker.adapters.psycopg import Psycopg
from accompanist.worker.adapters.sqlalchemy import SqlAlchemy
from accompanist.worker.port import READ_COMMITTED
from accompanist.worker.volatile import VolatileMemory
from tests.postgres import Database
from tests.worker import bench
from tests.worker.adapters.handles import Unkept
from tests.worker.adapters.test_transactions import opened
from tests.worker.conftest import key

ADDRESS = "postgresql+psycopg://nobody@localhost/nowhere"


class Routed(Session):
    def get_bind(self, *of: Any, **named: Any) -> Any:
        raise NotImplementedError


class AsyncRouted(AsyncSession):
    sync_session_class = Routed


def test_sessions_that_choose_among_engines_are_refused() -> None:
    engine, other = create_engine(ADDRESS), create_async_engine(ADDRESS)
    makers = (
        sessionmaker(engine, binds={Unkept: engine}),
        sessionmaker(engine, class_=Routed),
        async_sessionmaker(other, binds={Unkept: engine}),
        async_sessionmaker(other, class_=AsyncRouted),
    )
    for maker in makers:
        with pytest.raises(OperatorError, match="choose an engine by class"):
            SqlAlchemy(maker)
    SqlAlchemy(sessionmaker(engine, expire_on_commit=False))


async def test_a_pool_without_a_bound_has_room_for_calls(blank_database: Database) -> None:
    assert SqlAlchemy(create_engine(ADDRESS, pool_size=0))._connections == limits.worker_connections_max
    await bench.install(blank_database.dsn())
    pool: AsyncNullConnectionPool[psycopg.AsyncConnection[Any]] = AsyncNullConnectionPool(
        blank_database.dsn(), open=False
    )
    there = await Psycopg(pool).open("", bench.SCHEMA, READ_COMMITTED)
    async with there.connection() as taken, there.transaction(taken):
        assert await taken.fetchval("SELECT 1") == 1
    await there.close()


async def test_what_django_does_after_a_commit_does_not_undo_it(blank_database: Database) -> None:
    """An error of a hook is no error of the COMMIT: the call is done, and is not done again."""

    def raises() -> None:
        raise RuntimeError

    def hooked(tx: Any) -> None:
        transaction.on_commit(raises, using=tx.alias)

    async with opened(blank_database, "django") as at:
        memory, call = VolatileMemory("here"), key()
        work = at.handle.steps(at.handle.saw(), hooked, lambda tx: 1)
        for _ in range(3):
            assert await at.execution.transact_volatile(memory, call, work, int) == b"1"
        assert await at.effects() == (1, 0)
        assert await at.execution.transact(key(), work, int) == b"1"
        assert await at.effects() == (2, 1)
