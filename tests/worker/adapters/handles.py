"""What operations do with the handle of each adapter: as they should, and as they should not.

`ADAPTERS` has a function for each kind. It gets the DSN of a database with the bench's tables, and yields a `Handle`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from django.db import DatabaseError, ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from accompanist.worker.adapters.django import Django
from accompanist.worker.adapters.psycopg import Psycopg
from accompanist.worker.adapters.sqlalchemy import SqlAlchemy
from accompanist.worker.port import Work, WorkerDriver
from tests.worker import bench
from tests.worker.adapters import django_models

SAW = "INSERT INTO ledger VALUES (gen_random_uuid(), '1', 'forward', 'saw')"
NOWHERE = "SELECT FROM nowhere"
SETTINGS = (
    "transaction_isolation",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "synchronous_commit",
    "transaction_read_only",
)
CONNECTIONS = 2


class Base(DeclarativeBase):
    pass


class Unkept(Base):
    """A model whose table is not there."""

    __tablename__ = "nowhere"
    what: Mapped[str] = mapped_column(primary_key=True)


@dataclass(frozen=True)
class Handle:
    """A driver, and how an operation on it carries out a statement. `meddling`: ways to take the transaction away, each
    done after an effect, and what the error says of it."""

    driver: WorkerDriver
    run: Callable[[str], Work]
    meddling: Mapping[str, tuple[Work, str]]

    def saw(self, *more: str) -> Work:
        """An operation that leaves an effect, and then carries out these statements."""
        return self.steps(self.run(SAW), *(self.run(each) for each in more), lambda tx: None)

    def steps(self, *works: Work) -> Work:
        """An operation that does one after the other, and answers 1."""
        if self.driver.threaded:

            def plain(tx: Any) -> Any:
                result: Any = None
                for work in works:
                    result = work(tx)
                return 1 if result is None else result

            return plain

        async def awaited(tx: Any) -> Any:
            result: Any = None
            for work in works:
                result = work(tx)
                if asyncio.iscoroutine(result):
                    result = await result
            return 1 if result is None else result

        return awaited


@asynccontextmanager
async def psycopg_asynchronous(dsn: str) -> AsyncIterator[Handle]:
    def run(query: str) -> Work:
        async def work(tx: psycopg.AsyncConnection[Any]) -> Any:
            cursor = await tx.execute(query)
            return None if cursor.description is None else await cursor.fetchone()

        return work

    async def careless(tx: psycopg.AsyncConnection[Any]) -> None:
        with suppress(psycopg.errors.UndefinedTable):
            await tx.execute(NOWHERE)

    left = set[asyncio.Future[None]]()

    def leaves(tx: psycopg.AsyncConnection[Any]) -> None:
        """A statement that nobody waits for, and that fails: Postgres answers the COMMIT behind it without an error."""
        left.add(asyncio.ensure_future(careless(tx)))

    pool = AsyncConnectionPool(
        dsn, open=False, min_size=1, max_size=CONNECTIONS, kwargs={"options": f"-c search_path={bench.SCHEMA}"}
    )
    yield Handle(
        Psycopg(pool),
        run,
        {
            "commit": (lambda tx: tx.commit(), "ProgrammingError"),
            "rollback": (lambda tx: tx.rollback(), "ProgrammingError"),
            "close": (lambda tx: tx.close(), "closed its connection"),
            "careless": (careless, "a statement in it had failed"),
            "leaves": (leaves, "under way"),
        },
    )


@asynccontextmanager
async def psycopg_blocking(dsn: str) -> AsyncIterator[Handle]:
    def run(query: str) -> Work:
        def work(tx: psycopg.Connection[Any]) -> Any:
            cursor = tx.execute(query)
            return None if cursor.description is None else cursor.fetchone()

        return work

    def careless(tx: psycopg.Connection[Any]) -> None:
        with suppress(psycopg.errors.UndefinedTable):
            tx.execute(NOWHERE)

    pool = ConnectionPool(
        dsn, open=False, min_size=1, max_size=CONNECTIONS, kwargs={"options": f"-c search_path={bench.SCHEMA}"}
    )
    yield Handle(
        Psycopg(pool),
        run,
        {
            "commit": (lambda tx: tx.commit(), "ProgrammingError"),
            "rollback": (lambda tx: tx.rollback(), "ProgrammingError"),
            "close": (lambda tx: tx.close(), "closed its connection"),
            "careless": (careless, "a statement in it had failed"),
        },
    )


def engine_address(dsn: str, driver: str) -> URL:
    """The same address as SQLAlchemy writes it."""
    return make_url(dsn).set(drivername=f"postgresql+{driver}")


def engine_options(driver: str) -> dict[str, Any]:
    """An engine of few connections, in the bench's schema."""
    searched: dict[str, Any] = {"options": f"-c search_path={bench.SCHEMA}"}
    if driver == "asyncpg":
        searched = {"server_settings": {"search_path": bench.SCHEMA}}
    return {"connect_args": searched, "pool_size": CONNECTIONS, "max_overflow": 0}


@asynccontextmanager
async def sqlalchemy_asynchronous(driver: str, dsn: str) -> AsyncIterator[Handle]:
    def run(query: str) -> Work:
        async def work(tx: AsyncSession) -> Any:
            result = await tx.execute(text(query))
            return list(result.one()) if result.returns_rows else None

        return work

    async def careless(tx: AsyncSession) -> None:
        with suppress(DBAPIError):
            await tx.execute(text(NOWHERE))

    async def unflushed(tx: AsyncSession) -> None:
        tx.add(Unkept(what="1"))
        with suppress(DBAPIError):
            await tx.flush()

    async def commits_below(tx: AsyncSession) -> None:
        await (await tx.connection()).commit()

    async def closes_below(tx: AsyncSession) -> None:
        await (await tx.connection()).close()

    engine = create_async_engine(engine_address(dsn, driver), **engine_options(driver))
    yield Handle(
        SqlAlchemy(engine),
        run,
        {
            "commit": (lambda tx: tx.commit(), "committed, rolled back or closed its session"),
            "rollback": (lambda tx: tx.rollback(), "committed, rolled back or closed its session"),
            "close": (lambda tx: tx.close(), "committed, rolled back or closed its session"),
            "careless": (careless, "a statement in it had failed"),
            "unflushed": (unflushed, "a statement in it had failed"),
            "commits below": (commits_below, "it committed its connection"),
            "closes below": (closes_below, ""),
        },
    )
    await engine.dispose()


@asynccontextmanager
async def sqlalchemy_blocking(dsn: str) -> AsyncIterator[Handle]:
    def run(query: str) -> Work:
        def work(tx: Session) -> Any:
            result = tx.execute(text(query))
            return list(result.one()) if result.returns_rows else None

        return work

    def careless(tx: Session) -> None:
        with suppress(DBAPIError):
            tx.execute(text(NOWHERE))

    def unflushed(tx: Session) -> None:
        tx.add(Unkept(what="1"))
        with suppress(DBAPIError):
            tx.flush()

    engine = create_engine(engine_address(dsn, "psycopg"), **engine_options("psycopg"))
    yield Handle(
        SqlAlchemy(sessionmaker(engine, expire_on_commit=False)),
        run,
        {
            "commit": (lambda tx: tx.commit(), "committed, rolled back or closed its session"),
            "rollback": (lambda tx: tx.rollback(), "committed, rolled back or closed its session"),
            "close": (lambda tx: tx.close(), "committed, rolled back or closed its session"),
            "careless": (careless, "a statement in it had failed"),
            "unflushed": (unflushed, "a statement in it had failed"),
            "commits below": (lambda tx: tx.connection().commit(), "it committed its connection"),
            "closes below": (lambda tx: tx.connection().close(), ""),
        },
    )
    engine.dispose()


@asynccontextmanager
async def django_blocking(dsn: str) -> AsyncIterator[Handle]:
    def run(query: str) -> Work:
        def work(tx: BaseDatabaseWrapper) -> Any:
            with tx.cursor() as cursor:
                cursor.execute(query)
                return None if cursor.description is None else cursor.fetchone()

        return work

    def careless(tx: BaseDatabaseWrapper) -> None:
        with suppress(ProgrammingError):
            run(NOWHERE)(tx)

    def careless_with_models(tx: BaseDatabaseWrapper) -> None:
        with suppress(DatabaseError), transaction.atomic(using=tx.alias, savepoint=False):
            raise DatabaseError

    def leaves(tx: BaseDatabaseWrapper) -> None:
        transaction.atomic(using=tx.alias).__enter__()

    using = django_models.connect(dsn, bench.SCHEMA)
    yield Handle(
        Django(using, connections=CONNECTIONS),
        run,
        {
            "commit": (lambda tx: tx.commit(), "TransactionManagementError"),
            "rollback": (lambda tx: tx.rollback(), "TransactionManagementError"),
            "close": (lambda tx: tx.close(), "closed its connection"),
            "careless": (careless, "a statement in it had failed"),
            "careless with models": (careless_with_models, "a statement in it had failed"),
            "leaves": (leaves, "left a block of atomic() open"),
        },
    )


ADAPTERS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Handle]]] = {
    "psycopg": psycopg_asynchronous,
    "psycopg-blocking": psycopg_blocking,
    "sqlalchemy-asyncpg": partial(sqlalchemy_asynchronous, "asyncpg"),
    "sqlalchemy-psycopg": partial(sqlalchemy_asynchronous, "psycopg"),
    "sqlalchemy-blocking": sqlalchemy_blocking,
    "django": django_blocking,
}
