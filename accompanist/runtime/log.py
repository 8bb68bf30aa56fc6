"""The ports of the log: what each part of a sidecar asks of it. The records that they take and give are in `ports`.

    CommitPort    the group commit                            accompanist/log/group.py
    FeedPort      the loops: leases, inbox, outbox, timers    accompanist/sidecar/loops/intake.py
    SessionPort   loading sessions for a replay               accompanist/sidecar/sessions/loading.py
    PeerPort      the relay, and peers' quotas                accompanist/sidecar/loops/relay.py
    VersionPort   versions of choreographies                  accompanist/sidecar/versions.py
    UpkeepPort    collection                                  accompanist/sidecar/loops/collection.py
    QueryPort     the API                                     accompanist/sidecar/api/public.py

`Log` is all of them: one object in a sidecar, in Postgres or in memory. A part that takes one port says by that what it
can do to the log, and a test gives it that much of a fake.

Times and leases are by the log's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from accompanist.runtime.listings import (
    EVERY_SESSION,
    AuditEntry,
    CorrelatedSession,
    Cursor,
    EventRow,
    SessionFilter,
    SessionSummary,
    Timer,
)
from accompanist.runtime.messages import Message
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import (
    Commit,
    Confirmation,
    Delivery,
    DueTimers,
    InboxEntry,
    KeptVersion,
    Leases,
    Memory,
    QuotaLimits,
    ReachedQuota,
    RelayedMessage,
    Request,
    SessionStub,
    Undelivered,
)


class CommitPort(Protocol):
    """Writing: what the group commit asks for."""

    async def flush(self, commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        """Commit all of it durably. Returns, per commit, the delivery of each of its `messages` and then its `home`, in
        order. A message that was not taken stays in the outbox; data and selections stay until their sender is being
        undone or is over. Raises LeaseLost, LogUnavailable."""
        ...


class FeedPort(Protocol):
    """What keeps a sidecar fed: shards, messages, timers, and what is to be tried again."""

    async def lease(self, owner: str, shards: int) -> Leases:
        """Announce `owner`, renew its leases and acquire free or expired ones, up to its fair share; leases beyond that
        are released. A shard that is not in the answer is not held any more: drop its sessions."""
        ...

    async def release(self, owner: str) -> None:
        """Release all shards at once, and leave the set of owners that share them."""
        ...

    async def take(self, limit: int, done: Sequence[InboxEntry] = ()) -> Sequence[InboxEntry]:
        """Messages that arrived for the shards held, at most `limit`, oldest first. A message is returned until a later
        call acknowledges it in `done`. At most about `limits.batch_bytes_max` of payload is returned, as in `resend`
        and `relay`."""
        ...

    async def unfinished(self, shards: Sequence[int]) -> Sequence[tuple[UUID, str]]:
        """Every (session, role) of these shards that is not settled or ended, and every one with inbox rows but no
        session row (docs/protocol.md)."""
        ...

    async def resend(self, limit: int) -> Mapping[str, int]:
        """Send again the outbox rows that are due. Returns the number of rows by delivery. A row that is refused again
        backs off."""
        ...

    async def undelivered(self, limit: int) -> Sequence[Undelivered]:
        """Messages of open sessions, in the shards held, that will never be delivered. They are returned until their
        session is parked or being undone."""
        ...

    async def due(self, limit: int) -> DueTimers:
        """Timers that are due in the shards held, at most `limit`. Each is returned again every `limits.timer_again_ms`
        until its result is written or its session is over."""
        ...


class SessionPort(Protocol):
    """Reading sessions for a replay."""

    async def load(self, keys: Sequence[tuple[UUID, str]], *, whole: bool = False) -> Sequence[Memory]:
        """What is known of each (session, role), in the order asked: of the first, and of as many more as fit into
        `limits.load_bytes_max` together. One that is larger than that by itself has `more`; with `whole` it is loaded
        completely all the same."""
        ...

    async def page(self, session: UUID, role: str, site: str, sender: str) -> Sequence[Message]:
        """Data and selections for a role: the message of that name, and those that its program probably asks for next,
        at most `limits.page_rows_max` and about `limits.page_bytes_max`. Empty if that message is not in the inbox."""
        ...

    async def confirm(self, entries: Sequence[InboxEntry]) -> Sequence[Confirmation]:
        """Whether the inbox has each message, of that service with that content, and whether its session is known."""
        ...

    async def released_early(self, *, about_to: bool = False) -> bool:
        """Whether a sidecar of this service has ever released messages early. `about_to`: this one will, which is
        recorded for ever before this returns."""
        ...

    async def end_timer(self, session: UUID, role: str, site: str) -> None:
        """Remove a timer that no result ends: that of a deadline, once it was handled."""
        ...


class PeerPort(Protocol):
    """Messages to and from services in other databases, and how many sessions each peer may have open here."""

    async def relay(self, services: Sequence[str], limit: int) -> Sequence[RelayedMessage]:
        """Messages that are due in the outbox for these services, whose logs are in other databases. Each becomes due
        again later, until `relayed` says that its receiver has it."""
        ...

    async def relayed(self, answers: Sequence[tuple[Message, Delivery]]) -> None:
        """Record what the receivers of relayed messages answered after their commit."""
        ...

    async def accept(self, service: str, messages: Sequence[Message]) -> Sequence[Delivery]:
        """Store messages from the sidecar of a service in another database, authenticated as `service`. Returns an
        answer per message, after they are on disk."""
        ...

    async def crowd(self, bounds: QuotaLimits) -> Sequence[tuple[str, ReachedQuota]]:
        """Record which peers have used up a quota, and return them by name; the empty name stands for all peers, if
        there is no room at all. Until the next call, `accept` and a peer's own commit get `full` for the messages that
        the quota limits. `sessions`: those that would begin a session that no role here knows. `waiting`: those that
        would begin a session at a role or leave a tombstone. `undoing`: those that would leave a tombstone. Each open
        (session, role) counts for the service that sent its first message."""
        ...


class VersionPort(Protocol):
    """Versions of choreographies, and their projections, kept by fingerprint."""

    async def register(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep projections by fingerprint: choreography, fingerprint, role, source (write-once)."""
        ...

    async def keep(self, versions: Sequence[KeptVersion]) -> None:
        """Store versions by fingerprint, write-once, and record that they are deployed now."""
        ...

    async def kept(self, fingerprints: Sequence[str]) -> Sequence[KeptVersion]:
        """Those of these versions that are stored, in any order."""
        ...

    async def forget_versions(self, age_ms: int, limit: int) -> int:
        """Delete at most `limit` versions that were not deployed for so long and that no open session here, and no
        message without a session, began with. Returns how many."""
        ...


class UpkeepPort(Protocol):
    """Collection of what is over."""

    async def collect(self, age_ms: int, limit: int) -> int:
        """Replace at most `limit` sessions of the shards held, over for so long, by stubs. Returns how many. A session
        stays while it is parked or has undelivered messages."""
        ...

    async def lighten(self, age_ms: int, limit: int, since: float = 0.0) -> tuple[int, float]:
        """Delete messages, answers and values of at most `limit` sessions of the shards held, over for so long,
        beginning with those that were over at `since`. Returns how many were examined, and the time to continue from.
        Their rows stay, and their starts without arguments. A session that is parked or has undelivered messages is
        passed over."""
        ...

    async def forget(self, age_ms: int, limit: int, done: Sequence[UUID] = ()) -> Sequence[UUID]:
        """Delete stubs of that age. Returns the sessions that the workers' fences may forget now; each is returned
        until a later call has it in `done`."""
        ...


class QueryPort(Protocol):
    """What people and clients ask: sessions, timers, events, audits, requests under a key."""

    async def summaries(
        self, search: SessionFilter = EVERY_SESSION, *, after: Cursor | None = None, limit: int = 100
    ) -> Sequence[SessionSummary]:
        """Sessions of this service, newest first; `after` the last one of the page before."""
        ...

    async def correlated(
        self, attributes: Mapping[str, str], choreography: str | None = None
    ) -> Sequence[CorrelatedSession]:
        """The sessions of this service that have all of these attributes, the open ones first, and two at most. A
        session is found from its start on."""
        ...

    async def audits(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[AuditEntry]:
        """What operators did, newest first. A verb is audited when its message is taken, in the same commit."""
        ...

    async def timers(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[Timer]:
        """Timers that are set, the next due first."""
        ...

    async def move_timer(self, session: UUID, role: str, site: str, at: float | None, who: Operator, why: str) -> bool:
        """Move a timer to another time (None: now), and write the audit in the same commit. False: no timer is set
        there, and nothing is written."""
        ...

    async def events(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[EventRow]:
        """Events from outside, newest first."""
        ...

    async def early_events(self) -> int:
        """How many events wait for a session that is not known here, counted up to `limits.early_events_max`."""

    async def requested(self, name: UUID) -> Request | None:
        """The request that is stored under a client's key; `name` is made from the key. None if there is none yet."""
        ...

    async def request(self, name: UUID, fresh: UUID, choreography: str, digest: bytes) -> Request:
        """The first request under a client's key, with the session it started; if there is none, this one, with `fresh`
        as its session. `name` is made from the key. It is remembered as long as that session's stub."""
        ...

    async def stub(self, session: UUID, role: str) -> SessionStub | None:
        """The stub of a collected session, if there is one."""
        ...


class Log(CommitPort, FeedPort, SessionPort, PeerPort, VersionPort, UpkeepPort, QueryPort, Protocol):
    """A service's durable memory, whole."""
