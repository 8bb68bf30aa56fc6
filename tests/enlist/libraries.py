"""An application's transaction over each library, with its connection and the log enlisted in it."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import django.conf
import psycopg
from django.db import connections, transaction
from psycopg.rows import dict_row
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from accompanist import enlist
from tests.enlist.conftest import Shop

Run = Callable[[str], Any]
"""Runs a statement of the application's own."""
Transaction = AbstractAsyncContextManager[tuple[Run, Any]]
"""It commits at its end, or rolls back where an error passes through it."""


async def given(answer: Any) -> Any:
    """An answer, whether it has to be awaited or not."""
    return await answer if inspect.isawaitable(answer) else answer


@asynccontextmanager
async def over_asyncpg(shop: Shop) -> AsyncIterator[tuple[Run, Any]]:
    connection = await asyncpg.connect(shop.dsn)
    # as an application that reads and writes JSON as values
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    try:
        async with connection.transaction():
            yield connection.execute, enlist.with_asyncpg(connection, shop.schema)
    finally:
        await connection.close()


@asynccontextmanager
async def over_psycopg(shop: Shop) -> AsyncIterator[tuple[Run, Any]]:
    with psycopg.connect(shop.dsn, row_factory=dict_row) as connection:
        yield connection.execute, enlist.with_psycopg(connection, shop.schema)


@asynccontextmanager
async def over_async_psycopg(shop: Shop) -> AsyncIterator[tuple[Run, Any]]:
    async with await psycopg.AsyncConnection.connect(shop.dsn, row_factory=dict_row) as connection:
        yield connection.execute, enlist.with_async_psycopg(connection, shop.schema)


@asynccontextmanager
async def over_sqlalchemy(shop: Shop) -> AsyncIterator[tuple[Run, Any]]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(shop.dsn))
    try:
        with Session(engine) as session, session.begin():
            yield lambda statement: session.execute(text(statement)), enlist.with_sqlalchemy(session, shop.schema)
    finally:
        engine.dispose()


@asynccontextmanager
async def over_async_sqlalchemy(shop: Shop) -> AsyncIterator[tuple[Run, Any]]:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(shop.dsn))
    try:
        async with AsyncSession(engine) as session, session.begin():
            yield lambda statement: session.execute(text(statement)), enlist.with_async_sqlalchemy(session, shop.schema)
    finally:
        await engine.dispose()


@asynccontextmanager
async def over_django(shop: Shop) -> AsyncIterator[tuple[Run, Any]]:
    if not django.conf.settings.configured:
        django.conf.settings.configure(LOGGING_CONFIG=None)
        django.setup()
    asked = psycopg.conninfo.conninfo_to_dict(shop.dsn)
    place = {"NAME": asked["dbname"], "USER": asked["user"], "PASSWORD": asked.get("password", "")}
    place |= {"HOST": asked.get("host", ""), "PORT": asked.get("port", "")}
    configured = connections.configure_settings({"default": {"ENGINE": "django.db.backends.postgresql", **place}})
    connections.settings["shop"] = configured["default"]
    connection = connections["shop"]

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    try:
        with transaction.atomic(using="shop"):
            yield run, enlist.with_django(connection, shop.schema)
    finally:
        connection.close()
        del connections["shop"]


LIBRARIES: dict[str, Callable[[Shop], Transaction]] = {
    "asyncpg": over_asyncpg,
    "psycopg": over_psycopg,
    "psycopg, async": over_async_psycopg,
    "SQLAlchemy": over_sqlalchemy,
    "SQLAlchemy, async": over_async_sqlalchemy,
    "Django": over_django,
}
