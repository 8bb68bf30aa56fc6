"""Facts about a service's log and its server that `accompanist doctor` reads. `log.diagnosis` judges them.

Any login may read them; the sidecar's own sees enough. What a login may not see (the state of other roles' connections,
how a standby replicates) is None here, and never counts as healthy.

Each statement has a timeout and reads only statistics, small tables or partial indexes, so that it may run on a log in
trouble. Not promised: that all facts are of one moment.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from accompanist import limits
from accompanist.language.versions.texts import again
from accompanist.log import names, refusals, server, settings, versions
from accompanist.log.connection import connect
from accompanist.log.schema import head
from accompanist.runtime import operate
from accompanist.runtime.ports import DAMAGED_WAITS, Phase


class SnapshotHolder(msgspec.Struct, frozen=True, kw_only=True):
    """A holder of an old snapshot, which keeps dead rows from being removed: a session, a replication slot or a
    prepared transaction. `transactions`: how many have begun since; `seconds`: for how long, if the login may see
    that."""

    kind: str
    name: str
    transactions: int
    seconds: float | None


class TableFacts(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    live: int
    dead: int
    total_bytes: int


class CountedSessions(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of one kind: how many, and the oldest of them as (session, role, seconds, text)."""

    count: int
    oldest: tuple[tuple[UUID, str, float, str], ...] = ()


class VersionInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A version that open sessions began with. `problem`: why the log cannot bring it back; empty if it can."""

    fingerprint: str
    choreography: str
    sessions: int
    problem: str


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Connection limits. `there`: the server's connections for logins; `given`: the sum of the limits of all services'
    logins; `logins`: how many these are; `unbounded`: how many have no limit. `own`: the limit of each login of this
    service; -1: none."""

    there: int
    given: int
    logins: int
    unbounded: int
    own: dict[str, int]


class ServerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the server. `skew_s`: how far its clock is ahead of this machine's, with an error of at most
    `round_trip_s`."""

    version: int
    settings: dict[str, str]
    skew_s: float
    round_trip_s: float
    notify_usage: float
    holders: tuple[SnapshotHolder, ...]
    prepared: tuple[tuple[str, float], ...]
    standbys: int
    standbys_async: int | None
    identity: str
    identity_noted: str
    overrides: tuple[tuple[str, str], ...] = ()
    """Settings of this database or of a login of the service: where, and NAME=VALUE."""
    connections: ConnectionLimits | None = None


class PeerOverQuota(msgspec.Struct, frozen=True):
    """A peer that has used up a quota: of open sessions, of aborts and cancels within a period (`undoing`), or else of
    `waiting` messages; no program here can decode `unread` of these."""

    peer: str
    sessions: bool
    undoing: bool
    waiting: int
    unread: int


class HealthFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about one service's log. `revision` is None if there is no log; if it is not `head`, only the server
    was read."""

    service: str
    revision: str | None
    head: str
    server: ServerFacts
    tables: tuple[TableFacts, ...] = ()
    replicas: tuple[tuple[str, float], ...] = ()
    """Each owner, and for how many seconds its announcement is still valid."""
    shards_held: int = 0
    shards_free: int = 0
    listeners: int = 0
    sessions_open: int = 0
    sessions_retrying: int = 0
    stuck: CountedSessions = CountedSessions(count=0)
    parked: CountedSessions = CountedSessions(count=0)
    damaged: CountedSessions = CountedSessions(count=0)
    unhostable: CountedSessions = CountedSessions(count=0)
    crowded: tuple[PeerOverQuota, ...] = ()
    versions: tuple[VersionInUse, ...] = ()
    outbox: CountedSessions = CountedSessions(count=0)
    clashes: CountedSessions = CountedSessions(count=0)
    forgotten: int = 0
    forgotten_s: float = 0.0


_HOLDERS = """
SELECT kind, name, transactions, seconds FROM (
    SELECT 'session' AS kind, concat('pid ', pid, ' ', usename, ' ', application_name) AS name,
        age(backend_xmin) AS transactions, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
    FROM pg_stat_activity
    WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND (datname = current_database() OR datid IS NULL)
    UNION ALL
    SELECT 'slot', slot_name, greatest(age(xmin), age(catalog_xmin)), NULL FROM pg_replication_slots
    WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL
    UNION ALL
    SELECT 'prepared', gid, age(transaction), extract(epoch FROM clock_timestamp() - prepared)::float8
    FROM pg_prepared_xacts WHERE database = current_database()
) AS held ORDER BY transactions DESC LIMIT $1"""
_PREPARED = """
SELECT gid, extract(epoch FROM clock_timestamp() - prepared)::float8 FROM pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared LIMIT $1"""
# sync_state is null for a login that may not see it
_STANDBYS = """
SELECT count(*) AS all, count(*) FILTER (WHERE sync_state = 'async') AS async,
    count(*) FILTER (WHERE sync_state IS NULL) AS hidden
FROM pg_stat_replication WHERE application_name IS DISTINCT FROM 'pg_basebackup'"""
_CONNECTIONS = f"""
SELECT {server.FOR_LOGINS} AS there,
    coalesce(sum(rolconnlimit) FILTER (WHERE rolconnlimit >= 0), 0)::integer AS given, count(*) AS logins,
    count(*) FILTER (WHERE rolconnlimit < 0) AS unbounded
FROM pg_roles WHERE {server.LOGINS}"""  # noqa: S608 (constants)
_BOUNDS = "SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname = ANY ($1::text[]) AND rolcanlogin AND NOT rolsuper"
_REVISION = "SELECT version_num FROM alembic_version"
_TABLES = """
SELECT relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
WHERE schemaname = $1 ORDER BY relname"""
_REPLICAS = "SELECT owner, extract(epoch FROM expires_at - clock_timestamp())::float8 FROM replica ORDER BY owner"
_SHARDS = """
SELECT count(*) FILTER (WHERE owner IN (SELECT r.owner FROM replica r WHERE r.expires_at >= clock_timestamp())) AS held
FROM shard"""
_LISTENERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'accompanist listener' AND usename = $1"
_SESSIONS = "SELECT count(*) AS open, count(*) FILTER (WHERE retrying > 0) AS retrying FROM session WHERE open"
_STUCK = """
SELECT session, role, extract(epoch FROM clock_timestamp() - updated_at)::float8 AS seconds, waiting FROM session
WHERE open AND NOT parked AND updated_at < clock_timestamp() - $1 * interval '1 millisecond'
  AND waiting NOT LIKE 'timer %' AND waiting NOT LIKE 'event %'"""
_DAMAGED = f"""
SELECT session, role, extract(epoch FROM clock_timestamp() - updated_at)::float8 AS seconds, waiting FROM session
WHERE open AND waiting LIKE '{DAMAGED_WAITS} %'"""  # noqa: S608 (a constant)
_PARKED = """
SELECT session, role, extract(epoch FROM clock_timestamp() - updated_at)::float8 AS seconds, phase FROM session
WHERE parked"""
# messages that were taken a minute ago and still have no session
_UNHOSTABLE = """
SELECT a.session, a.receiver, max(extract(epoch FROM clock_timestamp() - a.arrived_at))::float8 AS seconds,
    concat('said by ', string_agg(DISTINCT a.sender_service, ', ')) AS words
FROM arrival a
WHERE a.early AND a.arrived_at < clock_timestamp() - interval '1 minute' AND a.site NOT LIKE '!event/%'
  AND NOT EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver)
  AND NOT EXISTS (SELECT FROM stub b WHERE b.session = a.session AND b.role = a.receiver)
GROUP BY a.session, a.receiver"""
# the peers that `crowd` has recorded, with their waiting messages
_CROWDED = """
SELECT peer, (peer = ANY (g.crowded)) AS sessions, (peer = ANY (g.undoing)) AS undoing,
    (SELECT count(*) FROM arrival a WHERE a.sender_service = peer) AS waiting,
    (SELECT count(*) FROM arrival a WHERE a.sender_service = peer AND a.aside) AS unread
FROM setting g, unnest(g.crowded || g.overfull || g.undoing) AS peer
GROUP BY peer, g.crowded, g.undoing ORDER BY peer LIMIT $1"""
# a version that is too large to be stored is only registered; it runs while it is deployed, so it is no problem here
_VERSIONS = """
SELECT used.fingerprint, used.choreography, used.sessions, v.kept, v.digest
FROM (SELECT version_of(header) AS fingerprint, choreography, count(*) AS sessions
      FROM session WHERE open GROUP BY 1, 2) AS used
LEFT JOIN version v USING (fingerprint)
WHERE v.fingerprint IS NOT NULL OR NOT EXISTS (SELECT FROM projection p WHERE p.fingerprint = used.fingerprint)
ORDER BY used.sessions DESC LIMIT $1"""
_OUTBOX = """
SELECT session, sender AS role, extract(epoch FROM clock_timestamp() - tried_at)::float8 AS seconds,
    concat(answer, ' at ', service, ', tried ', attempts, ' times') AS words
FROM outbox WHERE answer {} 'clash'{}"""
_FORGOTTEN = """
SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - forgotten_at)), 0)::float8 FROM forgotten"""


async def read(dsn: str, service: str, schema: str) -> HealthFacts:
    """Read the facts. Raises OperatorError when the server cannot be reached or refuses."""
    names.identifier(schema)
    async with refusals.readable(dsn):
        connection = await connect(dsn, "accompanist doctor", stating=settings.LOOKING)
        try:
            await connection.execute("SELECT set_config('search_path', $1, false)", f"{schema}, pg_temp")
            there = await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
            revision = await connection.fetchval(_REVISION) if there else None
            current = revision == head()
            logins = (names.sidecar_role(service), names.worker_role(service))
            seen = await _server(connection, logins, with_log=current)
            if not current:
                return HealthFacts(service=service, revision=revision, head=head(), server=seen)
            return await _log(connection, service, schema, seen)
        finally:
            await connection.close(timeout=limits.end_s)


async def _server(connection: asyncpg.Connection, logins: Sequence[str], *, with_log: bool) -> ServerFacts:
    skew_s, round_trip_s = await _skew(connection)
    standbys = await connection.fetchrow(_STANDBYS)
    now = await server.identity(connection)
    noted = await server.noted(connection) if with_log else None
    return ServerFacts(
        version=connection.get_server_version().major,
        settings=await server.settings(connection),
        skew_s=skew_s,
        round_trip_s=round_trip_s,
        notify_usage=await connection.fetchval("SELECT pg_notification_queue_usage()"),
        holders=tuple(SnapshotHolder(**dict(row)) for row in await connection.fetch(_HOLDERS, limits.doctor_rows_max)),
        prepared=tuple((row[0], row[1]) for row in await connection.fetch(_PREPARED, limits.doctor_rows_max)),
        standbys=standbys["all"],
        standbys_async=standbys["async"] if not standbys["hidden"] else None,
        identity=str(now or ""),
        identity_noted=str(noted.identity) if noted else "",
        overrides=tuple(await server.overrides(connection, logins)),
        connections=ConnectionLimits(
            **dict(await connection.fetchrow(_CONNECTIONS)),
            own={row[0]: row[1] for row in await connection.fetch(_BOUNDS, list(logins))},
        ),
    )


async def _skew(connection: asyncpg.Connection) -> tuple[float, float]:
    """The clock skew and the round trip of the shortest of a few measurements, which has the smallest error."""
    asked = []
    for _ in range(5):
        before = time.time()
        theirs = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        after = time.time()
        asked.append((after - before, theirs - (before + after) / 2))
    round_trip_s, skew_s = min(asked)
    return skew_s, round_trip_s


async def _log(connection: asyncpg.Connection, service: str, schema: str, seen: ServerFacts) -> HealthFacts:
    shards = await connection.fetchrow(_SHARDS)
    sessions = await connection.fetchrow(_SESSIONS)
    forgotten = await connection.fetchrow(_FORGOTTEN)
    return HealthFacts(
        service=service,
        revision=head(),
        head=head(),
        server=seen,
        tables=tuple(
            TableFacts(name=row[0], live=row[1], dead=row[2], total_bytes=row[3])
            for row in await connection.fetch(_TABLES, schema)
        ),
        replicas=tuple((row[0], row[1]) for row in await connection.fetch(_REPLICAS)),
        shards_held=shards["held"],
        shards_free=limits.shards_count - shards["held"],
        listeners=await connection.fetchval(_LISTENERS, names.sidecar_role(service)),
        sessions_open=sessions["open"],
        sessions_retrying=sessions["retrying"],
        stuck=await _held(connection, _STUCK, float(limits.stuck_after_ms)),
        parked=_with_verbs(await _held(connection, _PARKED)),
        damaged=await _held(connection, _DAMAGED),
        unhostable=await _held(connection, _UNHOSTABLE),
        crowded=tuple(PeerOverQuota(*row) for row in await connection.fetch(_CROWDED, limits.doctor_rows_max)),
        versions=tuple(_in_use(row) for row in await connection.fetch(_VERSIONS, limits.versions_rows_max)),
        outbox=await _held(connection, _OUTBOX.format("<>", " AND attempts > 3")),
        clashes=await _held(connection, _OUTBOX.format("=", "")),
        forgotten=forgotten[0],
        forgotten_s=forgotten[1],
    )


def _in_use(row: Any) -> VersionInUse:
    """Compile a stored version as a sidecar would, to see whether that works. Nothing of it is run."""
    problem = "the log does not keep it"
    if row["kept"] is not None:
        version = versions.decode(row["fingerprint"], row["choreography"], row["kept"], row["digest"])
        found = again(version.file, version.texts, version.fingerprint)
        problem = f"registered by {version.made_by}: {found}" if isinstance(found, str) else ""
    return VersionInUse(
        fingerprint=row["fingerprint"], choreography=row["choreography"], sessions=row["sessions"], problem=problem
    )


def _with_verbs(parked: CountedSessions) -> CountedSessions:
    """Parked sessions, each with the verbs that may apply, as far as its phase tells."""

    def words(phase: str) -> str:
        return f"{phase}: {', '.join(operate.possible(Phase(phase)))}"

    told = tuple((session, role, seconds, words(phase)) for session, role, seconds, phase in parked.oldest)
    return msgspec.structs.replace(parked, oldest=told)


async def _held(connection: asyncpg.Connection, query: str, *arguments: Any) -> CountedSessions:
    """`query` is one of the constants above."""
    bound = f"${len(arguments) + 1}"
    oldest = f"SELECT *, count(*) OVER () AS n FROM ({query}) AS found ORDER BY seconds DESC LIMIT {bound}"  # noqa: S608
    rows: Sequence[Any] = await connection.fetch(oldest, *arguments, limits.doctor_rows_max)
    return CountedSessions(
        count=rows[0]["n"] if rows else 0, oldest=tuple((row[0], row[1], row[2], row[3]) for row in rows)
    )
