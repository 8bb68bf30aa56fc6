"""What a server of Postgres did between two readings: statements, messages, and bytes of its write-ahead log.

These are counts of work, so they do not depend on the machine's speed. Statements are those of `pg_stat_statements`, as
clients sent them (`top`) and as functions ran them. Bytes and commits are read from the write-ahead log itself with
`pg_walinspect`, since Postgres's own counters of commits may be ten seconds late. Images of whole pages are left out:
their number depends on when the last checkpoint was. Messages are rows of the inboxes.

Not promised: a reading while others use the server counts what they did, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "10000",
    "pg_stat_statements.track": "all",
    # what happens by time, and not by work
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    # no segment that is still to be read is removed
    "max_wal_size": "4GB",
    "wal_keep_size": "1GB",
}
"""What the server has to be started with."""


class Statement(NamedTuple):
    """`role`: the login that sent it, or the owner of the function that ran it; `top`: a client sent it."""

    role: str
    top: bool
    text: str


@dataclass(frozen=True)
class Reading:
    """What had been done at one moment. `lsn`: the end of the write-ahead log."""

    statements: Counter[Statement]
    messages: int
    lsn: int


@dataclass(frozen=True)
class Work:
    """What was done between two readings. `wal`: bytes by kind of record, without images of pages."""

    statements: Counter[Statement]
    messages: int
    commits: int
    wal: Counter[str]


async def prepare(connection: asyncpg.Connection) -> None:
    """Make the views. Needs a superuser, and a server that was started with SETTINGS."""
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")


async def statements(connection: asyncpg.Connection) -> Counter[Statement]:
    """How often each statement was run so far."""
    rows = await connection.fetch(
        """
        SELECT r.rolname AS role, s.toplevel AS top, s.query AS text, sum(s.calls)::bigint AS calls
        FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid GROUP BY 1, 2, 3
        """
    )
    return Counter({Statement(row["role"], row["top"], row["text"]): row["calls"] for row in rows})


async def read(connection: asyncpg.Connection, schemas: Collection[str]) -> Reading:
    """`schemas`: those of the logs whose messages are counted."""
    messages = 0
    for schema in schemas:
        messages += await connection.fetchval(f"SELECT count(*) FROM {schema}.inbox")  # noqa: S608 (names of ours)
    # a commit that waits for the disk brings along what commits before it did not wait for
    await connection.execute("SELECT pg_current_xact_id()")
    end = await connection.fetchval("SELECT pg_current_wal_flush_lsn()")
    return Reading(await statements(connection), messages, end)


async def between(connection: asyncpg.Connection, before: Reading, after: Reading) -> Work:
    """The difference of two readings. It reads the write-ahead log between them."""
    rows = await connection.fetch(
        """
        SELECT "resource_manager/record_type" AS kind, count, record_size FROM pg_get_wal_stats($1, $2, true)
        WHERE count > 0
        """,
        before.lsn,
        after.lsn,
    )
    commits = sum(row["count"] for row in rows if row["kind"].startswith("Transaction/COMMIT"))
    return Work(
        after.statements - before.statements,
        after.messages - before.messages,
        commits,
        Counter({row["kind"]: int(row["record_size"]) for row in rows}),
    )
