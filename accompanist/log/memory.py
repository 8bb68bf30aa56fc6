"""The log in memory: the verified fake that simulations and tests run on.

It keeps every promise of `ports.Log` with the same words; `tests/log` runs one suite on it and on Postgres. A
`MemoryDatabase` is one Postgres database: the tables of several services, one clock. A `MemoryLog` is one sidecar's
view of it; several may be opened for one service, and throwing one away is what a crash is. Nothing in a
`MemoryLog` matters but the epochs it believes to hold.

Every method does its work without waiting, so each is atomic. It can be told to fail: `database.fail()` makes the next
calls raise LogUnavailable, before or after they took effect.

Not modelled: what Postgres does under load (locks, time-outs, order of commits). Those tests need Postgres.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.log import sessions
from accompanist.log.leases import Fences
from accompanist.log.story import Answered, Story, Told
from accompanist.runtime.messages import Kind, Message, shard_of
from accompanist.runtime.ports import (
    Commit,
    Delivery,
    Lease,
    LeaseLost,
    LogUnavailable,
    Memory,
    ResultKind,
    ResultRow,
    SessionRow,
    SessionSummary,
    Taken,
)

Key = tuple[UUID, str, str, str]
_BEGINS = (Kind.START, Kind.DATA, Kind.CHOICE)
_STAYS = (Delivery.FULL, Delivery.UNKNOWN)
_GONE = (Delivery.STORED, Delivery.SAME, Delivery.CLOSED)


class _Shard(msgspec.Struct):
    owner: str | None = None
    epoch: int = 0
    expires_at: float = 0.0


class _Outgoing(msgspec.Struct):
    message: Message
    service: str
    answer: Delivery
    tried_at: float


class Tables:
    """One service's schema."""

    def __init__(self, service: str, clock: Callable[[], float], early_rows_max: int) -> None:
        self.service = service
        self.early_rows_max = early_rows_max
        self.sessions: dict[tuple[UUID, str], SessionRow] = {}
        self.updated_at: dict[tuple[UUID, str], float] = {}
        self.stubs: dict[tuple[UUID, str], str] = {}
        self.inbox: dict[Key, tuple[Message, str, float]] = {}
        self.arrivals: dict[Key, bool] = {}
        """Fresh rows, and early ones (True), oldest first."""
        self.results: dict[tuple[UUID, str, str, ResultKind], tuple[ResultRow, float]] = {}
        self.outbox: dict[Key, _Outgoing] = {}
        self.shards: dict[int, _Shard] = {}
        self.projections: dict[tuple[str, str, str], bytes] = {}
        self._clock = clock

    def deliver(self, message: Message, sender_service: str, *, home: bool) -> Delivery:
        """The SQL function of this name, for one message."""
        key, owner = message.key, (message.session, message.receiver)
        if key in self.inbox:
            held = self.inbox[key][0]
            alike = (held.kind, held.payload) == (message.kind, message.payload)
            return Delivery.SAME if alike else Delivery.CLASH
        if owner in self.stubs:
            return Delivery.CLOSED
        if len(message.payload) > limits.payload_bytes_max:
            return Delivery.FULL
        known = owner in self.sessions
        if len(self.arrivals) >= self.early_rows_max and message.kind in _BEGINS and not known:
            return Delivery.FULL
        home = home and sender_service == self.service
        self.inbox[key] = (message, sender_service, self._clock())
        if not home or not known:
            self.arrivals[key] = home
        return Delivery.STORED

    def write(self, row: SessionRow) -> None:
        key = (row.header.session, row.role)
        self.sessions[key] = sessions.merged(self.sessions[key], row) if key in self.sessions else row
        self.updated_at[key] = self._clock()
        answered = [k for k, early in self.arrivals.items() if early and (k[0], k[3]) == key]
        for arrival in answered:
            del self.arrivals[arrival]


class MemoryDatabase:
    """The schemas of `services` in one database. `clock`: seconds since the epoch, for leases and rows."""

    def __init__(
        self,
        services: Iterable[str],
        *,
        clock: Callable[[], float] = time.time,
        early_rows_max: int = limits.inbox_early_rows_max,
    ) -> None:
        self.clock = clock
        self.services = {service: Tables(service, clock, early_rows_max) for service in services}
        self._failures: deque[str] = deque()

    def fail(self, when: str, times: int = 1) -> None:
        """Let the next `times` calls fail: "before" they took effect, or "after"."""
        self._failures.extend([when] * times)

    def failure(self) -> str | None:
        return self._failures.popleft() if self._failures else None

    def hand_over(self, message: Message, sender_service: str, *, home: bool) -> tuple[str, Delivery]:
        """(the receiving service, its answer)."""
        service = message.header.bindings.get(message.receiver, "")
        if service not in self.services:
            return service, Delivery.UNKNOWN
        return service, self.services[service].deliver(message, sender_service, home=home)


class MemoryLog:
    """One sidecar's view of its service's tables."""

    def __init__(
        self,
        database: MemoryDatabase,
        service: str,
        *,
        lease_ms: int = limits.lease_ms,
        delivered: Callable[[Collection[str]], None] | None = None,
    ) -> None:
        self.tables = database.services[service]
        self._database = database
        self._service = service
        self._term = lease_ms / 1000
        self._delivered = delivered
        self._owner: str | None = None
        self._fences = Fences()

    async def close(self) -> None:
        """Nothing to let go of."""

    def epoch(self, shard: int) -> int | None:
        """Under which epoch the shard is held, as of the last `lease`; None: it is not."""
        return self._fences.epoch(shard)

    @contextmanager
    def _call(self) -> Iterator[None]:
        failure = self._database.failure()
        if failure == "before":
            raise LogUnavailable("told to fail before")
        yield
        if failure == "after":
            raise LogUnavailable("told to fail after")

    async def flush(self, commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        with self._call():
            self._check(*self._fences.needed(commits))
            for commit in commits:
                self._write(commit)
            woken: set[str] = set()
            answers = [self._deliver(commit, woken) for commit in commits]
            self._tell(woken)
            return answers

    def _check(self, shards: Sequence[int], epochs: Sequence[int]) -> None:
        lost = [
            shard
            for shard, epoch in zip(shards, epochs, strict=True)
            if (self.tables.shards[shard].owner, self.tables.shards[shard].epoch) != (self._owner, epoch)
        ]
        if lost:
            raise LeaseLost(lost)

    def _write(self, commit: Commit) -> None:
        if commit.session is not None:
            self.tables.write(commit.session)
        for row in commit.results:
            key = (row.session, row.role, row.site, row.kind)
            self.tables.results.setdefault(key, (row, self._database.clock()))

    def _deliver(self, commit: Commit, woken: set[str]) -> Sequence[Delivery]:
        answers = []
        for position, message in enumerate((*commit.messages, *commit.home)):
            home = position >= len(commit.messages) and commit.shard is not None
            service, answer = self._database.hand_over(message, self._service, home=home)
            answers.append(answer)
            if answer in _STAYS:
                waiting = _Outgoing(message, service, answer, self._database.clock())
                self.tables.outbox.setdefault(message.key, waiting)
            elif answer is Delivery.STORED and not home:
                woken.add(service)
        return answers

    async def take(self, limit: int) -> Sequence[Taken]:
        with self._call():
            held = {shard for shard, row in self.tables.shards.items() if row.owner == self._owner}
            fresh = [key for key, early in self.tables.arrivals.items() if not early and _shard(key[0]) in held]
            return [self._taken(key) for key in fresh[:limit]]

    def _taken(self, key: Key) -> Taken:
        message, sender_service, _ = self.tables.inbox[key]
        known = (message.session, message.receiver) in self.tables.sessions
        if known:
            del self.tables.arrivals[key]
        else:
            self.tables.arrivals[key] = True
        return Taken(message=message, sender_service=sender_service, known=known)

    async def load(self, keys: Sequence[tuple[UUID, str]]) -> Sequence[Memory]:
        with self._call():
            return [self._memory(*key) for key in keys]

    def _memory(self, session: UUID, role: str) -> Memory:
        messages = (message for message, _, _ in self.tables.inbox.values())
        return Memory(
            session=self.tables.sessions.get((session, role)),
            inbox=tuple(m for m in messages if (m.session, m.receiver) == (session, role)),
            results=tuple(row for row, _ in self.tables.results.values() if (row.session, row.role) == (session, role)),
        )

    async def unfinished(self, shards: Sequence[int]) -> Sequence[tuple[UUID, str]]:
        with self._call():
            found = {key for key, row in self.tables.sessions.items() if sessions.is_open(row)}
            waiting = {(key[0], key[3]) for key in self.tables.arrivals}
            found |= {key for key in waiting if key not in self.tables.sessions}
            return sorted(key for key in found if _shard(key[0]) in shards)

    async def resend(self, limit: int) -> Mapping[str, int]:
        with self._call():
            waiting = [key for key, row in self.tables.outbox.items() if row.answer is not Delivery.CLASH]
            woken: set[str] = set()
            counts = Counter(self._resend(key, woken) for key in waiting[:limit])
            self._tell(woken)
            return {answer.value: count for answer, count in counts.items()}

    def _resend(self, key: Key, woken: set[str]) -> Delivery:
        row = self.tables.outbox.pop(key)
        service, row.answer = self._database.hand_over(row.message, self._service, home=False)
        row.tried_at = self._database.clock()
        if row.answer not in _GONE:
            self.tables.outbox[key] = row  # behind the others: it was tried last
        if row.answer is Delivery.STORED:
            woken.add(service)
        return row.answer

    async def lease(self, owner: str, shards: int) -> tuple[Sequence[Lease], Sequence[Lease]]:
        with self._call():
            now = self._database.clock()
            new = []
            for shard in range(shards):
                row = self.tables.shards.setdefault(shard, _Shard())
                if row.owner is None or (row.owner != owner and row.expires_at < now):
                    row.owner, row.epoch = owner, row.epoch + 1
                    new.append(Lease(shard, row.epoch))
                if row.owner == owner:
                    row.expires_at = now + self._term
            held = [Lease(shard, row.epoch) for shard, row in self.tables.shards.items() if row.owner == owner]
        self._owner = owner
        self._fences.hold(held)
        return held, new

    async def release(self, owner: str) -> None:
        self._fences.hold(())
        with self._call():
            for row in self.tables.shards.values():
                if row.owner == owner:
                    row.owner = None

    async def register(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._call():
            for row in rows:
                source = row["source"].encode() if isinstance(row["source"], str) else row["source"]
                self.tables.projections.setdefault((row["choreography"], row["fingerprint"], row["role"]), source)

    async def summaries(
        self, *, session: UUID | None = None, outcome: str | None = None, parked: bool | None = None, limit: int = 100
    ) -> Sequence[SessionSummary]:
        with self._call():
            rows = [
                self._summary(key, row)
                for key, row in self.tables.sessions.items()
                if session in (None, key[0])
                and outcome in (None, row.outcome)
                and parked in (None, row.parked is not None)
            ]
            return sorted(rows, key=lambda row: (-row.started_at, row.role))[:limit]

    def _summary(self, key: tuple[UUID, str], row: SessionRow) -> SessionSummary:
        return SessionSummary(
            session=key[0],
            role=row.role,
            choreography=row.header.choreography,
            phase=row.phase,
            outcome=row.outcome,
            reason=row.reason,
            parked=row.parked,
            waiting=row.waiting,
            started_at=row.header.started_at,
            updated_at=self.tables.updated_at[key],
        )

    async def show(self, session: UUID) -> Story | None:
        """Everything of one session at this service, for its page; None if there is nothing."""
        with self._call():
            return story(self.tables, session)

    def _tell(self, services: set[str]) -> None:
        if services and self._delivered is not None:
            self._delivered(services)


def story(tables: Tables, session: UUID) -> Story | None:
    """What the SQL statement of this name reads."""
    told = [
        _told(message, "inbox", at, service, Delivery.STORED)
        for message, service, at in tables.inbox.values()
        if message.session == session
    ]
    told += [
        _told(row.message, "outbox", row.tried_at, row.service, row.answer)
        for row in tables.outbox.values()
        if row.message.session == session
    ]
    answered = [
        Answered(
            role=row.role,
            site=row.site,
            kind=row.kind,
            operation=row.operation,
            outcome=row.outcome,
            value=row.value,
            at=at,
        )
        for row, at in tables.results.values()
        if row.session == session
    ]
    found = Story(
        session=session,
        rows=tuple(row for key, row in sorted(tables.sessions.items()) if key[0] == session),
        messages=tuple(told),
        results=tuple(answered),
        stubs=tuple((key[1], outcome) for key, outcome in sorted(tables.stubs.items()) if key[0] == session),
    )
    return found if found.rows or found.messages or found.stubs else None


def _told(message: Message, place: str, at: float, service: str, answer: Delivery) -> Told:
    return Told(
        site=message.site,
        kind=message.kind.value,
        sender=message.sender,
        receiver=message.receiver,
        payload=message.payload,
        place=place,
        at=at,
        service=service,
        answer=answer.value,
    )


def _shard(session: UUID) -> int:
    return shard_of(session, limits.shards_count)
