"""Starts sagas inside an application's own transaction, from Python: the log's functions, called over its connection.

    async with pool.acquire() as connection, connection.transaction():
        await place(connection, order)
        session = await with_asyncpg(connection, "warehouse").start(fulfil_order, order, key=f"order-{number}")

There is a function for each library: asyncpg, psycopg 3 (sync and async), SQLAlchemy 2 (sync and async), Django. They
are thin: they write one statement, and the connection that is given runs it. What they give is typed by the
choreography, as `accompanist.Client` is. Arguments are encoded, and refused where they do not fit, before anything is
sent. What the function in the database refuses is raised as `Refused`, with its code. The transaction is broken then,
as after any error of Postgres.

Where to begin reading: `calls`, which writes the statements and reads their errors; `connections`, which runs them;
`typed`, which says what a type checker knows.

Not promised: that there is a transaction. On a connection that commits by itself, a start is committed at once. Nothing
is sent again: whoever repeats the transaction repeats the start.

Imports: `client` for a choreography's arguments and for `Refused`, of `log` the names. No library of a database: the
connection brings it.
"""

from __future__ import annotations

from accompanist.client.answers import Refused
from accompanist.enlist.connections import (
    with_async_psycopg,
    with_async_sqlalchemy,
    with_asyncpg,
    with_django,
    with_psycopg,
    with_sqlalchemy,
)
from accompanist.enlist.typed import Enlisted

__all__ = [
    "Enlisted",
    "Refused",
    "with_async_psycopg",
    "with_async_sqlalchemy",
    "with_asyncpg",
    "with_django",
    "with_psycopg",
    "with_sqlalchemy",
]
