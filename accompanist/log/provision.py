"""Making a service's log: roles once, then revisions up and down.

Three Postgres roles a service: `<service>_owner` (no login) owns the schema and runs the revisions;
`<service>_sidecar` logs in, has the rows it needs and no DDL; `<service>_worker` logs in and owns a schema of its
own, `<service>_worker`, for its tables and its fence. Every sidecar is a member of `accompanist_peer`, which may
execute each service's `deliver()` and nothing else. A login has a bound on its connections, its part of what the
server has, so that one that runs wild leaves room for the others; it cannot lift that. Limits on the time of a
statement are set for what the login runs without saying anything itself: they are no bound, a login may change its own.
An operator's own choice of all these stays.

`bootstrap` needs a login that may create roles and schemas; `migrate` needs one that is a member of the owner (the
one that bootstrapped is). Both may be done again at any time and change nothing then. Login roles are made without a
password: over a private socket none is needed, elsewhere the operator sets one.

Each schema has its own `alembic_version`, so that services migrate one by one. One migration runs at a time in a
schema, in one transaction: it happens whole or not at all. What makes the others wait are locks that a right on the
schema or the role is needed for: an advisory lock could be taken, and kept, by any login.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Literal

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.log import address, names, refusals, server, settings
from accompanist.log.connection import connect
from accompanist.log.schema import check_known, check_version, head, migrations, require_head, status

__all__ = ["bootstrap", "head", "migrate", "require_head", "status"]

Direction = Literal["up", "down"]


async def bootstrap(dsn: str, services: Mapping[str, str]) -> None:
    """Create the roles and schemas of `services` (name -> schema) where they are missing. Raises OperatorError."""
    async with refusals.readable(dsn):
        connection = await connect(dsn, "accompanist bootstrap", stating=settings.PATIENT)
        try:
            check_version(connection.get_server_version().major)
            async with connection.transaction():
                await _role(connection, names.PEER_ROLE, login=False)
                # one at a time, or two that change the same role would collide: a comment locks what it is on until the
                # commit, and only who may change the role can make one
                await connection.execute(f"COMMENT ON ROLE {names.PEER_ROLE} IS 'Accompanist: sidecars'")
                for service, schema in services.items():
                    await _bootstrap_service(connection, service, names.identifier(schema))
                each = await connection.fetchval(_EACH, limits.spared_connections_min)  # now that all logins are there
                for service in services:
                    sidecar, worker = names.sidecar_role(service), names.worker_role(service)
                    await _bound(connection, sidecar, max(limits.log_role_connections_min, each))
                    await _bound(connection, worker, max(limits.worker_connections_max, each))
        finally:
            await connection.close(timeout=limits.end_s)


async def _bootstrap_service(connection: asyncpg.Connection, service: str, schema: str) -> None:
    owner, sidecar, worker = (f(service) for f in (names.owner_role, names.sidecar_role, names.worker_role))
    await _role(connection, owner, login=False)
    await _role(connection, sidecar, login=True)
    await _role(connection, worker, login=True)
    await connection.execute(f"GRANT {names.PEER_ROLE} TO {sidecar}")
    await connection.execute(f"GRANT {owner} TO CURRENT_USER")
    await connection.execute(f"GRANT {worker} TO CURRENT_USER")
    await _time(connection, sidecar, limits.log_role_statement_ms)
    await _time(connection, worker, limits.worker_role_statement_ms)
    for place, holder in ((schema, owner), (worker, worker)):
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {place} AUTHORIZATION {holder}")
    held = await connection.fetchval("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = $1", schema)
    _check_owner(schema, held, owner)


async def _role(connection: asyncpg.Connection, name: str, *, login: bool) -> None:
    """Names are of the closed form; parameters cannot stand in DDL."""
    if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name):
        return
    # another bootstrap may be first, of this database or another: roles are the server's
    with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        async with connection.transaction():
            await connection.execute(f"CREATE ROLE {names.identifier(name)} {'LOGIN' if login else 'NOLOGIN'}")


_EACH = f"""
SELECT ({server.FOR_LOGINS} - $1) / (SELECT count(*)::integer FROM pg_roles WHERE {server.LOGINS})"""  # noqa: S608 (constants)
_LIMITED = "SELECT rolconnlimit AS now, shobj_description(oid, 'pg_authid') AS said FROM pg_roles WHERE rolname = $1"


async def _bound(connection: asyncpg.Connection, role: str, connections_max: int) -> None:
    """What one login may take of the server's connections. A comment remembers what was set here: an operator's choice
    is another, and stays."""
    row = await connection.fetchrow(_LIMITED, role)
    if (
        row["now"] in (-1, limits.role_connections_former_max)
        or row["said"] == f"Accompanist: {row['now']} connections"
    ):
        await connection.execute(f"ALTER ROLE {names.identifier(role)} CONNECTION LIMIT {connections_max:d}")
        comment = f"COMMENT ON ROLE {names.identifier(role)} IS 'Accompanist: {connections_max:d} connections'"
        await connection.execute(comment)


async def _time(connection: asyncpg.Connection, role: str, statement_ms: int) -> None:
    """How long a statement of a login takes that says nothing itself. An operator's choice stays."""
    row = await connection.fetchrow("SELECT rolconfig FROM pg_roles WHERE rolname = $1", role)
    chosen = {setting.partition("=")[0] for setting in row["rolconfig"] or ()}
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        if setting not in chosen:
            await connection.execute(f"ALTER ROLE {names.identifier(role)} SET {setting} = {statement_ms:d}")


async def migrate(dsn: str, service: str, schema: str, direction: Direction = "up") -> None:
    """Bring the service's schema to head, or down to nothing. Raises OperatorError."""
    owner = names.owner_role(service)
    names.identifier(schema)
    # no time limits here: a revision takes as long as the tables are big
    opened = partial(_opened, dsn)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=opened)
    try:
        async with refusals.readable(dsn), engine.begin() as connection:
            await connection.run_sync(_become, owner, schema, service)
            await connection.run_sync(_run_revisions, schema, direction)
    finally:
        await engine.dispose()


async def _opened(dsn: str) -> asyncpg.Connection:
    told = settings.of("accompanist migrate", stating=settings.PATIENT)
    connection = await asyncpg.connect(**address.for_driver(dsn), server_settings=told)
    await settings.complete(connection)
    return connection


def _become(connection: Connection, owner: str, schema: str, service: str) -> None:
    """One migration at a time, as the owner, in the schema; the search path is what functions keep for ever."""
    version = connection.execute(text("SELECT current_setting('server_version_num')::integer / 10000")).scalar_one()
    check_version(version)
    holder = text("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = :schema")
    held = connection.execute(holder, {"schema": schema}).scalar_one_or_none()
    if held is None:
        raise OperatorError(refusals.NOT_MIGRATED, f"there is no schema {schema}")
    _check_owner(schema, held, owner)
    connection.execute(text("SELECT set_config('role', :owner, true)"), {"owner": owner})
    # a comment locks the schema against other comments until the commit, and only its owner can make one
    connection.execute(text(f"COMMENT ON SCHEMA {schema} IS 'Accompanist: the log of {service}'"))
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": f"{schema}, pg_temp"})
    connection.execute(text("SELECT set_config('accompanist.service', :service, true)"), {"service": service})


def _check_owner(schema: str, held: str | None, owner: str) -> None:
    if held != owner:
        raise OperatorError(refusals.OTHER_SERVICE, f"schema {schema} belongs to {held}, not to {owner}")


def _run_revisions(connection: Connection, schema: str, direction: Direction) -> None:
    config = _config()
    current = MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_revision()
    check_known(current, schema)
    config.attributes.update(connection=connection, schema=schema)
    if direction == "up":
        command.upgrade(config, "head")
    else:
        command.downgrade(config, "base")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations()))
    config.set_main_option("path_separator", "os")
    return config
