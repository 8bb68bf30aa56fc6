"""Which revision of the log a program needs, and whether a schema is at it: what a sidecar asks before it starts.

Alembic makes the revisions (`log.provision`); it is not needed, and takes a second to import, to compare two names.
A test holds `REVISIONS` to the folder `migrations/`.
"""

from __future__ import annotations

import asyncpg

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.log import names, refusals
from accompanist.log.connection import connect

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""All revisions this program knows, oldest first."""


def head() -> str:
    """The revision this program needs."""
    return REVISIONS[-1]


async def status(dsn: str, schema: str) -> tuple[str | None, str]:
    """(the schema's revision, this program's head). Raises OperatorError when Postgres is absent or too old."""
    current, _ = await _look(dsn, schema)
    return current, head()


async def require_head(dsn: str, service: str, schema: str) -> None:
    """Refuse a schema that this program cannot work with: not migrated, migrated further, another service's."""
    current, setting = await _look(dsn, schema)
    check_known(current, schema)
    if current != head() or setting is None:
        raise OperatorError(refusals.NOT_MIGRATED, f"schema {schema} is at {current or 'nothing'}, not at {head()}")
    if setting["service"] != service:
        text = f"schema {schema} is the memory of {setting['service']}, not of {service}"
        raise OperatorError(refusals.OTHER_SERVICE, text)
    if setting["shards_count"] != limits.shards_count:
        text = f"schema {schema} has {setting['shards_count']} shards, this program {limits.shards_count}"
        raise OperatorError(refusals.OTHER_SHARDS, text)


async def _look(dsn: str, schema: str) -> tuple[str | None, asyncpg.Record | None]:
    """(the schema's revision, its setting), None where there is none."""
    async with refusals.readable(dsn):
        connection = await connect(dsn, "accompanist status", names.identifier(schema))
        try:
            check_version(connection.get_server_version().major)
            if not await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
                return None, None
            current = await connection.fetchval("SELECT version_num FROM alembic_version")
            if current is None:
                return None, None
            return current, await connection.fetchrow("SELECT service, shards_count FROM setting")
        finally:
            await connection.close(timeout=limits.end_s)


def check_version(version: int) -> None:
    if version < limits.postgres_version_min:
        raise OperatorError(refusals.TOO_OLD, f"the server is of version {version}")


def check_known(current: str | None, schema: str) -> None:
    if current is not None and current not in REVISIONS:
        raise OperatorError(refusals.TOO_NEW, f"schema {schema} is at revision {current}")
