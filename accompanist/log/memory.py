"""The log in memory: the fake that simulations and tests use, tested like Postgres.

It keeps every promise of `runtime.log.Log`; `tests/log` runs one suite on it and on Postgres. A `MemoryDatabase` is one
Postgres database: the tables of several services, with one clock. A `MemoryLog` is one sidecar's view of it. Several
may be opened for one service, and a crash is simulated by throwing one away: its only state is the epochs it holds.

Every method does its work without waiting, so each is atomic. It can be told to fail: `database.fail()` makes the next
calls raise LogUnavailable, before or after they took effect.

Not modelled: what Postgres does under load (locks, timeouts, the order of commits). Tests of that need Postgres.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from accompanist import limits
from accompanist.log import inbox, memory_search, sessions
from accompanist.log.leases import HeldEpochs
from accompanist.log.memory_inbox import Place
from accompanist.log.memory_story import story
from accompanist.log.memory_tables import MemoryDatabase, OutboxEntry
from accompanist.log.story import NOTHING_SEEN, Story, StoryCursor
from accompanist.log.timers import FIRED, MOVED
from accompanist.log.wakeups import LastBytes, NewMessages
from accompanist.runtime.control import CLIENT
from accompanist.runtime.headers import message_fault
from accompanist.runtime.messages import Kind, Message, shard_of, spoken_by
from accompanist.runtime.operate import verb_at
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import (
    EVERY_SESSION,
    NEVER_DELIVERED,
    AuditEntry,
    Commit,
    Confirmation,
    CorrelatedSession,
    Cursor,
    Delivery,
    DueTimers,
    EventRow,
    Fate,
    InboxEntry,
    KeptVersion,
    Lease,
    LeaseLost,
    Leases,
    LogUnavailable,
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
    fate,
)

__all__ = ["MemoryDatabase", "MemoryLog"]

_NOT_TRIED = (Delivery.CLASH, Delivery.REFUSED)


class MemoryLog:
    """One sidecar's view of its service's tables."""

    def __init__(
        self,
        database: MemoryDatabase,
        service: str,
        *,
        away: Collection[str] = (),
        lease_ms: int = limits.lease_ms,
        delivered: Callable[[NewMessages], None] | None = None,
        hand: inbox.HandOver = inbox.nothing_handed,
        ended: Callable[[LastBytes], None] | None = None,
    ) -> None:
        self.tables = database.services[service]
        self._database = database
        self._service = service
        self._schemas = {name: name for name in database.services if name not in away}
        self._away = away
        self._term = lease_ms / 1000
        self._delivered = delivered
        self._hand = hand
        self._ended = ended
        self._owner: str | None = None
        self._held_epochs = HeldEpochs()

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    def epoch(self, shard: int) -> int | None:
        """Under which epoch the shard is held, as of the last `lease`; None: it is not."""
        return self._held_epochs.epoch(shard)

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
            epochs = self._held_epochs.needed(commits)
            self._check(epochs)
            heard = [entry for commit in commits for entry in commit.heard]
            if not all(self.tables.confirmed(entry).there for entry in heard):
                raise NotInInbox
            # like the one SQL statement, write each session's commits merged
            written = sessions.writes(commits, epochs)
            for write in written.values():
                self.tables.write(write)
            for commit in commits:
                self._write(commit)
            for timer in (timer for commit in commits for timer in commit.timers):
                self.tables.set_timer(timer)
            for entry in heard:
                if (entry.message.session, entry.message.receiver) in self.tables.sessions:
                    self.tables.arrivals.pop((*entry.message.key, entry.sender_service), None)
            rows = [write.row for write in written.values()]
            self.tables.end_timers(rows, [row for commit in commits for row in commit.results])
            answers = self._deliver(inbox.OutgoingMessages(commits, self._schemas, self._away))
            for said in written:
                self.tables.fall_silent(said)
            self._tell({}, sessions.ended(written))
            return answers

    def _check(self, epochs: Mapping[int, int]) -> None:
        lost = [
            shard
            for shard, epoch in epochs.items()
            if (self.tables.shards[shard].owner, self.tables.shards[shard].epoch) != (self._owner, epoch)
        ]
        if lost:
            raise LeaseLost(lost)

    def _write(self, commit: Commit) -> None:
        for row in commit.results:
            if (row.session, row.role) not in self.tables.stubs:
                key = (row.session, row.role, row.site, row.kind)
                self.tables.results.setdefault(key, (row, self._database.clock()))

    def _deliver(self, outgoing: inbox.OutgoingMessages) -> Sequence[Sequence[Delivery]]:
        answers = self._database.hand_over(outgoing.letters, self._service)
        for letter, answer in zip(outgoing.letters, answers, strict=True):
            stays = fate(answer) is Fate.AGAIN or answer in (Delivery.REFUSED, Delivery.NOWHERE)
            if stays and letter.message.sender != CLIENT and self.tables.may_say(letter.message):
                now = self._database.clock()
                waiting = OutboxEntry(letter.message, letter.service, answer, tried_at=now, due_at=now)
                held = self.tables.outbox.setdefault(letter.message.key, waiting)
                if held.answer in NEVER_DELIVERED:  # an operator let it be tried again
                    held.answer, held.due_at = answer, now
        self._tell({**inbox.told_of(self._hand(outgoing.stored(answers))), **outgoing.bound_for(self._away)})
        return outgoing.answered(answers)

    async def take(self, limit: int, done: Sequence[InboxEntry] = ()) -> Sequence[InboxEntry]:
        with self._call():
            for entry in done:
                settle = self.tables.dismiss if entry.refused else self.tables.acknowledge
                settle((*entry.message.key, entry.sender_service), entry.place[0] if entry.place else -1)
            held = self._held()
            while True:
                fresh = [
                    place for place, early in self.tables.arrivals.items() if not early and _shard(place[0]) in held
                ]
                batch = self.tables.batch(fresh[:limit], self.tables.weight)
                over = [place for place in batch if self._is_over(place)]
                unread = [place for place in batch if place not in over and message_fault(self.tables.inbox[place][0])]
                if not over and not unread:
                    return [self._taken(place) for place in batch]
                for place in over:
                    self.tables.acknowledge(place, self.tables.places[place], over=True)
                for place in unread:
                    self.tables.acknowledge(place, self.tables.places[place], aside=True)

    def _held(self) -> set[int]:
        """The shards that this sidecar holds, according to the tables."""
        return {shard for shard, row in self.tables.shards.items() if row.owner == self._owner is not None}

    def _is_over(self, place: Place) -> bool:
        """Whether the session of this row was collected, so that its message begins nothing."""
        owner = (place[0], place[3])
        return place not in self.tables.inbox or (owner not in self.tables.sessions and owner in self.tables.stubs)

    def _taken(self, place: Place) -> InboxEntry:
        message, service, _ = self.tables.inbox[place]
        known = (place[0], place[3]) in self.tables.sessions
        return InboxEntry(message=message, sender_service=service, known=known, place=(self.tables.places[place], 0))

    async def confirm(self, entries: Sequence[InboxEntry]) -> Sequence[Confirmation]:
        with self._call():
            return [self.tables.confirmed(entry) for entry in entries]

    async def released_early(self, *, about_to: bool = False) -> bool:
        with self._call():
            self.tables.released_early |= about_to
            return self.tables.released_early

    async def load(self, keys: Sequence[tuple[UUID, str]], *, whole: bool = False) -> Sequence[Memory]:
        with self._call():
            memories, weight = [], 0
            for key in keys:
                if weight >= limits.load_bytes_max:
                    break
                memory, added = self._memory(*key, whole=whole)
                memories.append(memory)
                weight += added
            return memories

    def _memory(self, session: UUID, role: str, *, whole: bool) -> tuple[Memory, int]:
        """Everything known of (session, role), and its size in bytes."""
        stored = [entry for entry in self.tables.inbox.values() if _of(entry[0]) == (session, role)]
        results = [row for row, _ in self.tables.results.values() if (row.session, row.role) == (session, role)]
        weight = sum(len(message.payload) + limits.row_around_bytes for message, _, _ in stored)
        answers = sum(len(row.value) + limits.row_around_bytes for row in results)
        more = weight > limits.load_bytes_max and not whole
        heard = (m for m, service, _ in stored if message_fault(m) is None and spoken_by(m, service))
        memory = Memory(
            session=self.tables.sessions.get((session, role)),
            inbox=tuple(m for m in heard if not (more and m.kind in (Kind.DATA, Kind.CHOICE))),
            results=tuple(results),
            timers=tuple(key[2] for key in self.tables.timers if key[:2] == (session, role)),
            more=more,
            whole=whole,
        )
        return memory, answers if more else weight + answers

    async def page(self, session: UUID, role: str, site: str, sender: str) -> Sequence[Message]:
        with self._call():
            named = (
                held[0].kind for place, held in self.tables.inbox.items() if place[:4] == (session, site, sender, role)
            )
            if not any(kind in (Kind.DATA, Kind.CHOICE) for kind in named):
                return []
            near = [
                (message, service)
                for message, service, _ in self.tables.inbox.values()
                if _of(message) == (session, role)
                and message_fault(message) is None
                and message.kind in (Kind.DATA, Kind.CHOICE)
                and (len(message.site), message.site) >= (len(site), site)
            ]
            wanted = (site, sender)
            near.sort(key=lambda e: ((e[0].site, e[0].sender) != wanted, len(e[0].site), e[0].site, e[0].sender, e[1]))
            found, weight = [], 0
            for message, service in near[: limits.page_rows_max]:
                if weight >= limits.page_bytes_max:
                    break
                weight += len(message.payload) + limits.row_around_bytes
                if spoken_by(message, service):
                    found.append(message)
            return found

    async def unfinished(self, shards: Sequence[int]) -> Sequence[tuple[UUID, str]]:
        with self._call():
            found = {key for key, row in self.tables.sessions.items() if sessions.is_open(row)}
            waiting = {(place[0], place[3]) for place in self.tables.arrivals if place not in self.tables.aside}
            self.tables.read_again(shards)
            found |= {key for key in waiting if key not in self.tables.sessions and key not in self.tables.stubs}
            return sorted(key for key in found if _shard(key[0]) in shards)

    async def resend(self, limit: int) -> Mapping[str, int]:
        with self._call():
            now = self._database.clock()
            due = [row for row in self._due(now) if row.service not in self._away]
            rows = self.tables.batch(due[:limit], lambda row: len(row.message.payload))
            # one commit without a shard, so that no message counts as `home`
            outgoing = inbox.OutgoingMessages(
                [Commit(shard=None, messages=tuple(row.message for row in rows))], self._schemas
            )
            answers = self._database.hand_over(outgoing.letters, self._service)
            for letter, answer in zip(outgoing.letters, answers, strict=True):
                row = self.tables.outbox[letter.message.key]
                if fate(answer) in (Fate.HERE, Fate.OVER):
                    del self.tables.outbox[letter.message.key]
                    continue
                row.answer = answer
                _later(row, now)
            self._tell(dict.fromkeys(inbox.told_of(outgoing.stored(answers))))
            return {answer.value: count for answer, count in Counter(answers).items()}

    async def undelivered(self, limit: int) -> Sequence[Undelivered]:
        with self._call():
            return self.tables.undelivered(self._held())[:limit]

    async def due(self, limit: int) -> DueTimers:
        with self._call():
            return self.tables.due(self._held(), limit)

    async def timers(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[Timer]:
        with self._call():
            return self.tables.timers_set(session)[:limit]

    async def move_timer(self, session: UUID, role: str, site: str, at: float | None, who: Operator, why: str) -> bool:
        with self._call():
            timer = self.tables.timers.get((session, role, site))
            if timer is not None:
                timer.due_at = timer.ask_at = self._database.clock() if at is None else at
                self.tables.audit(session, role, verb_at(FIRED if at is None else MOVED, site), who, why)
            return timer is not None

    async def end_timer(self, session: UUID, role: str, site: str) -> None:
        with self._call():
            self.tables.timers.pop((session, role, site), None)

    async def events(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[EventRow]:
        with self._call():
            return self.tables.events(session)[:limit]

    async def early_events(self) -> int:
        with self._call():
            return min(self.tables.early_events(), limits.early_events_max)

    def _due(self, now: float) -> list[OutboxEntry]:
        """The outbox rows that are due, the longest due first."""
        due = [row for row in self.tables.outbox.values() if row.answer not in _NOT_TRIED and row.due_at <= now]
        return sorted(due, key=lambda row: row.due_at)

    async def relay(self, services: Sequence[str], limit: int) -> Sequence[RelayedMessage]:
        with self._call():
            now = self._database.clock()
            due = [row for row in self._due(now) if row.service in services]
            rows = self.tables.batch(due[:limit], lambda row: len(row.message.payload))
            for row in rows:
                _later(row, now)
            return [RelayedMessage(row.service, row.message) for row in rows]

    async def relayed(self, answers: Sequence[tuple[Message, Delivery]]) -> None:
        with self._call():
            for message, answer in answers:
                if fate(answer) in (Fate.HERE, Fate.OVER):
                    self.tables.outbox.pop(message.key, None)
                elif message.key in self.tables.outbox:
                    self.tables.outbox[message.key].answer = answer

    async def accept(self, service: str, messages: Sequence[Message]) -> Sequence[Delivery]:
        with self._call():
            answers = self.tables.deliver_all(messages, service, home=False)
            self._tell(inbox.accepted(self._service, messages, answers))
            return answers

    async def crowd(self, bounds: QuotaLimits) -> Sequence[tuple[str, ReachedQuota]]:
        with self._call():
            return self.tables.crowd(bounds)

    async def lease(self, owner: str, shards: int) -> Leases:
        with self._call():
            gained = self.tables.share(owner, shards, self._term)
            held = [Lease(shard, row.epoch) for shard, row in sorted(self.tables.shards.items()) if row.owner == owner]
            pending = self._pending({lease.shard for lease in held})
        self._owner = owner
        self._held_epochs.hold(held)
        return Leases(held, [lease for lease in held if lease.shard in gained], pending, len(self.tables.replicas))

    def _pending(self, held: Collection[int]) -> PendingWork:
        """The SQL function of this name, which examines fewer rows."""
        now = self._database.clock()
        services = {row.service for row in self._due(now)}
        timers = [timer.ask_at for key, timer in self.tables.timers.items() if _shard(key[0]) in held]
        return PendingWork(
            arrived=any(not early and _shard(key[0]) in held for key, early in self.tables.arrivals.items()),
            unsent=bool(services.difference(self._away) or self.tables.undelivered(held)),
            timer_s=max(min(timers) - now, 0.0) if timers else None,
            peers=sorted(services.intersection(self._away)),
        )

    async def release(self, owner: str) -> None:
        self._held_epochs.hold(())
        with self._call():
            self.tables.replicas.pop(owner, None)
            for row in self.tables.shards.values():
                if row.owner == owner:
                    row.owner = None

    async def register(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._call():
            for row in rows:
                source = row["source"].encode() if isinstance(row["source"], str) else row["source"]
                self.tables.projections.setdefault((row["choreography"], row["fingerprint"], row["role"]), source)

    async def keep(self, versions: Sequence[KeptVersion]) -> None:
        with self._call():
            for version in versions:
                first, _ = self.tables.versions.get(version.fingerprint, (version, 0.0))
                self.tables.versions[version.fingerprint] = (first, self._database.clock())

    async def kept(self, fingerprints: Sequence[str]) -> Sequence[KeptVersion]:
        with self._call():
            return [self.tables.versions[one][0] for one in fingerprints if one in self.tables.versions]

    async def forget_versions(self, age_ms: int, limit: int) -> int:
        with self._call():
            return self.tables.forget_versions(age_ms / 1000, limit)

    async def summaries(
        self, search: SessionFilter = EVERY_SESSION, *, after: Cursor | None = None, limit: int = 100
    ) -> Sequence[SessionSummary]:
        with self._call():
            return memory_search.summaries(self.tables, search, after, limit, self._database.clock())

    async def correlated(
        self, attributes: Mapping[str, str], choreography: str | None = None
    ) -> Sequence[CorrelatedSession]:
        with self._call():
            return memory_search.correlated(self.tables, attributes, choreography)

    async def show(self, session: UUID, seen: StoryCursor = NOTHING_SEEN) -> Story | None:
        """One session at this service, continued after the rows that were `seen`; None if the log has none of it."""
        with self._call():
            return story(self.tables, session, seen)

    async def requested(self, name: UUID) -> Request | None:
        with self._call():
            found = self.tables.requests.get(name)
            return None if found is None else found[0]

    async def request(self, name: UUID, fresh: UUID, choreography: str, digest: bytes) -> Request:
        with self._call():
            return self.tables.request(name, fresh, choreography, digest)

    async def stub(self, session: UUID, role: str) -> SessionStub | None:
        with self._call():
            found = self.tables.stubs.get((session, role))
            return None if found is None else SessionStub(outcome=found[0], collected_at=found[1])

    async def audits(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[AuditEntry]:
        with self._call():
            return [audit for audit in reversed(self.tables.audits) if session in (None, audit.session)][:limit]

    async def collect(self, age_ms: int, limit: int) -> int:
        with self._call():
            return self.tables.collect(self._held(), age_ms / 1000, limit)

    async def lighten(self, age_ms: int, limit: int, since: float = 0.0) -> tuple[int, float]:
        with self._call():
            return self.tables.lighten(self._held(), age_ms / 1000, since, limit)

    async def forget(self, age_ms: int, limit: int, done: Sequence[UUID] = ()) -> Sequence[UUID]:
        with self._call():
            return self.tables.forget(age_ms / 1000, limits.audit_days * 86_400, limit, done)

    def _tell(self, services: NewMessages, ended: LastBytes = frozenset()) -> None:
        if ended and self._ended is not None:
            self._ended(ended)
        if services and self._delivered is not None:
            self._delivered(services)


def _later(row: OutboxEntry, now: float) -> None:
    """Note an attempt. The row is due again after twice the last wait."""
    wait_ms = min(limits.outbox_retry_ms * 2 ** (row.attempts - 1), limits.outbox_retry_cap_ms)
    row.attempts, row.tried_at, row.due_at = row.attempts + 1, now, now + wait_ms / 1000


def _of(message: Message) -> tuple[UUID, str]:
    return message.session, message.receiver


def _shard(session: UUID) -> int:
    return shard_of(session, limits.shards_count)
