"""Checks before a sidecar starts that its schema is at the revision this program needs.

Alembic runs the revisions (`log.provision`). It is not imported here, since that takes a second and only two names are
compared. A test compares `REVISIONS` with the folder `migrations/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.log import names, refusals
from accompanist.log.connection import connect

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
    "0023",
    "0024",
    "0025",
    "0026",
    "0027",
    "0028",
    "0029",
    "0030",
)
"""All revisions this program knows, oldest first."""


_SHUT = """
SELECT NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT')
FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'alembic_version'
WHERE n.nspname = $1"""


def head() -> str:
    """The revision this program needs."""
    return REVISIONS[-1]


def migrations() -> Path:
    """The folder of that name: it is installed inside the package, or lies beside it in a checkout."""
    package = Path(__file__).parents[1]
    return next(place for place in (package / "migrations", package.parent / "migrations") if place.exists())


async def status(dsn: str, schema: str) -> tuple[str | None, str]:
    """(the schema's revision, this program's head). Raises OperatorError when Postgres is absent or too old."""
    async with _looking(dsn, schema) as connection:
        return (await _look(connection))[0], head()


async def require_head(dsn: str, service: str, schema: str) -> None:
    """Refuse a schema that this program cannot work with (not migrated, migrated further, another service's), and a
    login that is not the one of the service's sidecar."""
    async with _looking(dsn, schema) as connection:
        stranger = await _stranger(connection, service)
        if stranger is not None and await connection.fetchval(_SHUT, schema):
            raise stranger  # this login cannot read the tables
        current, setting = await _look(connection)
    check_known(current, schema)
    if current != head() or setting is None:
        raise OperatorError(refusals.NOT_MIGRATED, f"schema {schema} is at {current or 'nothing'}, not at {head()}")
    if setting["service"] != service:
        text = f"schema {schema} is the memory of {setting['service']}, not of {service}"
        raise OperatorError(refusals.OTHER_SERVICE, text)
    if setting["shards_count"] != limits.shards_count:
        text = f"schema {schema} has {setting['shards_count']} shards, this program {limits.shards_count}"
        raise OperatorError(refusals.OTHER_SHARDS, text)
    if stranger is not None:
        raise stranger


async def require_login(connection: asyncpg.Connection, service: str) -> None:
    """Refuse a login that is not the one of the service's sidecar."""
    if stranger := await _stranger(connection, service):
        raise stranger


async def _stranger(connection: asyncpg.Connection, service: str) -> OperatorError | None:
    """The error if the login is not the service's sidecar. A log identifies a service by its login alone, and refuses
    what another login writes."""
    needed, found = names.sidecar_role(service), await connection.fetchval("SELECT session_user")
    if found == needed:
        return None
    where = f"ACCOMPANIST_SERVICE_{service.upper()}_DATABASE"
    return OperatorError(
        refusals.OTHER_LOGIN,
        f"the database address of {service} logs in as {found!r}; its sidecar has to log in as {needed!r}",
        "`accompanist migrate --bootstrap --database ADDRESS`, with a login that may create roles, creates that login; "
        f"then set `database` of [service.{service}], or {where}, to postgresql://{needed}@HOST/NAME",
    )


@asynccontextmanager
async def _looking(dsn: str, schema: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection for checking the schema. Raises OperatorError when Postgres is absent or too old."""
    async with refusals.readable(dsn):
        connection = await connect(dsn, "accompanist status", names.identifier(schema))
        try:
            check_version(connection.get_server_version().major)
            yield connection
        finally:
            await connection.close(timeout=limits.end_s)


async def _look(connection: asyncpg.Connection) -> tuple[str | None, asyncpg.Record | None]:
    """The schema's revision and its setting row; None for what is missing."""
    if not await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
        return None, None
    current = await connection.fetchval("SELECT version_num FROM alembic_version")
    if current is None:
        return None, None
    return current, await connection.fetchrow("SELECT service, shards_count FROM setting")


def check_version(version: int) -> None:
    if version < limits.postgres_version_min:
        raise OperatorError(refusals.TOO_OLD, f"the server is of version {version}")


def check_known(current: str | None, schema: str) -> None:
    if current is not None and current not in REVISIONS:
        raise OperatorError(refusals.TOO_NEW, f"schema {schema} is at revision {current}")
