"""The tables of the fake as dictionaries, and the log's SQL functions in Python.

`MemoryDatabase` is one database with the schemas of several services and one clock; `Tables` is one schema. The
comments in the SQL files give the reasons of the rules; here the rules are only repeated.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from typing import TypeVar
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.language import waits
from accompanist.log import sessions
from accompanist.log.inbox import AWAY, Letter
from accompanist.log.memory_inbox import InboxTables, Place
from accompanist.runtime.control import CLIENT, EVENT_SITE
from accompanist.runtime.messages import Identity, Kind, Message, shard_of
from accompanist.runtime.ports import (
    NEVER_DELIVERED,
    Delivery,
    DueTimers,
    EventRow,
    Phase,
    Request,
    ResultKind,
    ResultRow,
    SessionRow,
    Timer,
    TimerRow,
    Undelivered,
)

_SAID = (Kind.DATA, Kind.CHOICE)
_UNDONE = (Phase.UNDOING, Phase.UNDONE, Phase.ENDED)
_SILENT = (*_UNDONE, Phase.SETTLED)
_GOES_ON = (Phase.RUNNING, Phase.DONE)
Row = TypeVar("Row")


class ShardEntry(msgspec.Struct):
    """A shard: its owner, if it has one, and its epoch."""

    owner: str | None = None
    epoch: int = 0


class OutboxEntry(msgspec.Struct):
    """An outbox row: a message that its receiver has not taken."""

    message: Message
    service: str
    answer: Delivery
    tried_at: float
    due_at: float
    attempts: int = 1


class TimerEntry(msgspec.Struct):
    """A timer that is set. `due_at`: when it is due; `ask_at`: when `due` returns it next."""

    row: TimerRow
    set_at: float
    due_at: float
    ask_at: float


class Tables(InboxTables):
    """One service's schema."""

    def __init__(self, service: str, clock: Callable[[], float], early_rows_max: int) -> None:
        super().__init__(service, clock, early_rows_max)
        self.batch_bytes_max = limits.batch_bytes_max
        self.written: dict[tuple[UUID, str], tuple[int, int]] = {}
        """The place of each row in the order of writes."""
        self.updated_at: dict[tuple[UUID, str], float] = {}
        self.over_at: dict[tuple[UUID, str], float] = {}
        self.forgotten: dict[UUID, None] = {}
        self.requests: dict[UUID, tuple[Request, float]] = {}
        """The request, and when it was last used."""
        self.results: dict[tuple[UUID, str, str, ResultKind], tuple[ResultRow, float]] = {}
        self.outbox: dict[Identity, OutboxEntry] = {}
        self.shards: dict[int, ShardEntry] = {}
        self.replicas: dict[str, float] = {}
        """The owners that share the shards, and when each one's announcement expires."""
        self.timers: dict[tuple[UUID, str, str], TimerEntry] = {}
        self.projections: dict[tuple[str, str, str], bytes] = {}

    def request(self, name: UUID, fresh: UUID, choreography: str, digest: bytes) -> Request:
        """The SQL function `request_of`."""
        if name in self.requests:
            return self.requests[name][0]
        own = [
            held[0].kind
            for place, held in self.inbox.items()
            if (place[0], place[2], place[4]) == (name, CLIENT, self.service)
        ]
        begun = Kind.START in own
        made = Request(
            session=name if own else fresh,
            choreography="" if begun else choreography,
            digest=None if begun else digest,
            first=not begun,
        )
        self.requests[name] = (msgspec.structs.replace(made, first=False), self._clock())
        return made

    def _forget_requests(self, age: float, limit: int) -> None:
        """The SQL function `forget_requests`."""
        now = self._clock()
        old = [name for name, (_, at) in sorted(self.requests.items(), key=lambda e: e[1][1]) if at < now - age]
        used = {key[0] for key in (*self.sessions, *self.stubs, *self.inbox)}
        for name in old[:limit]:
            request, _ = self.requests.pop(name)
            if request.session in used:
                self.requests[name] = (request, now)

    def write(self, write: sessions.OrderedWrite) -> None:
        """Write a row, unless a later one is here or the session was collected."""
        key, place = (write.row.header.session, write.row.role), (write.epoch, write.turn)
        old = self.sessions.get(key)
        if key not in self.stubs and (old is None or sessions.follows(self.written[key], place)):
            self.sessions[key] = write.row if old is None else sessions.merged(old, write.row)
            self.written[key] = place
            self.updated_at[key] = self._clock()
            if not sessions.is_open(self.sessions[key]):
                self.over_at.setdefault(key, self._clock())
        answered = [k for k, early in self.arrivals.items() if early and (k[0], k[3]) == key]
        for arrival in answered:
            del self.arrivals[arrival]

    def set_timer(self, row: TimerRow) -> None:
        """Set a timer. One that is set already keeps its time. Ignored if it has its result, or its role is undone or
        has left a stub."""
        of = self.sessions.get((row.session, row.role))
        answer = self.results.get((row.session, row.role, row.site, ResultKind.FORWARD))
        undone = self.results.get((row.session, row.role, row.site, ResultKind.COMPENSATE))
        timed = any(found is not None and waits.is_timed(found[0].operation) for found in (answer, undone))
        if timed or (of is not None and of.phase in _UNDONE) or (row.session, row.role) in self.stubs:
            return
        now = self._clock()
        made = TimerEntry(row, set_at=now, due_at=now + row.seconds, ask_at=now + row.seconds)
        self.timers.setdefault((row.session, row.role, row.site), made)

    def end_timers(self, rows: Iterable[SessionRow], results: Sequence[ResultRow]) -> None:
        """Remove timers that have the result at their site, or whose session is being undone."""
        for result in results:
            if waits.is_timed(result.operation):
                self.timers.pop((result.session, result.role, result.site), None)
        over = {(row.header.session, row.role) for row in rows if row.phase in _UNDONE}
        self.timers = {key: timer for key, timer in self.timers.items() if key[:2] not in over}

    def fall_silent(self, role: tuple[UUID, str]) -> None:
        """Delete data and selections from the outbox of a role that is being undone or over."""
        if role in self.sessions and self.sessions[role].phase in _SILENT:
            said = [key for key, out in self.outbox.items() if (key[0], key[2]) == role and out.message.kind in _SAID]
            for key in said:
                del self.outbox[key]

    def may_say(self, message: Message) -> bool:
        """Whether an undelivered message may enter the outbox. A late copy of a flush may bring one whose sender is
        over or being undone by now."""
        role = (message.session, message.sender)
        silent = role in self.sessions and self.sessions[role].phase in _SILENT and message.kind in _SAID
        return role not in self.stubs and not silent

    def undelivered(self, held: Collection[int]) -> list[Undelivered]:
        """The SQL function of this name."""
        found = []
        for key, row in sorted(self.outbox.items(), key=lambda entry: entry[1].tried_at):
            of = self.sessions.get((key[0], key[2]))
            waits = of is not None and of.parked is None and of.phase in _GOES_ON
            if row.answer in NEVER_DELIVERED and waits and shard_of(key[0], limits.shards_count) in held:
                found.append(Undelivered(*key, row.answer, row.service))
        return found

    def batch(self, rows: Sequence[Row], weigh: Callable[[Row], int]) -> list[Row]:
        """As many rows as fit into a batch by their bytes; at least one."""
        taken, weight = [], 0
        for row in rows:
            if weight >= self.batch_bytes_max:
                break
            taken.append(row)
            weight += weigh(row)
        return taken

    def weight(self, place: Place) -> int:
        return len(self.inbox[place][0].payload) if place in self.inbox else 0

    def due(self, held: Collection[int], limit: int) -> DueTimers:
        """The SQL function of this name."""
        now = self._clock()
        mine = [(t.ask_at, key) for key, t in self.timers.items() if shard_of(key[0], limits.shards_count) in held]
        told = []
        for _, key in [entry for entry in sorted(mine) if entry[0] <= now][:limit]:
            row = self.sessions.get(key[:2])
            if row is None or not sessions.is_open(row):
                del self.timers[key]
                continue
            self.timers[key].ask_at = now + limits.timer_again_ms / 1000
            if row.parked is None:
                told.append(key)
        left = [self.timers[key].ask_at for _, key in mine if key in self.timers]
        return DueTimers(tuple(told), max(min(left) - now, 0.0) if left else None)

    def timers_set(self, session: UUID | None) -> list[Timer]:
        """The timers that are set, the next due first."""
        found = []
        for key, timer in sorted(self.timers.items(), key=lambda entry: (entry[1].due_at, entry[0])):
            if session in (None, key[0]):
                row = self.sessions.get(key[:2])
                found.append(
                    Timer(
                        session=key[0],
                        role=key[1],
                        site=key[2],
                        operation=timer.row.operation,
                        choreography=row.header.choreography if row else "",
                        set_at=timer.set_at,
                        due_at=timer.due_at,
                    )
                )
        return found

    def events(self, session: UUID | None) -> list[EventRow]:
        """Events, newest first."""
        found = [
            EventRow(
                session=key[0],
                role=key[3],
                name=key[1].removeprefix(EVENT_SITE),
                at=at,
                early=(key[0], key[3]) not in self.sessions,
            )
            for key, (message, _, at) in self.inbox.items()
            if message.kind is Kind.EVENT and session in (None, key[0])
        ]
        return sorted(found, key=lambda event: -event.at)

    def early_events(self) -> int:
        return sum(early and key[1].startswith(EVENT_SITE) for key, early in self.arrivals.items())

    def share(self, owner: str, shards: int, term: float) -> list[int]:
        """The SQL function `lease`. Returns the shards that were acquired."""
        now = self._clock()
        self.replicas[owner] = now + term
        self.replicas = {name: until for name, until in self.replicas.items() if until >= now}
        rows = [(shard, self.shards.setdefault(shard, ShardEntry())) for shard in range(shards)]
        share = -(-shards // len(self.replicas))
        for _, row in [entry for entry in rows if entry[1].owner == owner][share:]:
            row.owner = None
        held = [row for _, row in rows if row.owner == owner]
        gained = []
        for shard, row in rows:
            if row.owner not in self.replicas and len(held) < share:
                row.owner, row.epoch = owner, row.epoch + 1
                held.append(row)
                gained.append(shard)
        return gained

    def collect(self, held: Collection[int], age: float, limit: int) -> int:
        """The SQL function of this name."""
        due = self._over(held, age, 0.0, limit)
        for key in due:
            row = self.sessions.pop(key)
            del self.written[key], self.updated_at[key], self.over_at[key]
            self.inbox = {k: kept for k, kept in self.inbox.items() if (k[0], k[3]) != key}
            self.outbox = {k: kept for k, kept in self.outbox.items() if (k[0], k[2]) != key}
            self.results = {k: kept for k, kept in self.results.items() if k[:2] != key}
            self.timers = {k: kept for k, kept in self.timers.items() if k[:2] != key}
            self.stubs.setdefault(key, (row.outcome or row.phase.value, self._clock()))
        return len(due)

    def lighten(self, held: Collection[int], age: float, since: float, limit: int) -> tuple[int, float]:
        """The SQL function of this name."""
        due = self._over(held, age, since, limit)
        for key in due:
            row = self.sessions[key]
            self.sessions[key] = SessionRow(
                header=row.header,
                role=row.role,
                phase=row.phase,
                vote=row.vote,
                outcome=row.outcome,
                reason=row.reason,
                let_go_at=row.let_go_at or self._clock(),
            )
            self.results = {k: kept for k, kept in self.results.items() if k[:2] != key}
            for k, (message, service, at) in list(self.inbox.items()):
                if (k[0], k[3]) != key:
                    continue
                if message.kind is Kind.START:
                    self.inbox[k] = (msgspec.structs.replace(message, payload=b"null"), service, at)
                else:
                    del self.inbox[k]
        return len(due), max((self.over_at[key] for key in due), default=since)

    def _over(self, held: Collection[int], age: float, since: float, limit: int) -> list[tuple[UUID, str]]:
        """Sessions that have been over for `age`, since `since` or later, and are neither parked nor owe a message."""
        owing = {
            (key[0], key[2]) for key, row in self.outbox.items() if row.answer not in (Delivery.CLASH, Delivery.REFUSED)
        }
        return [
            key
            for key, at in sorted(self.over_at.items(), key=lambda entry: entry[1])
            if since <= at < self._clock() - age
            and self.sessions[key].parked is None
            and key not in owing
            and shard_of(key[0], limits.shards_count) in held
        ][:limit]

    def forget(self, age: float, audit_age: float, limit: int, done: Sequence[UUID]) -> list[UUID]:
        """The SQL function of this name."""
        now = self._clock()
        for session in done:
            self.forgotten.pop(session, None)
        self.audits = [audit for audit in self.audits if audit.at >= now - audit_age]
        self._let_events_go(age, limit)
        due = [key for key, (_, at) in sorted(self.stubs.items(), key=lambda e: e[1][1]) if at < now - age][:limit]
        gone = {key[0] for key in due}
        for key in due:
            del self.stubs[key]
            self.forgotten[key[0]] = None
            self.inbox = {k: kept for k, kept in self.inbox.items() if (k[0], k[3]) != key}
            self.arrivals = {k: early for k, early in self.arrivals.items() if not early or (k[0], k[3]) != key}
        gone -= {key[0] for key in (*self.stubs, *self.sessions)}
        self.requests = {name: kept for name, kept in self.requests.items() if kept[0].session not in gone}
        self._forget_requests(age, limit)
        remembered = {key[0] for key in (*self.stubs, *self.sessions)}
        return [session for session in self.forgotten if session not in remembered][:limit]

    def _let_events_go(self, age: float, limit: int) -> None:
        """Delete old events whose session never began, and old messages that no program could decode."""
        untaken = [
            key
            for key, early in self.arrivals.items()
            if early
            and key[1].startswith(EVENT_SITE)
            and self.arrived_at[key] < self._clock() - age
            and (key[0], key[3]) not in self.sessions
        ]
        long_ago = self._clock() - age
        unread = [place for place in self.arrivals if place in self.aside and self.arrived_at[place] < long_ago]
        for key in {*untaken[:limit], *unread[:limit]}:
            del self.arrivals[key]
            self.aside.discard(key)
            self.inbox.pop(key, None)

    def forget_versions(self, age: float, limit: int) -> int:
        """The SQL function of this name."""
        now = self._clock()
        used = {row.header.fingerprint for row in self.sessions.values() if sessions.is_open(row)}
        used |= {row.hosted for row in self.sessions.values() if row.hosted is not None and sessions.is_open(row)}
        used |= {self.inbox[key][0].header.fingerprint for key in self.arrivals if key in self.inbox}
        old = sorted((at, fingerprint) for fingerprint, (_, at) in self.versions.items() if at < now - age)[:limit]
        stale = {fingerprint for _, fingerprint in old} - used
        self.projections = {key: source for key, source in self.projections.items() if key[1] not in stale}
        for fingerprint in stale:
            del self.versions[fingerprint]
        return len(stale)


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
        """Let the next `times` calls fail, "before" or "after" they take effect."""
        self._failures.extend([when] * times)

    def failure(self) -> str | None:
        return self._failures.popleft() if self._failures else None

    def hand_over(self, letters: Sequence[Letter], sender_service: str) -> list[Delivery]:
        """The SQL function of this name: delivers the letters in their order, one call of `deliver` per schema."""
        answers: list[Delivery] = []
        for (service, home), group in groupby(letters, key=lambda letter: (letter.schema, letter.home)):
            messages = [letter.message for letter in group]
            if service in self.services:
                answers += self.services[service].deliver_all(messages, sender_service, home=home)
            else:
                answers += [Delivery.UNKNOWN if service == AWAY else Delivery.NOWHERE] * len(messages)
        return answers
