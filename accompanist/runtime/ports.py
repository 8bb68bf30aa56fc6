"""The records of the log, and the rules that each implementation keeps. `runtime.log` has the ports that take them.

The types here are the records of a service's durable memory (docs/durability.md). A record is write-once: the first
write wins, and later writers read it. Each implementation must keep these rules, and `tests/log` tests them:

- `Log.flush` is one commit, on disk, of everything given, or of nothing. It checks the epochs of the shards in that
  same commit and raises `LeaseLost` if one is not held any more. Repeating it changes nothing.
- A message is handed over in the sender's own commit. `deliver` never raises for a message's content: it answers per
  message.
- A timer's time is fixed in the commit that sets it. `due` returns the timer until its result is written or the session
  is undone, so a timer that was lost after `due` returned it is returned again.
- `take` never skips a committed row, in whatever order rows were committed, and returns it until it is acknowledged.

Not promised by `take`: that a row is returned only once. After a lost answer or a crash it returns it again; the
mailbox drops the copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, assert_never
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.runtime.dependent_commits import SessionLife
from accompanist.runtime.listings import EVERY_SESSION as EVERY_SESSION
from accompanist.runtime.listings import AuditEntry as AuditEntry
from accompanist.runtime.listings import CorrelatedSession as CorrelatedSession
from accompanist.runtime.listings import Cursor as Cursor
from accompanist.runtime.listings import EventRow as EventRow
from accompanist.runtime.listings import SessionFilter as SessionFilter
from accompanist.runtime.listings import SessionSummary as SessionSummary
from accompanist.runtime.listings import Timer as Timer
from accompanist.runtime.messages import Header, Message
from accompanist.runtime.phases import Parked as Parked
from accompanist.runtime.phases import Phase as Phase

DAMAGED_WAITS = "repair"
"""The first word of `waiting` in a session whose content the log refused; people and `doctor` search for it."""


class Executed(msgspec.Struct, frozen=True):
    """A transaction that was executed, as the worker's fence lists it; `arguments` is a JSON object."""

    site: str
    operation: str
    arguments: bytes


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one role, as the log keeps it. `vote` ("done" or "abort") and `outcome` ("settled" or "ended")
    are write-once. `contacts`: the roles this one has sent to. `waiting`: what it waits for, as text for people.
    `result`: canonical bytes, once there is one."""

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
    """How many attempts of the call under way have failed, as of this row; for searches by people."""
    trouble: str = ""
    """Why the last attempt failed, as text for people, without payload."""
    verbs: tuple[str, ...] = ()
    """The operators' verbs and the impossible messages that were handled, by site: each counts once."""
    granted: str | None = None
    """Why this role closes the session, if no other stable record says so: a request to undo that was granted, a query
    without answer, a program that failed. On disk before the worker is asked to close."""
    asked: str | None = None
    """The site of the last forward call to the worker, "" before the first. On disk before the call leaves if the
    worker is not known to have a fence, because no other record says that the call was made. Once the session is being
    undone: the call that counts as executed without an answer, or "". None: the row is older than this field."""
    by_hand: tuple[tuple[str, str], ...] = ()
    """The sites whose value an operator gave, each with the site of the operator's message."""
    left: bool = False
    """Ended by hand: what was executed here is left as it is."""
    let_go_at: float | None = None
    """When the session's values, its result among them, were removed (`Log.lighten`)."""
    hosted: str | None = None
    """The version that an operator chose for the session to go on with, if it is not the one it began with."""

    @property
    def version(self) -> Header:
        """The header, with the fingerprint of the version that the session runs on here."""
        return self.header if self.hosted is None else msgspec.structs.replace(self.header, fingerprint=self.hosted)


class ResultKind(StrEnum):
    FORWARD = "forward"
    COMPENSATE = "compensate"


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's answer to one call. `outcome` is "replied" (value: the reply's JSON bytes) or "declined" (value: the
    reason's JSON bytes). `digest`: of the canonical arguments, so that a replay that calls otherwise is noticed."""

    session: UUID
    role: str
    site: str
    kind: ResultKind
    operation: str
    digest: bytes
    outcome: str
    value: bytes


class TimerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that is set: due `seconds` after it is first written, by the log's clock. `operation` is the wait it
    belongs to. Written again, it keeps its time. It is removed with the result at its site, or with its session."""

    session: UUID
    role: str
    site: str
    operation: str
    seconds: float


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """What one burst of one session writes. `home`: messages to roles of this same service whose shard this sidecar
    holds. They are stored like the others, but handed over in memory, so `take` need not return them. `shard` is None
    for a write that needs no lease (a client's start)."""

    shard: int | None
    session: SessionRow | None = None
    results: tuple[ResultRow, ...] = ()
    messages: tuple[Message, ...] = ()
    home: tuple[Message, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    heard: tuple[InboxEntry, ...] = ()
    """Messages that were handed over, and that this depends on: if the inbox does not have one, nothing is written.
    They leave the queue in the same commit."""
    epoch: int | None = None
    """The epoch of `shard` under which this was decided. The group commit requires one; given to the log directly,
    None means the epoch that the log holds."""
    turn: int = 0
    """The number of this write of a session row, counted by the group commit while it holds the shard. The log never
    overwrites a row of a later turn of the same epoch: a write may be carried out long after the caller gave it up."""
    life: SessionLife | None = None
    """The life whose earlier commits this one depends on. None: it depends on none."""


class Delivery(StrEnum):
    """What a receiver answers to one message.

    `stored`: it has the message. `same`: it had it already. `clash`: it has other content under this identity. `full`:
    it takes no more now (backpressure). `closed`: its session is over. `unknown`: its service cannot be reached now.
    Two answers are final: `refused`, the message exceeds a bound or cannot be read; `nowhere`, the service that plays
    the receiver is not known here."""

    STORED = "stored"
    SAME = "same"
    CLASH = "clash"
    FULL = "full"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOWHERE = "nowhere"


NEVER_DELIVERED = (Delivery.CLASH, Delivery.REFUSED, Delivery.NOWHERE)
"""Final answers: sending the message again would not change them."""


class Fate(StrEnum):
    """What a receiver's answer means to the sender. `here`: delivered. `over`: the receiver's session is over, and the
    message is dropped. `again`: it stays in the outbox and is sent again. `never`: it stays in the outbox for people to
    see, and its session is parked."""

    HERE = "here"
    OVER = "over"
    AGAIN = "again"
    NEVER = "never"


def fate(delivery: Delivery) -> Fate:
    """What an answer means. The type checker rejects a new kind of answer until it has a case here."""
    match delivery:
        case Delivery.STORED | Delivery.SAME:
            return Fate.HERE
        case Delivery.CLOSED:
            return Fate.OVER
        case Delivery.FULL | Delivery.UNKNOWN:
            return Fate.AGAIN
        case Delivery.CLASH | Delivery.REFUSED | Delivery.NOWHERE:
            return Fate.NEVER
        case _:
            assert_never(delivery)


class NotInInbox(Exception):
    """A commit depends on a message that the inbox does not have."""


class Confirmation(NamedTuple):
    """What the log has of a message that a peer has handed over. `there`: the inbox has it, with this content, from
    this service. `known`: its session has a row or a stub."""

    there: bool
    known: bool


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A client's request under an idempotency key, and the `session` it started. `digest`: of the arguments as they
    were sent; None if the session is older than digests. `first`: the key was not known before."""

    session: UUID
    choreography: str
    digest: bytes | None
    first: bool


class SessionStub(msgspec.Struct, frozen=True, kw_only=True):
    """What garbage collection keeps of a session at a role: its outcome."""

    outcome: str
    collected_at: float


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the log knows of (session, role): the input of a replay. Forged messages, which another service wrote
    than the one that plays their sender, are left out. `timers`: the sites of the timers that are set. `more`: data and
    selections are too large to load at once, so `inbox` has none of them and `Log.page` reads them. `whole`: all of
    them are here, whatever their size, because the caller asked for that."""

    session: SessionRow | None
    inbox: tuple[Message, ...]
    results: tuple[ResultRow, ...]
    timers: tuple[str, ...] = ()
    more: bool = False
    whole: bool = False


class InboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A message that arrived. `sender_service` is the authenticated writer; `known`: there is a session row; `place`: a
    private reference of the log, by which it finds the row again when it is acknowledged. `refused`: it is acknowledged
    as one that is rejected for ever; the log deletes it if a peer sent it."""

    message: Message
    sender_service: str
    known: bool
    place: tuple[int, int] | None = None
    refused: bool = False


class ReachedQuota(StrEnum):
    """Which quota a peer has reached: of `sessions` that it began and that are open here, of messages `waiting` here,
    or of aborts and cancels within a period (`undoing`)."""

    SESSIONS = "sessions"
    WAITING = "waiting"
    UNDOING = "undoing"


class QuotaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The quotas of one peer."""

    sessions: int = limits.sessions_per_peer_max
    waiting: int = limits.waiting_rows_per_peer_max
    undoing: int = limits.undoing_per_peer_max


class DueTimers(msgspec.Struct, frozen=True):
    """Timers that are due, as (session, role, site), the longest due first. `next_s`: seconds until the next one is
    due; 0 if more are due now, None if none is set."""

    timers: tuple[tuple[UUID, str, str], ...]
    next_s: float | None


class RelayedMessage(msgspec.Struct, frozen=True):
    """A message in the outbox for a service in another database."""

    service: str
    message: Message


class Undelivered(msgspec.Struct, frozen=True):
    """A message that stays in the outbox because its receiver, played by `service`, will never take it. `answer` is one
    of NEVER_DELIVERED."""

    session: UUID
    site: str
    sender: str
    receiver: str
    answer: Delivery
    service: str


class Lease(msgspec.Struct, frozen=True):
    """A lease on a shard. Every commit carries its `epoch` as fencing token. The database decides when it expires."""

    shard: int
    epoch: int


class PendingWork(msgspec.Struct, frozen=True):
    """The work that waits in the log for a sidecar. `arrived`: for `take`. `unsent`: for `resend` or `undelivered`.
    `timer_s`: in how many seconds, at the earliest, for `due`. `peers`: those for whom `relay` has messages."""

    arrived: bool
    unsent: bool
    timer_s: float | None
    peers: Sequence[str]


class Leases(NamedTuple):
    """The answer to a lease request: all leases held now, those acquired just now, the work that waits, and how many
    sidecars the service has, this one included."""

    held: Sequence[Lease]
    acquired: Sequence[Lease]
    pending: PendingWork
    sidecars: int = 1


class LeaseLost(Exception):
    """A commit was refused because these shards have another owner or none. Nothing of it was written."""

    def __init__(self, shards: Sequence[int]) -> None:
        super().__init__(f"shards {sorted(shards)} are held by another sidecar")
        self.shards = tuple(shards)


class LogUnavailable(Exception):
    """The log cannot be reached or did not answer; a commit may or may not have happened. Retry: every operation of the
    log is idempotent."""


class LogSlow(LogUnavailable):
    """The log was reached, but timed out. The same request would time out again, so a caller that can asks for less."""


class KeptVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a choreography as its service keeps it. `texts`: the source of `file` and of what it imports, by
    path below the project's root; empty if they were damaged. `bindings`: which service played each role when it was
    registered. `made_by`: the software that registered it, for people. `sealed`: its seal proves that the writer had
    the service's key; a version without a seal is never compiled."""

    fingerprint: str
    choreography: str
    file: str
    texts: dict[str, str]
    bindings: dict[str, str] = {}
    made_by: str = ""
    sealed: bool = True
