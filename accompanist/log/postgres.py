"""The log in Postgres: `runtime.log.Log` over the functions of the service's schema.

The class is divided by state. Methods that use the owner, the epochs of its shards or the marks of commits are here:
the group commit, the loops, peers, collection. Methods that need only a connection are in three objects, which do not
know each other: `log.queries`, `log.requests`, and `log.versions` with its key. `PostgresLog` forwards to them, so a
sidecar has one log.

State. A pool of connections, the owner's name and the epochs of its shards (`leases.HeldEpochs`). All other state is in
the tables, so a `PostgresLog` may be thrown away at any time.

Every method is one round trip, autocommitted. `flush` and `resend` return after their commit is on disk; `take`'s
acknowledgements do not wait for it. After a commit that delivered new messages, `delivered` is called with the services
that have them, to wake their sidecars; after one in which sessions ended at their initiator, `ended` with the last
bytes of their ids.

Failures. `LogUnavailable`: retry, whether or not the commit happened. The pool replaces connections that died with
their server, so after a restart of Postgres a caller only has to retry.

Not promised: fairness between sessions in `take`; an order of `resend`, but for the longest due first; anything at all
on a server with fsync off, on an asynchronous standby that was promoted, or on a restored backup.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from accompanist import limits
from accompanist.log import inbox, memories, names, refusals, results, sessions, settings, timers
from accompanist.log.composites import HeldShard
from accompanist.log.connection import Connections, open_pool, reach
from accompanist.log.guard import Guard, LostHandler, begin, commits_are_missing
from accompanist.log.leases import HeldEpochs
from accompanist.log.links import PostgresLinks
from accompanist.log.pooler import open_transactions
from accompanist.log.published import PostgresPublished
from accompanist.log.queries import PostgresQueries
from accompanist.log.requests import FORGET as FORGET_REQUESTS
from accompanist.log.requests import PostgresRequests
from accompanist.log.schema import require_head, require_login
from accompanist.log.story import NOTHING_SEEN, Story, StoryCursor
from accompanist.log.versions import PostgresVersions
from accompanist.log.wakeups import LastBytes, NewMessages
from accompanist.runtime.messages import Message
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import (
    EVERY_SESSION,
    AuditEntry,
    Commit,
    Confirmation,
    CorrelatedSession,
    Cursor,
    Delivery,
    DueTimers,
    EventRow,
    InboxEntry,
    KeptVersion,
    Lease,
    LeaseLost,
    Leases,
    Memory,
    NotInInbox,
    PendingWork,
    QuotaLimits,
    ReachedQuota,
    RelayedMessage,
    Request,
    SessionFilter,
    SessionStub,
    SessionSummary,
    Timer,
    Undelivered,
)

LEASE_LOST_STATE = "AC001"

NOT_IN_INBOX_STATE = "AC004"

_FLUSH = "SELECT mark($1, $2, $3, $4), flush($5, $6, $7, $8, $9, $10, $11)"
_FLUSH_HEARD = """
SELECT mark($1, $2, $3, $4), flush($5, $6, $7, $8, $9, $10, $11), heed($12, $13, $14, $15, $16, $17, $18, $19)"""
_TAKE = """
SELECT session, site, sender, receiver, kind, header, payload, context, place, sender_service, known, closed
FROM take($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
_CONFIRM = "SELECT confirm($1, $2, $3, $4, $5, $6, $7, $8)"
_UNFINISHED = "SELECT session, role FROM unfinished($1)"
_RESEND = "SELECT service, answer, messages FROM resend($1, $2, $3, $4, $5, $6)"
_RELAY = f"SELECT {inbox.STORED}, service FROM relay($1, $2, $3, $4)"  # noqa: S608 (constants of this package)
_UNDELIVERED = "SELECT session, site, sender, receiver, answer, service FROM undelivered($1, $2)"
_RELAYED = "SELECT relayed($1, $2, $3, $4, $5)"
_ACCEPT = "SELECT mark($1, $2, $3, $4), accept($5, $6, $7, $8, $9, $10, $11, $12, $13, false)"
_CROWD = "SELECT peer, reached FROM crowd($1, $2, $3, $4)"
_STATISTICS = "SELECT keep_statistics()"
_BACKOFF = (timedelta(milliseconds=limits.outbox_retry_ms), timedelta(milliseconds=limits.outbox_retry_cap_ms))
_LEASE = """
SELECT coalesce(shards, '{}'), coalesce(epochs, '{}'), coalesce(anew, '{}'),
    1 + (SELECT count(*) FROM replica r WHERE r.owner <> $1 AND r.expires_at >= clock_timestamp()),
    arrived, unsent, timer_s, peers
FROM (
    SELECT $1::text AS owner, array_agg(shard) AS shards, array_agg(epoch) AS epochs, array_agg(acquired) AS anew
    FROM lease($1, $2, $3)
) AS held, pending(owner, $4, $5)"""
_RELEASE = "SELECT release($1)"
_RELEASED_EARLY = "SELECT released_early FROM setting"
_RELEASES_EARLY = "UPDATE setting SET released_early = true WHERE NOT released_early"
_COLLECT = "SELECT collect($1, $2, $3)"
_LIGHTEN = """
SELECT sessions, extract(epoch FROM reached)::float8 AS reached
FROM lighten($1, $2, to_timestamp($3::float8), $4)"""
_FORGET = "SELECT forget($1, $2, $3, $4)"


def _named(entries: Sequence[InboxEntry]) -> Sequence[Sequence[Any]]:
    """Messages that were handed over, as the log is asked for them: by name, speaker, kind, header and digest."""
    *places, headers, payloads, _ = inbox.columns([entry.message for entry in entries])
    digests = [hashlib.sha256(payload).digest() for payload in payloads]
    return ([entry.sender_service for entry in entries], *places, headers, digests)


class PostgresLog:
    """A service's log in Postgres. `schemas`: the schema of each service in this database; `away`: the services in
    other databases, whose messages wait in the outbox for `relay`."""

    def __init__(
        self,
        pool: Connections,
        service: str,
        schemas: Mapping[str, str],
        guard: Guard,
        *,
        away: Collection[str] = (),
        lease_ms: int = limits.lease_ms,
        delivered: Callable[[NewMessages], None] | None = None,
        hand: inbox.HandOver = inbox.nothing_handed,
        ended: Callable[[LastBytes], None] | None = None,
        key: bytes | None = None,
    ) -> None:
        self._pool = pool
        self._queries = PostgresQueries(pool)
        self._requests = PostgresRequests(pool)
        self._versions = PostgresVersions(pool, key)
        self._service = service
        self._away = sorted(away)
        self._schemas = {names.service_name(service): names.identifier(schema) for service, schema in schemas.items()}
        self._guard = guard
        self._term = timedelta(milliseconds=lease_ms)
        self._delivered = delivered
        self._hand = hand
        self._ended = ended
        self._owner: str | None = None
        self._held_epochs = HeldEpochs()

    @classmethod
    async def open(
        cls,
        dsn: str,
        service: str,
        schemas: Mapping[str, str],
        *,
        away: Collection[str] = (),
        lease_ms: int = limits.lease_ms,
        delivered: Callable[[NewMessages], None] | None = None,
        hand: inbox.HandOver = inbox.nothing_handed,
        ended: Callable[[LastBytes], None] | None = None,
        pooler: str = "",
        state: Path | None = None,
        lost: LostHandler = lambda problem: None,
        refused: Callable[[], None] = lambda: None,
        key: bytes | None = None,
    ) -> PostgresLog:
        """Open the log of `service` in its schema at `dsn`, with a login that `bootstrap` created. Raises OperatorError
        if it cannot be used (absent, too old, not migrated, migrated by a later release, another service's, unsafe,
        another server than last time).

        `pooler`: the address of a pooler in transaction mode; then `dsn` is only used at the start. `state`: the
        directory for the marks of acknowledged commits (`log.commit_marks`). `lost`: called if commits are missing;
        then this log is neither read nor written any more. `refused`: called when the server refuses a connection,
        because too many are open. `key`: seals the stored versions (`log.versions`); random
        per process if none is given."""
        await require_head(dsn, service, schemas[service])
        guard = await begin(dsn, schemas[service], state, lost)
        name = f"accompanist {service}"
        async with refusals.readable(pooler or dsn):
            pool: Connections = (
                await open_transactions(pooler, name, schemas[service], guard)
                if pooler
                else await open_pool(dsn, settings.of(name, schemas[service]), guard, refused)
            )
            if pooler:  # its address is another one, and may name another login
                try:
                    async with reach(), pool.acquire() as connection:
                        await require_login(connection, service)
                except BaseException:
                    pool.terminate()
                    raise
        return cls(
            pool,
            service,
            schemas,
            guard,
            away=away,
            lease_ms=lease_ms,
            delivered=delivered,
            hand=hand,
            ended=ended,
            key=key,
        )

    def links(self) -> PostgresLinks:
        """Where the sidecars of this database take messages directly."""
        return PostgresLinks(self._pool, self._schemas)

    def published(self) -> PostgresPublished:
        """What this service may start, for the SQL function `start`."""
        return PostgresPublished(self._pool)

    async def close(self) -> None:
        """Close all connections; statements in flight are cut off. Leases stay until `release` or their expiry."""
        self._pool.terminate()
        self._guard.marks.close()

    async def execute(self, query: str, *args: object) -> object:
        """Run a statement on a connection of the pool, for a notifier without its own. Raises LogUnavailable."""
        async with reach(), self._pool.acquire() as connection:
            return await connection.execute(query, *args)

    def epoch(self, shard: int) -> int | None:
        """Under which epoch the shard is held, as of the last `lease`; None: it is not."""
        return self._held_epochs.epoch(shard)

    async def flush(self, commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        epochs = self._held_epochs.needed(commits)
        written = sessions.writes(commits, epochs)
        outgoing = inbox.OutgoingMessages(commits, self._schemas, self._away)
        arguments = (
            self._owner,
            [HeldShard(shard=shard, epoch=epoch) for shard, epoch in epochs.items()],
            [sessions.record(write) for write in written.values()],
            [results.record(row) for commit in commits for row in commit.results],
            [timers.record(row) for commit in commits for row in commit.timers],
            outgoing.targets(),
            outgoing.records(),
        )
        heard = [entry for commit in commits for entry in commit.heard]
        try:
            if heard:
                answers = await self._marked(_FLUSH_HEARD, (*arguments, *_named(heard)), list(written))
            else:
                answers = await self._marked(_FLUSH, arguments, list(written))
        except asyncpg.PostgresError as problem:
            if problem.sqlstate == NOT_IN_INBOX_STATE:
                raise NotInInbox from None
            if problem.sqlstate == LEASE_LOST_STATE:
                raise LeaseLost([int(shard) for shard in (problem.detail or "").split(",")]) from None
            raise
        self._tell(
            {**inbox.told_of(self._hand(outgoing.stored(answers))), **outgoing.bound_for(self._away)},
            sessions.ended(written),
        )
        return outgoing.answered(answers)

    async def take(self, limit: int, done: Sequence[InboxEntry] = ()) -> Sequence[InboxEntry]:
        seen = [(entry.place, *entry.message.key, entry.sender_service, _fate(entry)) for entry in done]
        while True:
            async with reach(), self._pool.acquire() as connection:
                rows = await connection.fetch(_TAKE, self._owner, limit, *_transposed(seen, 7))
            taken, seen = [], []
            for *stored, place, sender_service, known, closed in rows:
                message = None if closed else inbox.from_columns(stored)
                if message is None:
                    seen.append((place, *stored[:4], sender_service, "over" if closed else "aside"))
                else:
                    taken.append(InboxEntry(message=message, sender_service=sender_service, known=known, place=place))
            if not seen:
                return taken
            # acknowledge unreadable rows at once and take again, so that they never delay a message
            inbox.passed_over([(fate, service, *of) for _, *of, service, fate in seen])

    async def confirm(self, entries: Sequence[InboxEntry]) -> Sequence[Confirmation]:
        async with reach(), self._pool.acquire() as connection:
            answers = await connection.fetchval(_CONFIRM, *_named(entries))
        return [Confirmation(not answer.startswith("absent"), answer.endswith("known")) for answer in answers]

    async def released_early(self, *, about_to: bool = False) -> bool:
        async with reach(), self._pool.acquire() as connection:
            if about_to:
                await connection.execute(_RELEASES_EARLY)
            return bool(await connection.fetchval(_RELEASED_EARLY))

    async def load(self, keys: Sequence[tuple[UUID, str]], *, whole: bool = False) -> Sequence[Memory]:
        asked = ([session for session, _ in keys], [role for _, role in keys])
        bounds = (limits.load_bytes_max, limits.row_around_bytes, whole)
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(memories.LOAD, *asked, *bounds)
        return [memories.memory(session, row, whole=whole) for (session, _), row in zip(keys, rows, strict=False)]

    async def page(self, session: UUID, role: str, site: str, sender: str) -> Sequence[Message]:
        bounds = (limits.row_around_bytes, limits.page_rows_max, limits.page_bytes_max)
        async with reach(), self._pool.acquire() as connection:
            return memories.readable(await connection.fetch(memories.PAGE, session, role, site, sender, *bounds))

    async def end_timer(self, session: UUID, role: str, site: str) -> None:
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(timers.END, session, role, site)

    async def unfinished(self, shards: Sequence[int]) -> Sequence[tuple[UUID, str]]:
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(_UNFINISHED, list(shards))
        return [(row["session"], row["role"]) for row in rows]

    async def resend(self, limit: int) -> Mapping[str, int]:
        services, schemas = list(self._schemas), list(self._schemas.values())
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(_RESEND, limit, services, schemas, *_BACKOFF, self._away)
        self._tell({row["service"]: None for row in rows if row["answer"] == Delivery.STORED})
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["answer"]] = counts.get(row["answer"], 0) + row["messages"]
        return counts

    async def undelivered(self, limit: int) -> Sequence[Undelivered]:
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(_UNDELIVERED, self._owner, limit)
        return [Undelivered(**dict(row) | {"answer": Delivery(row["answer"])}) for row in rows]

    async def due(self, limit: int) -> DueTimers:
        async with reach(), self._pool.acquire() as connection:
            return timers.due(await connection.fetch(timers.DUE, self._owner, limit, timers.AGAIN))

    async def relay(self, services: Sequence[str], limit: int) -> Sequence[RelayedMessage]:
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(_RELAY, limit, list(services), *_BACKOFF)
        read = ((service, inbox.from_columns(stored)) for *stored, service in rows)
        return [RelayedMessage(service, message) for service, message in read if message is not None]

    async def relayed(self, answers: Sequence[tuple[Message, Delivery]]) -> None:
        rows = [(*message.key, answer.value) for message, answer in answers]
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_RELAYED, *_transposed(rows, 5))

    async def accept(self, service: str, messages: Sequence[Message]) -> Sequence[Delivery]:
        keys = [(message.session, message.receiver) for message in messages]
        answers = await self._marked(_ACCEPT, (service, *inbox.columns(messages)), keys)
        self._tell(inbox.accepted(self._service, messages, answers))
        return [Delivery(answer) for answer in answers]

    async def crowd(self, bounds: QuotaLimits) -> Sequence[tuple[str, ReachedQuota]]:
        lately = timedelta(milliseconds=limits.undoing_ms)
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(_CROWD, bounds.sessions, bounds.waiting, bounds.undoing, lately)
            await connection.execute(_STATISTICS)
        return [(row["peer"], ReachedQuota(row["reached"])) for row in rows]

    async def lease(self, owner: str, shards: int) -> Leases:
        """`owner` names one start of one process, and is never reused: a new owner recovers all that it acquires."""
        asked = (owner, shards, self._term, self._away, limits.pending_rows_max)
        async with reach(), self._pool.acquire() as connection:
            numbers, epochs, acquired, sidecars, *pending = await connection.fetchrow(_LEASE, *asked)
        held = [Lease(*one) for one in zip(numbers, epochs, strict=True)]
        self._owner = owner
        self._held_epochs.hold(held)
        return Leases(held, list(itertools.compress(held, acquired)), PendingWork(*pending), sidecars)

    async def release(self, owner: str) -> None:
        self._held_epochs.hold(())
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_RELEASE, owner)

    async def collect(self, age_ms: int, limit: int) -> int:
        async with reach(), self._pool.acquire() as connection:
            return int(await connection.fetchval(_COLLECT, self._owner, timedelta(milliseconds=age_ms), limit))

    async def lighten(self, age_ms: int, limit: int, since: float = 0.0) -> tuple[int, float]:
        age = timedelta(milliseconds=age_ms)
        async with reach(), self._pool.acquire() as connection:
            row = await connection.fetchrow(_LIGHTEN, self._owner, age, since, limit)
        return row["sessions"], since if row["reached"] is None else row["reached"]

    async def forget(self, age_ms: int, limit: int, done: Sequence[UUID] = ()) -> Sequence[UUID]:
        age, audits = timedelta(milliseconds=age_ms), timedelta(days=limits.audit_days)
        async with reach(), self._pool.acquire() as connection:
            gone = [row[0] for row in await connection.fetch(_FORGET, age, audits, limit, list(done))]
            await connection.execute(FORGET_REQUESTS, age, limit)
        return gone

    async def register(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._versions.register(rows)

    async def keep(self, versions: Sequence[KeptVersion]) -> None:
        await self._versions.keep(versions)

    async def kept(self, fingerprints: Sequence[str]) -> Sequence[KeptVersion]:
        return await self._versions.kept(fingerprints)

    async def forget_versions(self, age_ms: int, limit: int) -> int:
        return await self._versions.forget_versions(age_ms, limit)

    async def requested(self, name: UUID) -> Request | None:
        return await self._requests.requested(name)

    async def request(self, name: UUID, fresh: UUID, choreography: str, digest: bytes) -> Request:
        return await self._requests.request(name, fresh, choreography, digest)

    async def stub(self, session: UUID, role: str) -> SessionStub | None:
        return await self._requests.stub(session, role)

    async def summaries(
        self, search: SessionFilter = EVERY_SESSION, *, after: Cursor | None = None, limit: int = 100
    ) -> Sequence[SessionSummary]:
        return await self._queries.summaries(search, after=after, limit=limit)

    async def correlated(
        self, attributes: Mapping[str, str], choreography: str | None = None
    ) -> Sequence[CorrelatedSession]:
        return await self._queries.correlated(attributes, choreography)

    async def show(self, session: UUID, seen: StoryCursor = NOTHING_SEEN) -> Story | None:
        return await self._queries.show(session, seen)

    async def timers(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[Timer]:
        return await self._queries.timers(session, limit=limit)

    async def move_timer(self, session: UUID, role: str, site: str, at: float | None, who: Operator, why: str) -> bool:
        return await self._queries.move_timer(session, role, site, at, who, why)

    async def events(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[EventRow]:
        return await self._queries.events(session, limit=limit)

    async def early_events(self) -> int:
        return await self._queries.early_events()

    async def audits(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[AuditEntry]:
        return await self._queries.audits(session, limit=limit)

    async def _marked(self, query: str, arguments: Sequence[Any], keys: Sequence[tuple[UUID, str]]) -> Any:
        """Run a commit that others may act upon: it sets a mark, and is refused if the last mark is missing."""
        marks = self._guard.marks
        async with marks.lane() as lane:
            mark = marks.next(lane)
            try:
                async with reach(), self._pool.acquire() as connection:
                    row = await connection.fetchrow(query, *mark, *arguments)
            except asyncpg.PostgresError as problem:
                if commits_are_missing(problem):
                    self._guard.missing({**dict(enumerate(marks.acknowledged)), lane: int(problem.detail)})
                raise
            marks.acknowledge(lane, mark[-1], keys)
        return row[1]

    def _tell(self, services: NewMessages, ended: LastBytes = frozenset()) -> None:
        if ended and self._ended is not None:
            self._ended(ended)
        if services and self._delivered is not None:
            self._delivered(services)


def _fate(entry: InboxEntry) -> str:
    """The fate of a taken row, in the words of the SQL function `take`."""
    return "refused" if entry.refused else "here"


def _transposed(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    """Rows as columns; `width` empty columns if there are no rows."""
    return list(zip(*rows, strict=True)) if rows else [()] * width
