"""What the runtime asks of the world: a log, workers, a wake-up. Floor 3 implements these, nobody else.

The types here are the records of a service's durable memory (docs/durability.md). Records are write-once: the first
wins and later writers read it. Implementations must keep, and `tests/log` holds them to it:

- `Log.flush` is one commit with flush of everything given, or nothing of it; it checks the epochs of the shards in
  that same commit and raises `LeaseLost` when one is not held any more; doing it again changes nothing.
- A message is handed over in the sender's own commit. `deliver` never raises on content: it answers per message.
- A timer's time is fixed in the commit that sets it. `due` tells of it until its result is written, or the session is
  undone: a timer that was told and lost is told again.
- `take` never skips a committed row, whatever order rows were committed in, and returns it until it is acknowledged.

Not promised by `take`: that a row is returned once only. A lost answer or a crash may return it again; the mailbox does
not mind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, assert_never
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.runtime.life import Life
from accompanist.runtime.listings import EVERY_SESSION as EVERY_SESSION
from accompanist.runtime.listings import Audited as Audited
from accompanist.runtime.listings import Cursor as Cursor
from accompanist.runtime.listings import EventRow as EventRow
from accompanist.runtime.listings import Search as Search
from accompanist.runtime.listings import SessionSummary as SessionSummary
from accompanist.runtime.listings import Timer as Timer
from accompanist.runtime.messages import Header, Message
from accompanist.runtime.phases import Parked as Parked
from accompanist.runtime.phases import Phase as Phase
from accompanist.runtime.who import Who

DAMAGED_WAITS = "repair"
"""The first word of what a session waits for that the log refuses; people and `doctor` look for it."""


class Executed(msgspec.Struct, frozen=True):
    """A transaction the worker's fence says was executed, in commit order; `arguments` is a JSON object."""

    site: str
    operation: str
    arguments: bytes


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one role, as the log keeps it. `vote` ("done" or "abort") and `outcome` ("settled" or "ended")
    are write-once. `contacts`: the roles this one has sent to. `waiting`: in words, for people. `result`: canonical
    bytes, once there is one."""

    header: Header
    role: str
    phase: Phase
    vote: str | None = None
    outcome: str | None = None
    reason: str | None = None
    contacts: tuple[str, ...] = ()
    result: bytes | None = None
    parked: Parked | None = None
    waiting: str = ""
    context: dict[str, str] = {}
    """The trace context of the message this session began with at this role."""
    retrying: int = 0
    """How often the call under way has failed, as of this row; for people who search."""
    trouble: str = ""
    """Why it failed the last time, in words for people, without payload."""
    verbs: tuple[str, ...] = ()
    """The sites of the operators' verbs that were heard, and messages that could not be: each counts once."""
    granted: str | None = None
    """Why this role closes the session, where nothing else that is stable says so: a request to undo that was granted,
    a query without answer, a program that failed. On disk before the worker is asked to close for it."""
    asked: str | None = None
    """The site of the last forward call that the worker was asked for, "" before the first. On disk before the call
    leaves where the worker is not known to have a fence: nobody else can say whether it was asked. Once the session is
    being undone: the one that counts as executed without an answer, or "". None: the row was written before this was
    kept."""
    by_hand: tuple[tuple[str, str], ...] = ()
    """The sites whose value a person gave, each with the site of the order that says it."""
    left: bool = False
    """Ended by hand: what was executed here is left as it is."""
    let_go_at: float | None = None
    """When the result, and all else that held values, was let go (`Log.lighten`)."""
    hosted: str | None = None
    """The version that a person let the session go on with, where that is not the one it began with."""

    @property
    def version(self) -> Header:
        """The header with the version that the session runs on here."""
        return self.header if self.hosted is None else msgspec.structs.replace(self.header, fingerprint=self.hosted)


class ResultKind(StrEnum):
    FORWARD = "forward"
    COMPENSATE = "compensate"


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's answer to one call. `outcome` is "replied" (value: the reply's JSON bytes) or "declined" (value: the
    reason's JSON bytes). `digest`: of the canonical arguments, so that a replay that asks otherwise is noticed."""

    session: UUID
    role: str
    site: str
    kind: ResultKind
    operation: str
    digest: bytes
    outcome: str
    value: bytes


class TimerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that is set: due so many `seconds` after it is first written, by the log's clock. `operation` says what
    waits for it. Written again it keeps its time; it goes with the result at its site, or with its session."""

    session: UUID
    role: str
    site: str
    operation: str
    seconds: float


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """What one burst of one session writes. `home` are messages to roles of this same service whose shard this
    sidecar holds: stored like the others, but handed over in memory, so that `take` need not return them.
    `shard` is None for what no lease guards (a client's start)."""

    shard: int | None
    session: SessionRow | None = None
    results: tuple[ResultRow, ...] = ()
    messages: tuple[Message, ...] = ()
    home: tuple[Message, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    epoch: int | None = None
    """The epoch of `shard` this was decided under; the group commit takes none without it. None, given to the log
    itself: the one that it holds."""
    turn: int = 0
    """Which write of a session row this is, counted by the group commit as long as its shards are held. The log writes
    no row over one of a later turn of the same epoch: a write may be carried out long after it was given up."""
    life: Life | None = None
    """Whose commits this one builds upon. None: upon nobody's."""


class Delivery(StrEnum):
    """`stored`: the receiver has it. `same`: it had it already. `clash`: it holds other content under this identity.
    `full`: the receiver takes no more now. `closed`: the session is over there. `unknown`: its service is not to be had
    now. And for ever: `refused`, the message is beyond a bound, or cannot be read; `nowhere`, nobody knows the service
    that plays the receiver."""

    STORED = "stored"
    SAME = "same"
    CLASH = "clash"
    FULL = "full"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOWHERE = "nowhere"


NEVER_DELIVERED = (Delivery.CLASH, Delivery.REFUSED, Delivery.NOWHERE)
"""Answers that would be no other if the message was sent again."""


class Fate(StrEnum):
    """What an answer means to whoever handed the message over. `here`: the receiver has it. `over`: nobody there wants
    it any more, nor ever will. `again`: it waits in the outbox. `clash`: it stays there to be seen, and its session is
    told."""

    HERE = "here"
    OVER = "over"
    AGAIN = "again"
    CLASH = "clash"


def fate(delivery: Delivery) -> Fate:
    """The one place that says so: a new answer does not pass the type checker before it has a meaning here."""
    match delivery:
        case Delivery.STORED | Delivery.SAME:
            return Fate.HERE
        case Delivery.CLOSED:
            return Fate.OVER
        case Delivery.FULL | Delivery.UNKNOWN:
            return Fate.AGAIN
        case Delivery.CLASH | Delivery.REFUSED | Delivery.NOWHERE:
            return Fate.CLASH
        case _:
            assert_never(delivery)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asked for under a key, and the `session` that stands for it. `digest`: of the arguments as they
    were sent; None for what was begun before digests were kept. `first`: it was not known before."""

    session: UUID
    choreography: str
    digest: bytes | None
    first: bool


class Stub(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a session at a role after it was collected."""

    outcome: str
    collected_at: float


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """All that the log knows of (session, role): what a replay runs on. Messages that were not written by the service
    that plays their sender are left out. `timers`: the sites of those that are set. `more`: there are too many bytes of
    data and selections to be read at once, and `inbox` has none of them: `Log.page` reads them. `whole`: they are all
    here, however many they are, because that was asked for."""

    session: SessionRow | None
    inbox: tuple[Message, ...]
    results: tuple[ResultRow, ...]
    timers: tuple[str, ...] = ()
    more: bool = False
    whole: bool = False


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message that arrived. `sender_service` is the authenticated writer; `known`: there is a session row;
    `place`: the log's own, to find the row again when it is acknowledged. `refused`: it is acknowledged as one that
    nobody here believes or ever will, and goes from the log, if a peer has said it."""

    message: Message
    sender_service: str
    known: bool
    place: tuple[int, int] | None = None
    refused: bool = False


class Reached(StrEnum):
    """Which bound a peer has reached: of `sessions` that it began and that are open here, of messages that are
    `waiting` here, or of aborts and cancels in a while (`undoing`)."""

    SESSIONS = "sessions"
    WAITING = "waiting"
    UNDOING = "undoing"


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each one peer may have."""

    sessions: int = limits.sessions_per_peer_max
    waiting: int = limits.waiting_rows_per_peer_max
    undoing: int = limits.undoing_per_peer_max


class Due(msgspec.Struct, frozen=True):
    """Timers that are due, as (session, role, site), longest due first; and in how many seconds the next one is: 0 when
    more are due now, None when none is set."""

    timers: tuple[tuple[UUID, str, str], ...]
    next_s: float | None


class Away(msgspec.Struct, frozen=True):
    """A message in the outbox, and the service of another database that it is for."""

    service: str
    message: Message


class Undelivered(msgspec.Struct, frozen=True):
    """A message that stays in the outbox, because its receiver, played by `service`, will never take it: `answer` is
    `clash`, `refused` or `nowhere`."""

    session: UUID
    site: str
    sender: str
    receiver: str
    answer: Delivery
    service: str


class Lease(msgspec.Struct, frozen=True):
    """A shard held: fence every commit with `epoch`. The expiry is the database's business."""

    shard: int
    epoch: int


class Pending(msgspec.Struct, frozen=True):
    """What waits to be done for a sidecar: whether `take` has something for it, whether `resend` or `undelivered` has;
    in how many seconds, at the earliest, `due` will have; and the peers to whom `relay` has something."""

    arrived: bool
    unsent: bool
    timer_s: float | None
    peers: Sequence[str]


class Leases(NamedTuple):
    """What is held now, which of it was acquired just now, and what waits to be done by whoever holds it."""

    held: Sequence[Lease]
    acquired: Sequence[Lease]
    pending: Pending


class LeaseLost(Exception):
    """A commit was refused: these shards have another owner or none. Nothing of it was written."""

    def __init__(self, shards: Sequence[int]) -> None:
        super().__init__(f"shards {sorted(shards)} are held by another sidecar")
        self.shards = tuple(shards)


class LogUnavailable(Exception):
    """The log cannot be reached or did not answer; a commit may or may not have happened. Ask again: everything the
    log does may be done twice."""


class LogSlow(LogUnavailable):
    """The log was reached, and did not answer within its time. Asked for as much again it would not either: whoever can
    asks for less."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a choreography as its service keeps it: `file` and what it rests on as texts, by path below the
    project's root; `bindings`: which service played each role when it was registered; `made_by`: the programs that it
    was registered with, for people. One whose texts were damaged has none. `sealed`: whether who wrote it had the
    service's key; what has no seal is never compiled."""

    fingerprint: str
    choreography: str
    file: str
    texts: dict[str, str]
    bindings: dict[str, str] = {}
    made_by: str = ""
    sealed: bool = True


class Log(Protocol):
    """A service's durable memory. Times and leases are by the log's own clock."""

    async def flush(self, commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        """Commit all of it, durably; per commit, the delivery of each of its `messages` then its `home`, in order.
        What was not taken stays in the outbox, until its sender goes back or is over: then it sends no data and no
        selection any more. Raises LeaseLost, LogUnavailable."""
        ...

    async def take(self, limit: int, done: Sequence[Taken] = ()) -> Sequence[Taken]:
        """Messages that arrived for the shards held, at most `limit`, oldest first. A message is returned until a later
        call has it in `done`: give back what the last call returned, once it was taken in. Not more than about
        `limits.batch_bytes_max` of payload; so do `resend` and `relay`."""
        ...

    async def load(self, keys: Sequence[tuple[UUID, str]], *, whole: bool = False) -> Sequence[Memory]:
        """What is known of each (session, role), in the order asked: of the first, and of as many more as weigh no more
        than `limits.load_bytes_max` together. One that weighs more than that by itself has `more`; with `whole` it
        has everything all the same."""
        ...

    async def page(self, session: UUID, role: str, site: str, sender: str) -> Sequence[Message]:
        """Data and selections for a role: the one of that name, and such as its program probably asks for after it, at
        most `limits.page_rows_max` and about `limits.page_bytes_max`. Nothing, where that one is not in the inbox."""
        ...

    async def unfinished(self, shards: Sequence[int]) -> Sequence[tuple[UUID, str]]:
        """Every (session, role) of these shards that is not settled or ended, and every one that has inbox rows but
        no session row (docs/protocol.md)."""
        ...

    async def resend(self, limit: int) -> Mapping[str, int]:
        """Try again what is due in the outbox; answers how many rows each delivery outcome took. A row that is refused
        again is due later and later."""
        ...

    async def undelivered(self, limit: int) -> Sequence[Undelivered]:
        """Messages of open sessions, of the shards held, that will never be delivered. They are told until their
        session is parked, or goes back."""
        ...

    async def due(self, limit: int) -> Due:
        """Timers that are due in the shards held, at most `limit`. One is told again and again, every
        `limits.timer_again_ms`, until its result is written or its session is over."""
        ...

    async def timers(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[Timer]:
        """Timers that are set, the next due first."""
        ...

    async def move_timer(self, session: UUID, role: str, site: str, at: float | None, who: Who, why: str) -> bool:
        """Let a timer be due at another time, None: now; with its audit, in one commit. False: none is set there (any
        more), and nothing is written."""
        ...

    async def end_timer(self, session: UUID, role: str, site: str) -> None:
        """Take a timer away that no result ends: a deadline that was heard."""
        ...

    async def events(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[EventRow]:
        """What was told from outside, newest first."""
        ...

    async def early_events(self) -> int:
        """How many events wait for a session that is not known here, counted up to `limits.early_events_max`."""

    async def relay(self, services: Sequence[str], limit: int) -> Sequence[Away]:
        """Messages to these services, whose logs are in other databases, that are due in the outbox. Each is due again
        later, until `relayed` says that its receiver has it."""
        ...

    async def relayed(self, answers: Sequence[tuple[Message, Delivery]]) -> None:
        """What the receivers of relayed messages answered, after they had committed it."""
        ...

    async def accept(self, service: str, messages: Sequence[Message]) -> Sequence[Delivery]:
        """Take messages that the sidecar of another database's service brought, which was authenticated as `service`;
        answers, per message, after they are on disk."""
        ...

    async def crowd(self, bounds: Bounds) -> Sequence[tuple[str, Reached]]:
        """Note which peers have reached one of these, and answer them by name; the empty name stands for all, when
        there is no room for anybody. Until the next call `accept`, and a peer's own commit, are told `full` for what
        would begin a session of theirs that no role here plays yet (`sessions`), for what would begin a session at a
        role, or end it before it began (`waiting`), or for the latter alone (`undoing`). Of the sessions each open
        (session, role) is counted, for the service whose message came first to it."""
        ...

    async def lease(self, owner: str, shards: int) -> Leases:
        """Announce `owner`, renew what it holds and acquire what is free or expired, up to its fair share; what is
        beyond that is given up. Whatever is not in the answer is not held any more: drop it."""
        ...

    async def release(self, owner: str) -> None:
        """Give all shards up at once, and with them the place among those who share."""
        ...

    async def register(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep projections by fingerprint: choreography, fingerprint, role, source (write-once)."""
        ...

    async def keep(self, versions: Sequence[Kept]) -> None:
        """Keep versions by fingerprint, write-once, and that they are deployed now."""
        ...

    async def kept(self, fingerprints: Sequence[str]) -> Sequence[Kept]:
        """Those of these versions that are kept, in any order."""
        ...

    async def forget_versions(self, age_ms: int, limit: int) -> int:
        """Let versions go, at most `limit`, that were not deployed for so long, and that no open session here and no
        message without a session began with; how many went."""
        ...

    async def summaries(
        self, search: Search = EVERY_SESSION, *, after: Cursor | None = None, limit: int = 100
    ) -> Sequence[SessionSummary]:
        """Sessions of this service, newest first; `after` the last one of another page."""
        ...

    async def audits(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[Audited]:
        """What operators did, newest first. A verb is audited when its message is taken, in the same commit."""
        ...

    async def requested(self, name: UUID) -> Request | None:
        """What stands for a client's key, of which `name` is made; None: nothing, or not yet."""
        ...

    async def request(self, name: UUID, fresh: UUID, choreography: str, digest: bytes) -> Request:
        """What stands for a client's key, of which `name` is made: what was asked first under it, with the session that
        began; else this request, with `fresh` for its session. It is remembered as long as that session's stub."""
        ...

    async def stub(self, session: UUID, role: str) -> Stub | None:
        """What is left of a session that was collected."""
        ...

    async def collect(self, age_ms: int, limit: int) -> int:
        """Let sessions of the shards held that were over for so long become stubs, at most `limit`; how many did. One
        that still owes a message, or is parked, stays."""
        ...

    async def lighten(self, age_ms: int, limit: int, since: float = 0.0) -> tuple[int, float]:
        """Let messages, answers and values of sessions go that were over for so long, at most `limit`, of the shards
        held: from those on that were over at `since`, and up to which time; how many were looked at. Their rows stay,
        and their starts without arguments. One that still owes a message, or is parked, is passed over."""
        ...

    async def forget(self, age_ms: int, limit: int, done: Sequence[UUID] = ()) -> Sequence[UUID]:
        """Let stubs of that age go; answers sessions that the workers' fences may forget now, until a later call has
        them in `done`."""
        ...
