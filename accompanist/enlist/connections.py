"""A log's functions over the connection that an application has: one function for each library.

Each runs one statement on the connection, inside whatever transaction that is in. None imports its library at run time
but SQLAlchemy's, which wants a statement of its own kind.

Not promised: that a connection is asked once at a time. That is its owner's business, as for any statement.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from accompanist.enlist.calls import FunctionCall, refusals
from accompanist.enlist.typed import Enlisted
from accompanist.errors import AuthorError, catalogue

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection, TextClause
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
    from sqlalchemy.orm import Session, scoped_session


SEVERAL_ENGINES = catalogue(
    "ACC857",
    "a session of several engines",
    "A SQLAlchemy session that has an engine of its own for some classes has a transaction for each engine, and the "
    "start might be in another one than what it belongs to.",
    "Give the connection that your writes use: `with_sqlalchemy(session.connection(...), schema)`.",
)


class AsyncpgConnection(Protocol):
    """The part of asyncpg's connection that is used here; one that a pool lends has it, too."""

    async def fetchval(self, query: str, *args: Any) -> Any: ...


class DjangoConnection(Protocol):
    """The part of `django.db.connection`, or of one in `connections`, that is used here."""

    def cursor(self) -> Any: ...


def with_asyncpg(connection: AsyncpgConnection, schema: str) -> Enlisted[Awaitable[UUID], Awaitable[bool]]:
    """The log in `schema`, over asyncpg."""

    async def ask(call: FunctionCall) -> Any:
        with refusals():
            return call.read(await connection.fetchval(call.statement(lambda at, _: f"${at}"), *call.values))

    return Enlisted(schema, ask)


def with_psycopg(connection: psycopg.Connection[Any], schema: str) -> Enlisted[UUID, bool]:
    """The log in `schema`, over psycopg 3."""

    def ask(call: FunctionCall) -> Any:
        with refusals(), connection.cursor(row_factory=_plain) as cursor:
            return call.read(_first(cursor.execute(_percent(call), call.values).fetchone()))

    return Enlisted(schema, ask)


def with_async_psycopg(
    connection: psycopg.AsyncConnection[Any], schema: str
) -> Enlisted[Awaitable[UUID], Awaitable[bool]]:
    """The log in `schema`, over psycopg 3 with an event loop."""

    async def ask(call: FunctionCall) -> Any:
        with refusals():
            async with connection.cursor(row_factory=_plain) as cursor:
                await cursor.execute(_percent(call), call.values)
                return call.read(_first(await cursor.fetchone()))

    return Enlisted(schema, ask)


def with_sqlalchemy(session: Session | scoped_session[Any] | Connection, schema: str) -> Enlisted[UUID, bool]:
    """The log in `schema`, over a session or a connection of SQLAlchemy, whatever its driver is. Raises AuthorError for
    a session that has an engine of its own for some classes."""

    _check_one_engine(session)

    def ask(call: FunctionCall) -> Any:
        with refusals():
            return call.read(session.execute(_clause(call), call.named).scalar_one())

    return Enlisted(schema, ask)


def with_async_sqlalchemy(
    session: AsyncSession | AsyncConnection, schema: str
) -> Enlisted[Awaitable[UUID], Awaitable[bool]]:
    """The same with an event loop."""
    _check_one_engine(getattr(session, "sync_session", session))

    async def ask(call: FunctionCall) -> Any:
        with refusals():
            return call.read((await session.execute(_clause(call), call.named)).scalar_one())

    return Enlisted(schema, ask)


def with_django(connection: DjangoConnection, schema: str) -> Enlisted[UUID, bool]:
    """The log in `schema`, over a connection of Django. In `transaction.atomic()` the session is there when the block
    commits; `on_commit` is not needed."""

    def ask(call: FunctionCall) -> Any:
        with refusals(), connection.cursor() as cursor:
            cursor.execute(_percent(call), call.values)
            return call.read(_first(cursor.fetchone()))

    return Enlisted(schema, ask)


def _check_one_engine(session: Any) -> None:
    """Raise AuthorError for a session with engines of its own for some classes. SQLAlchemy 2.0 keeps them in an
    attribute that is not public."""
    registry = getattr(session, "registry", None)
    found = registry() if callable(registry) else session
    if getattr(found, "binds", None) or getattr(found, "_Session__binds", None):
        raise AuthorError(SEVERAL_ENGINES, "the session has an engine of its own for some classes")


def _percent(call: FunctionCall) -> Any:
    return call.statement(lambda at, name: "%s")


def _clause(call: FunctionCall) -> TextClause:
    from sqlalchemy import text

    return text(call.statement(lambda at, name: f":{name}"))


def _first(row: Any) -> Any:
    return row[0]


def _plain(cursor: Any) -> Callable[[Any], Any]:
    """A row as its values, whatever rows the connection makes otherwise."""
    return tuple
