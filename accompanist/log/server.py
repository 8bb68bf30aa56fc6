"""Is this the server that the log was written on, and does it keep what it says it has committed?

Rule 0 stands on commits that stay. A server with fsync off loses some when the machine stops; a backup that was
restored and a standby that was promoted may lack some that others have acted upon: effects are there whose record is
gone. Both are refused at start. A schema keeps which system and which timeline it was last started on; where they have
changed, somebody has to say that nothing was lost (`accompanist doctor --accept-server`), which is kept like a first
start.

`synchronous_commit = off` is a client's to overrule, so it is: our connections ask for `on`.

Not promised: that every loss is noticed. A standby that was promoted without a new timeline does not exist; a disk that
lies about its flushes does. Where the login may not read the control data, nothing is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.log import names, refusals
from accompanist.log.connection import connect

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
    "The schema was last used on another Postgres system or timeline: a restored backup, a copy, or a standby that was "
    "promoted. Commits that other services have acted upon may be missing in it.",
    "If it is certain that no commit was lost (the standby was synchronous, the backup was taken after the last "
    "commit), run `accompanist doctor --accept-server --service NAME`; else compare the workers' effects first.",
)


class Identity(NamedTuple):
    """A Postgres system, made once by initdb, and the branch of its history."""

    system: int
    timeline: int

    def __str__(self) -> str:
        return f"system {self.system}, timeline {self.timeline}"


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
SELECT system_identifier AS system, ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline
FROM pg_control_system()"""
_NOTED = "SELECT system_identifier AS system, timeline FROM server"
_NOTE = """
INSERT INTO server (system_identifier, timeline) VALUES ($1, $2)
ON CONFLICT (one) DO NOTHING"""
_ACCEPT = """
INSERT INTO server (system_identifier, timeline) VALUES ($1, $2)
ON CONFLICT (one) DO UPDATE SET system_identifier = $1, timeline = $2, noted_at = clock_timestamp()"""


async def require_safe(dsn: str, schema: str) -> None:
    """Refuse a server that does not flush, or that is not the one of last time; the first time it is noted. Raises
    OperatorError."""
    async with refusals.readable(dsn):
        connection = await connect(dsn, "accompanist start", names.identifier(schema))
        try:
            if (await settings(connection))["fsync"] == "off":
                raise OperatorError(UNSAFE, "fsync is off")
            now = await identity(connection)
            if now is None:
                return
            await connection.execute(_NOTE, *now)
            before = await noted(connection)
            if before is not None and before != now:
                raise OperatorError(OTHER_SERVER, f"schema {schema} was last used on {before}; this is {now}")
        finally:
            await connection.close(timeout=limits.end_s)


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
        return Identity(*await connection.fetchrow(_IDENTITY))
    except asyncpg.InsufficientPrivilegeError:
        return None


async def noted(connection: asyncpg.Connection) -> Identity | None:
    row = await connection.fetchrow(_NOTED)
    return None if row is None else Identity(*row)
