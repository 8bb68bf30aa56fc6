"""Installs the fence and calls its functions; `fence.sql` explains why it is correct.

`install` is idempotent and versioned: it runs the whole file in one transaction, and refuses a schema with a newer
fence. If this version is installed already, it sees only to how large values are stored (`fence_storage.sql`). `Fence`
has the statements for one schema; each runs on the caller's connection, in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.worker.identifiers import schema_name
from accompanist.worker.port import FenceConnection

VERSION = 4

NOT_INSTALLED = catalogue(
    "ACC511",
    "the worker's schema has no fence",
    "The fence is a table and some functions in the worker's own schema. Without it a retried call could take effect "
    "twice.",
    "Run `accompanist fence install --schema SCHEMA`, or start the worker once with --install.",
)
NO_SCHEMA = catalogue(
    "ACC512",
    "the worker's schema does not exist",
    "The schema does not exist in this database, or this database role may not use it.",
    "Create it, grant it to the worker's database role, or start the worker once with --install.",
)
NEWER = catalogue(
    "ACC513",
    "the fence is newer than this program",
    "A later version of Accompanist has installed its fence here, and this one does not know its contract.",
    "Start the worker with the version of Accompanist that installed the fence, or a later one.",
)
BAD_ENCODING = catalogue(
    "ACC515",
    "the database is not in UTF-8",
    "Arguments and replies are JSON, which is UTF-8; another encoding cannot hold every text.",
    "Create the worker's database with ENCODING 'UTF8'.",
)

FORGETFUL = catalogue(
    "ACC517",
    "the worker's database may forget what it has committed",
    "With synchronous_commit off, Postgres acknowledges a commit before it is on disk. After a crash of the server, an "
    "effect that others rely on could be lost.",
    "Set synchronous_commit to on, at least for the worker's database role.",
)

_SQL = Path(__file__).with_name("fence.sql")
_STORAGE = Path(__file__).with_name("fence_storage.sql")
_FIRST = """
CREATE TABLE IF NOT EXISTS fence_version (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"""
"""The table of fence.sql that installers lock, so that they run one at a time."""
_MADE_AT_ONCE = (asyncpg.UniqueViolationError, asyncpg.DuplicateTableError, asyncpg.DuplicateSchemaError)


async def install(connection: asyncpg.Connection, schema: str) -> None:
    """Create the schema, if it is missing, and the fence in it, as the connection's database role."""
    schema_name(schema)
    try:
        await _install(connection, schema)
    except _MADE_AT_ONCE:  # a concurrent installer created it, and has committed by now
        await _install(connection, schema)


async def _install(connection: asyncpg.Connection, schema: str) -> None:
    async with connection.transaction():
        if await connection.fetchval("SHOW server_encoding") != "UTF8":
            raise OperatorError(BAD_ENCODING, f"the database of schema {schema} is not in UTF-8")
        if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", schema):
            await connection.execute(f"CREATE SCHEMA {schema}")
        await connection.execute("SELECT set_config('search_path', $1, true)", f"{schema}, pg_temp")
        if await _known_version(connection, schema) < VERSION:
            await connection.execute(_FIRST)
            # of two concurrent installers, the second waits here, and then finds everything installed
            await connection.execute("LOCK TABLE fence_version IN SHARE ROW EXCLUSIVE MODE")
            if await _known_version(connection, schema) < VERSION:
                await connection.execute(_SQL.read_text())
        await connection.execute(_STORAGE.read_text())


async def _known_version(connection: FenceConnection, schema: str) -> int:
    """The installed version; 0 if there is none. Raises OperatorError for one that this program does not know."""
    found = await _version(connection, schema)
    if found > VERSION:
        raise OperatorError(NEWER, f"schema {schema} has version {found}, this program knows {VERSION}")
    return found


async def verify(connection: FenceConnection, schema: str) -> None:
    """Raise OperatorError unless the schema exists, has this version's fence, and keeps its commits."""
    schema_name(schema)
    if await connection.fetchval("SHOW synchronous_commit") == "off":
        raise OperatorError(FORGETFUL, "synchronous_commit is off for this database role")
    usable = "SELECT coalesce(has_schema_privilege(to_regnamespace($1), 'USAGE'), false)"
    if not await connection.fetchval(usable, schema):
        raise OperatorError(NO_SCHEMA, f"there is no schema {schema} that this database role may use")
    found = await _known_version(connection, schema)
    if found < VERSION:
        text = f"schema {schema} has no fence" if found == 0 else f"schema {schema} has a fence of version {found}"
        raise OperatorError(NOT_INSTALLED, text, f"run `accompanist fence install --schema {schema}`")


async def _version(connection: FenceConnection, schema: str) -> int:
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.fence_version"):
        return 0
    return int(await connection.fetchval(f"SELECT coalesce(max(version), 0) FROM {schema}.fence_version"))  # noqa: S608


@dataclass(frozen=True, slots=True)
class Key:
    """The idempotency key of a call, with its operation and arguments. `arguments` is canonical JSON text."""

    session: UUID
    role: str
    site: str
    kind: str
    operation: str
    arguments: str


class Fence:
    """The fence of one schema."""

    def __init__(self, schema: str) -> None:
        schema_name(schema)
        # only the schema's name varies, and it was checked above
        self._enter = f"SELECT status, answer FROM {schema}.fence_enter($1, $2, $3, $4, $5, $6)"  # noqa: S608
        # of the function's one row, which is void, OFFSET leaves nothing: nobody reads it (`WorkerConnection.last`)
        self._leave = f"SELECT FROM {schema}.fence_leave($1, $2, $3, $4, $5, $6, $7) OFFSET 1"
        self._refuse = f"SELECT status, answer FROM {schema}.fence_refuse($1, $2, $3, $4, $5, $6)"  # noqa: S608
        self._close = f"SELECT {schema}.fence_close($1, $2, $3, $4, $5, $6, $7)"
        self._forget = f"SELECT {schema}.fence_forget($1)"

    async def enter(self, tx: FenceConnection, key: Key) -> tuple[str, str | None]:
        row = await tx.fetchrow(self._enter, key.session, key.role, key.site, key.kind, key.operation, key.arguments)
        return row[0], row[1]

    async def leave(self, tx: FenceConnection, key: Key, reply: str) -> None:
        """Record the reply. The transaction's COMMIT comes next, and may be what raises."""
        await tx.last(self._leave, key.session, key.role, key.site, key.kind, key.operation, key.arguments, reply)

    async def refuse(self, tx: FenceConnection, key: Key, reason: str) -> tuple[str, str | None]:
        reason = reason[: limits.reason_chars_max]
        row = await tx.fetchrow(self._refuse, key.session, key.role, key.site, key.operation, key.arguments, reason)
        return row[0], row[1]

    async def close(
        self, tx: FenceConnection, session: UUID, role: str, unless: str | None, before: str | None = None
    ) -> str:
        """The JSON answer of `accompanist.close`, as in the worker contract."""
        bounds = (limits.fence_page_rows_max, limits.fence_page_bytes_max)
        answer: Any = await tx.fetchval(self._close, session, role, unless, limits.fence_close_wait_ms, before, *bounds)
        return str(answer)

    async def forget(self, tx: FenceConnection, sessions: list[UUID]) -> int:
        return int(await tx.fetchval(self._forget, sessions))
