"""Checks that this is the server the log was written on, and that it keeps its commits.

Rule 0 depends on commits that stay. A server with fsync off loses some when its machine stops. A restored backup or a
promoted standby may lack commits that others have acted upon: then there are effects whose record is gone. A schema
records the system, timeline, database and table that it was last used on. Sidecars record the marks of commits that
were acknowledged to them (`log.commit_marks`). Together these prove what happened:

    the same            go on; but if a mark is missing even so (a disk was set back), stop
    a later timeline    a standby was promoted, or a backup recovered. If all known marks are there, no acknowledged
                        commit was lost: record the new timeline and go on. If one is missing: stop at once, and name
                        its sessions. If no mark is known (a first start on another machine): an operator has to accept
                        the server (`accompanist doctor --accept-server`)
    an earlier one      an old primary that does not know yet that it was replaced: wait for another connection
    another system,     a copy made by a dump, an upgrade, or new tables that were filled: another log with the same
    database or table   rows, while the first one may still be in use. Refused until an operator accepts it

This is checked on every new connection of a sidecar. Each flush also names the mark that it follows, and is refused if
that mark is missing: a pooler may change servers under a connection.

A client may override `synchronous_commit = off`, and our connections do: they set it to `on`.

Not promised: that every loss is noticed. A mark that no running sidecar and no file knows is not missed. Effects that a
worker's own database lost are not checked. A disk that acknowledges flushes it does not make is believed until the
machine stops. If the login may not read the control data, timelines are not compared, and only the marks decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.log import names, refusals
from accompanist.log.commit_marks import Creation
from accompanist.log.connection import connect

UNSAFE = catalogue(
    "ACC408",
    "the server does not flush its commits",
    "With fsync=off, acknowledged commits are lost when the machine stops. What other services did because of them is "
    "not: money is taken for an order that no log has.",
    "Set fsync = on and restart Postgres; a log that ran with it off may be damaged already.",
)
OTHER_SERVER = catalogue(
    "ACC409",
    "the server is not the one of last time",
    "The schema was last used on another Postgres system, timeline or database: a restored backup, a copy, or a "
    "standby that was promoted. It may lack commits that other services have acted upon, and nothing here proves that "
    "it does not.",
    "If it is certain that no commit was lost (the standby was synchronous, the backup was taken after the last "
    "commit), run `accompanist doctor --accept-server --service NAME`; else compare the workers' effects first.",
)
LOST = catalogue(
    "ACC447",
    "commits are missing on the server",
    "Commits were acknowledged to the sidecar as durable, and others have acted upon them. This server does not have "
    "them: a standby that lacked them was promoted, or a backup was restored.",
    "Bring the server back that has them, if it still exists. Else compare the workers' effects of the sessions named "
    "(if none is named, of all since the time of the last commit), correct by hand what is not recorded, and run "
    "`accompanist doctor --accept-server --service NAME`.",
)


class ServerIdentity(NamedTuple):
    """The identity of a log's server: the Postgres system (made by initdb), its timeline, and the object ids of the
    log's database and table. A restored dump has other object ids. None: not known, or no log yet."""

    system: int
    timeline: int
    database: int | None = None
    relation: int | None = None

    def __str__(self) -> str:
        place = f", database {self.database}, table {self.relation}" if self.relation is not None else ""
        return f"system {self.system}, timeline {self.timeline}{place}"

    def copied_from(self, other: ServerIdentity) -> bool:
        """Whether this is a copy of the other log: another system, database or table."""
        mine, theirs = (self.system, self.database, self.relation), (other.system, other.database, other.relation)
        return any(None not in pair and pair[0] != pair[1] for pair in zip(mine, theirs, strict=True))


class NotedServer(NamedTuple):
    """The server that the schema was last used on. `era`: how often an operator accepted a server; `log`: a random id,
    drawn when the log was first used."""

    identity: ServerIdentity
    era: int
    log: UUID


FOR_LOGINS = """current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - coalesce(current_setting('reserved_connections', true), '0')::integer"""
"""SQL: the number of connections for logins without a right to the reserved ones."""
LOGINS = "rolcanlogin AND rolname ~ '_(sidecar|worker)$'"
"""SQL: the condition for rows of pg_roles that are logins of services."""

_SETTINGS = """
SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'zero_damaged_pages', 'ignore_checksum_failure',
               'default_transaction_isolation')"""
# settings of a database, a role, or both, which override the server's
_OVERRIDES = """
SELECT concat_ws(' in ', 'role ' || r.rolname, 'database ' || d.datname) AS place, setting
FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase,
    unnest(s.setconfig) AS setting
WHERE (s.setdatabase = 0 OR d.datname = current_database())
  AND (s.setrole = 0 OR r.rolname = ANY ($1::text[]))
  AND split_part(setting, '=', 1) IN (
      'synchronous_commit', 'zero_damaged_pages', 'ignore_checksum_failure', 'default_transaction_isolation')
ORDER BY place, setting"""
_IDENTITY = """
SELECT system_identifier AS system,
    ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline
FROM pg_control_system()"""
_PLACE = """
SELECT (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
    to_regclass('server')::oid::bigint AS relation"""
_NOTED = """
SELECT system_identifier AS system, timeline, database_oid AS database, relation_oid AS relation, era, log
FROM server"""
_NOTE = """
INSERT INTO server (system_identifier, timeline, database_oid, relation_oid) VALUES ($1, $2, $3, $4)
ON CONFLICT (one) DO UPDATE SET timeline = $2, database_oid = $3, relation_oid = $4, noted_at = clock_timestamp()
WHERE server.system_identifier = $1 AND server.timeline <= $2"""
_ACCEPT = """
INSERT INTO server (system_identifier, timeline, database_oid, relation_oid) VALUES ($1, $2, $3, $4)
ON CONFLICT (one) DO UPDATE
SET system_identifier = $1, timeline = $2, database_oid = $3, relation_oid = $4, era = server.era + 1,
    noted_at = clock_timestamp()"""


async def accept(dsn: str, schema: str) -> ServerIdentity | None:
    """Accept this server as the right one from now on. Raises OperatorError."""
    async with refusals.readable(dsn):
        connection = await connect(dsn, "accompanist doctor", names.identifier(schema))
        try:
            now = await identity(connection)
            if now is not None:
                await connection.execute(_ACCEPT, *now)
            return now
        finally:
            await connection.close(timeout=limits.end_s)


async def settings(connection: asyncpg.Connection) -> dict[str, str]:
    """The server's settings, as a connection that sets nothing gets them."""
    return {row["name"]: row["setting"] for row in await connection.fetch(_SETTINGS)}


async def overrides(connection: asyncpg.Connection, roles: Sequence[str]) -> list[tuple[str, str]]:
    """The settings that were set for this database or one of these logins, as (where, NAME=VALUE)."""
    return [(row["place"], row["setting"]) for row in await connection.fetch(_OVERRIDES, list(roles))]


async def identity(connection: asyncpg.Connection) -> ServerIdentity | None:
    """The server's identity. None if the login may not read it, or on a standby, which takes no commits anyway."""
    try:
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            return None
        return ServerIdentity(*await connection.fetchrow(_IDENTITY), *await connection.fetchrow(_PLACE))
    except asyncpg.InsufficientPrivilegeError:
        return None


async def creation(connection: asyncpg.Connection) -> Creation:
    """The part of the identity that any login may read: the log's database and table."""
    return Creation(*await connection.fetchrow(_PLACE))


async def noted(connection: asyncpg.Connection) -> NotedServer | None:
    row = await connection.fetchrow(_NOTED)
    return None if row is None else NotedServer(ServerIdentity(*row[:4]), row["era"], row["log"])


async def note(connection: asyncpg.Connection, now: ServerIdentity) -> None:
    """Record that the log is used on this server: for the first time, or on a later timeline."""
    await connection.execute(_NOTE, *now)
