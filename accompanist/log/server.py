"""Is this the server that the log was written on, and does it keep what it says it has committed?

Rule 0 stands on commits that stay. A server with fsync off loses some when the machine stops; a backup that was
restored and a standby that was promoted may lack some that others have acted upon: effects are there whose record is
gone. A schema keeps which system, timeline, database and table it was last used on; sidecars keep how far they were
told that their commits are durable (`log.witness`). So what happened is proved instead of asked for:

    the same            go on; but a mark that is missing even so (a disk that was set back) stops everything
    a later timeline    a standby was promoted, or a backup recovered. All marks that are known are there: nothing that
                        we were told was lost, so the new timeline is noted, go on. One is missing: stop at once, and
                        say which sessions it is of. None is known (a first start on another machine): a person has to
                        say so (`accompanist doctor --accept-server`)
    an earlier one      an old primary that does not know yet: another connection is waited for
    another system,     a copy made by a dump, an upgrade, or tables that were made anew and filled: another log with
    database or table   the same rows, while the first may live. Refused until a person accepts it

This is looked at on every new connection of a sidecar, and each flush, besides, says which mark it follows: that is
refused where the mark is missing, whatever lies between (a pooler changes servers under a connection).

`synchronous_commit = off` is a client's to overrule, so it is: our connections ask for `on`.

Not promised: that every loss is noticed. What no running sidecar and no file knows of is not missed; an effect at a
worker whose own database lost it is not looked for; a disk that lies about its flushes is believed until the machine
stops. Where the login may not read the control data, timelines are not compared, and the marks alone decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.log import names, refusals
from accompanist.log.connection import connect
from accompanist.log.witness import Creation

UNSAFE = catalogue(
    "ACC408",
    "the server does not flush its commits",
    "With fsync=off a commit that was acknowledged is gone when the machine stops. What other services did because of "
    "it is not: money is taken for an order that nobody remembers.",
    "Set fsync = on and restart Postgres; a log that ran with it off may be damaged already.",
)
OTHER_SERVER = catalogue(
    "ACC409",
    "the server is not the one of last time",
    "The schema was last used on another Postgres system, timeline or database: a restored backup, a copy, or a "
    "standby that was promoted. Commits that other services have acted upon may be missing in it, and nothing here "
    "proves that they are not.",
    "If it is certain that no commit was lost (the standby was synchronous, the backup was taken after the last "
    "commit), run `accompanist doctor --accept-server --service NAME`; else compare the workers' effects first.",
)
LOST = catalogue(
    "ACC447",
    "commits are missing on the server",
    "The sidecar was told that commits are durable, and others have acted upon them. On the server that is there now "
    "they are not: a standby that did not have them was promoted, or a backup was restored.",
    "Bring the server back that has them, if it still exists. Else compare the workers' effects of the sessions named "
    "(all since the time of the last commit, where none is named), put right by hand what is not recorded, and run "
    "`accompanist doctor --accept-server --service NAME`.",
)


class Identity(NamedTuple):
    """A Postgres system, made once by initdb, the branch of its history, and the database and table of a log in it. A
    dump that is restored has other numbers for these two; None: not known, or no log yet."""

    system: int
    timeline: int
    database: int | None = None
    relation: int | None = None

    def __str__(self) -> str:
        place = f", database {self.database}, table {self.relation}" if self.relation is not None else ""
        return f"system {self.system}, timeline {self.timeline}{place}"

    def copied_from(self, other: Identity) -> bool:
        """Whether this log was made apart from the other one, and has what was written there."""
        mine, theirs = (self.system, self.database, self.relation), (other.system, other.database, other.relation)
        return any(None not in pair and pair[0] != pair[1] for pair in zip(mine, theirs, strict=True))


class Noted(NamedTuple):
    """What the schema says it was last used on; `era`: how often somebody accepted a server; `log`: which log it is,
    drawn when it was first used."""

    identity: Identity
    era: int
    log: UUID


FOR_LOGINS = """current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - coalesce(current_setting('reserved_connections', true), '0')::integer"""
"""In SQL: how many connections there are for those who have no right to the reserved ones."""
LOGINS = "rolcanlogin AND rolname ~ '_(sidecar|worker)$'"
"""In SQL: of pg_roles, the logins of all services on a server."""

_SETTINGS = """
SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'zero_damaged_pages', 'ignore_checksum_failure',
               'default_transaction_isolation')"""
# what is set for a database, a role, or both, and overrides the server's
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


async def accept(dsn: str, schema: str) -> Identity | None:
    """From now on this server is the right one. Raises OperatorError."""
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
    """What the server is set to, for a connection that asks for nothing."""
    return {row["name"]: row["setting"] for row in await connection.fetch(_SETTINGS)}


async def overrides(connection: asyncpg.Connection, roles: Sequence[str]) -> list[tuple[str, str]]:
    """(Where, NAME=VALUE) of settings that somebody set for this database, or for one of these logins."""
    return [(row["place"], row["setting"]) for row in await connection.fetch(_OVERRIDES, list(roles))]


async def identity(connection: asyncpg.Connection) -> Identity | None:
    """None where it may not be known: no right to read it, or a standby, which takes no commits anyway."""
    try:
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            return None
        return Identity(*await connection.fetchrow(_IDENTITY), *await connection.fetchrow(_PLACE))
    except asyncpg.InsufficientPrivilegeError:
        return None


async def creation(connection: asyncpg.Connection) -> Creation:
    """What may be known of the log without any right: its database and table."""
    return Creation(*await connection.fetchrow(_PLACE))


async def noted(connection: asyncpg.Connection) -> Noted | None:
    row = await connection.fetchrow(_NOTED)
    return None if row is None else Noted(Identity(*row[:4]), row["era"], row["log"])


async def note(connection: asyncpg.Connection, now: Identity) -> None:
    """The log goes on here: the first time, or on a later timeline of the same."""
    await connection.execute(_NOTE, *now)
