"""Creates a service's log: Postgres roles and schemas once, then revisions up and down.

Three Postgres roles a service: `<service>_owner` (no login) owns the schema and runs the revisions;
`<service>_sidecar` logs in, may access the rows it needs, and has no DDL; `<service>_worker` logs in and owns a schema
of its own, `<service>_worker`, for its tables and its fence. Every sidecar is a member of `accompanist_peer`, which may
execute each service's `deliver()` and nothing else. Each login has a connection limit, its share of the server's
connections, so that it cannot starve the others; it cannot change that limit. Statement timeouts are only defaults: a
login may change its own. Values that an operator chose for any of these stay.

`bootstrap` needs a login that may create roles and schemas; `migrate` needs a member of the owner role (the login that
ran `bootstrap` is one). Both are idempotent. Logins are created without a password: over a private socket none is
needed; elsewhere the operator sets one.

Each schema has its own `alembic_version`, so that services migrate one by one. In a schema one migration runs at a
time, in one transaction. It serialises by locks that need a right on the schema or the role, not by advisory locks: any
login could take an advisory lock and keep it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Literal

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
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
                # serialise bootstraps, since two that change the same role would collide: COMMENT locks the role until
                # the commit, and needs the right to change it
                await connection.execute(f"COMMENT ON ROLE {names.PEER_ROLE} IS 'Accompanist: sidecars'")
                for service, schema in services.items():
                    await _bootstrap_service(connection, service, names.identifier(schema))
                each = await connection.fetchval(_EACH, limits.spared_connections_min)  # counts all logins, so last
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
    """Create a role if it is missing. DDL takes no parameters, so `names.identifier` checks the name."""
    if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name):
        return
    # roles belong to the whole server: a bootstrap of another database may create it first
    with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        async with connection.transaction():
            await connection.execute(f"CREATE ROLE {names.identifier(name)} {'LOGIN' if login else 'NOLOGIN'}")


_EACH = f"""
SELECT ({server.FOR_LOGINS} - $1) / (SELECT count(*)::integer FROM pg_roles WHERE {server.LOGINS})"""  # noqa: S608 (constants)
_LIMITED = "SELECT rolconnlimit AS now, shobj_description(oid, 'pg_authid') AS said FROM pg_roles WHERE rolname = $1"


async def _bound(connection: asyncpg.Connection, role: str, connections_max: int) -> None:
    """Set the connection limit of a login. A comment on the role records the value set here; if the limit differs from
    it, an operator chose it, and it stays."""
    row = await connection.fetchrow(_LIMITED, role)
    if (
        row["now"] in (-1, limits.role_connections_former_max)
        or row["said"] == f"Accompanist: {row['now']} connections"
    ):
        await connection.execute(f"ALTER ROLE {names.identifier(role)} CONNECTION LIMIT {connections_max:d}")
        comment = f"COMMENT ON ROLE {names.identifier(role)} IS 'Accompanist: {connections_max:d} connections'"
        await connection.execute(comment)


async def _time(connection: asyncpg.Connection, role: str, statement_ms: int) -> None:
    """Set the default statement timeouts of a login, unless an operator has set them."""
    row = await connection.fetchrow("SELECT rolconfig FROM pg_roles WHERE rolname = $1", role)
    chosen = {setting.partition("=")[0] for setting in row["rolconfig"] or ()}
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        if setting not in chosen:
            await connection.execute(f"ALTER ROLE {names.identifier(role)} SET {setting} = {statement_ms:d}")


async def migrate(dsn: str, service: str, schema: str, direction: Direction = "up") -> None:
    """Migrate the service's schema up to the newest revision, or down to none. Raises OperatorError."""
    owner = names.owner_role(service)
    names.identifier(schema)
    # no timeouts here: a revision may take long on large tables
    opened = partial(_opened, dsn)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=opened)
    try:
        async with refusals.readable(dsn):
            with _as_the_driver_raised_it():
                async with engine.begin() as connection:
                    await connection.run_sync(_become, owner, schema, service)
                    await connection.run_sync(_run_revisions, schema, direction)
    finally:
        await engine.dispose()


@contextmanager
def _as_the_driver_raised_it() -> Iterator[None]:
    """Unwrap the errors of SQLAlchemy: `refusals` translates the driver's own, and does not import SQLAlchemy."""
    try:
        yield
    except DBAPIError as problem:
        raise getattr(problem.orig, "driver_exception", None) or problem.__cause__ or problem from None


async def _opened(dsn: str) -> asyncpg.Connection:
    told = settings.of("accompanist migrate", stating=settings.PATIENT)
    connection = await asyncpg.connect(**address.for_driver(dsn), server_settings=told)
    await settings.complete(connection)
    return connection


def _become(connection: Connection, owner: str, schema: str, service: str) -> None:
    """Become the owner, lock the schema against other migrations, and set the search path, which functions keep."""
    version = connection.execute(text("SELECT current_setting('server_version_num')::integer / 10000")).scalar_one()
    check_version(version)
    holder = text("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = :schema")
    held = connection.execute(holder, {"schema": schema}).scalar_one_or_none()
    if held is None:
        raise OperatorError(refusals.NOT_MIGRATED, f"there is no schema {schema}")
    _check_owner(schema, held, owner)
    connection.execute(text("SELECT set_config('role', :owner, true)"), {"owner": owner})
    # COMMENT locks the schema against other comments until the commit, and only its owner may run it
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
