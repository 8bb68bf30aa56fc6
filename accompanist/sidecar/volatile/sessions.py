"""The volatile sessions of one sidecar: what comes in, what is decided, and how they end.

    event -> core -> burst -> released at once: messages, calls, timers, answers to clients

The cores are those of durable sessions, and decide the same. Nothing is written, so nothing is waited for, and what a
process forgets is forgotten for good. A session whose memory may be incomplete is *lost* (docs/volatile.md): a process
that takes part is gone or not reached, a call has no answer that can be known, a core is parked, or the time is over.
The initiator says so to its client and to the others; `losing` says who undoes what.

A session that is over is known for `volatile_kept_s`: late messages of it begin nothing.

Not promised: order between sessions, or that a session outlives its process.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.runtime.burst import Burst
from accompanist.runtime.events import DEADLINE_SITE, Arrived, Deadline, Event, Fired
from accompanist.runtime.headers import words
from accompanist.runtime.loss import LOST, OUTCOME, Lost
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import InboxEntry, Phase, SessionRow
from accompanist.runtime.session import Session
from accompanist.runtime.tombstone import leaves_one, tombstone
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.hosting import Programs
from accompanist.sidecar.sessions import dormant
from accompanist.sidecar.sessions.believing import Belief
from accompanist.sidecar.sessions.parking import parked
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.volatile import losing
from accompanist.sidecar.volatile.calling import VolatileCalls
from accompanist.sidecar.volatile.held import HeldSession
from accompanist.sidecar.volatile.ways import Way, Ways

FULL = catalogue(
    "ACC761",
    "no room for another volatile session",
    "As many volatile sessions as a sidecar takes are open at it, or their messages take as much memory as they may. "
    "Nothing was begun.",
    "Try again after a while, or start it without `volatile`.",
)
NO_WAY = catalogue(
    "ACC762",
    "no way to a peer for a volatile session",
    "A volatile session needs a way to the sidecar of every service that takes part: a link, where the logs are in one "
    "database on one machine, else the peer's `listen` address. There is none now, or the peer is of a release without "
    "volatile sessions. Nothing was begun.",
    "See that the peer's sidecar runs and is of this release, and that `link` is not off; or start it without "
    "`volatile`.",
)
logger = structlog.get_logger("accompanist.volatile")

_OVER = (Phase.SETTLED, Phase.ENDED, Phase.UNDONE)


class _Over(NamedTuple):
    """How a session ended here. `row`: at its initiator, if that was here; `lost`: what that said of its loss."""

    at: float
    row: SessionRow | None
    lost: Lost | None = None


class VolatileSessions:
    """All volatile sessions of one sidecar. `process`: its id; `holds`: whether the shard of a session is held here;
    `ended` gets the row of each session that votes or is over; `clock` gives seconds since the epoch."""

    def __init__(
        self,
        service: str,
        process: str,
        programs: Programs,
        calls: Calls,
        tracing: Tracing,
        holds: Callable[[UUID], bool],
        ended: Callable[[SessionRow], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.process = process
        self._service = service
        self._programs = programs
        self._belief = Belief(service, programs, tracing.refused)
        self._tracing = tracing
        self._holds = holds
        self._ended = ended
        self._clock = clock
        self._ways: Ways | None = None
        self._calling = VolatileCalls(calls, self._answered, self._call_lost)
        self._held: dict[UUID, HeldSession] = {}
        self._over: OrderedDict[UUID, _Over] = OrderedDict()
        self._opened: Counter[str] = Counter()
        """How many of those that are here each service spoke of first."""
        self._weight = 0
        self._queue: deque[Message] = deque()
        self._draining = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._leaving = False

    def attach(self, ways: Ways) -> None:
        """Register how peers are reached."""
        self._ways = ways

    # -- what clients ask ----------------------------------------------------------------------------

    async def start(self, message: Message) -> None:
        """Begin a session with its start. Raises OperatorError if there is no room, or no way to a peer."""
        held = self._open(message.header, self._service, limits.volatile_session_s)
        try:
            services = sorted(held.services() - {self._service})
            found = {service: self._find(service, message.session) for service in services}
            if missing := [service for service, way in found.items() if way is None]:
                ways = await asyncio.gather(*(self._reach(service, message.session) for service in missing))
                found |= zip(missing, ways, strict=True)
            for service, way in found.items():
                if way is None or not held.use(way) or held.lost:
                    raise OperatorError(NO_WAY, f"{service} is not reached from {self._service}")
        except BaseException:
            self._drop(held)
            raise
        self._arrive(message)
        if held.lost and not held.over:  # it was too large
            raise OperatorError(FULL, held.lost)

    def row(self, session: UUID) -> SessionRow | None:
        """A session at its initiator, if that is or was here: its row, also for a while after it is over."""
        if (over := self._over.get(session)) is not None:
            return over.row
        held = self._held.get(session)
        core = held.roles.get(held.header.initiator) if held is not None else None
        return core.row if core is not None else None

    def rows(self, session: UUID | None = None) -> list[SessionRow]:
        """The sessions that are here now, or this one, at each of its roles."""
        some = self._held.values() if session is None else filter(None, [self._held.get(session)])
        return [core.row for held in some for core in held.roles.values()]

    def request(self, message: Message) -> None:
        """Hand in a client's request to a session that is here."""
        self._arrive(message)

    # -- what comes from peers -----------------------------------------------------------------------

    def heard(
        self, service: str, process: str, messages: Sequence[Message], lost: Sequence[Lost], *, by_shard: bool = True
    ) -> Sequence[Lost]:
        """Take what a process of an authenticated service says. Returns the sessions that cannot go on here.
        `by_shard`: messages come to the sidecar that holds the shard of their session, else to the only one."""
        refused: list[Lost] = []
        for message in messages:
            if self._belief.spoken(InboxEntry(message=message, sender_service=service, known=True)):
                refused += filter(None, [self._hear(service, process, message, by_shard)])
        for one in lost:
            refused += filter(None, [self._told(service, one)])
        return refused

    def way_lost(self, way: Way, reason: str) -> None:
        """A way is lost, and every session on it."""
        for session in tuple(way.sessions):
            if (held := self._held.get(session)) is not None:
                self._lose(held, f"the sidecar of {way.service}: {reason}")

    def _hear(self, service: str, process: str, message: Message, by_shard: bool) -> Lost | None:
        """Take a message of a peer. Returns that its session cannot go on here, and why; None if it does, or is
        over."""
        session, held = message.session, self._held.get(message.session)
        said = self._said_lost(session, service)
        if held is None and session in self._over:
            return said
        if held is None:
            if by_shard and not self._holds(session):
                return Lost(session, f"another sidecar of {self._service} has its shard")
            if self._belief.beginning(message) is None:
                # who may not undo what runs here may not begin it either: the initiator will say so
                return None if message.kind is Kind.ABORT else Lost(session, f"{self._service} does not know it")
            try:
                held = self._open(message.header, service, limits.volatile_follower_s)
            except OperatorError as problem:
                return Lost(session, problem.text)
        if not held.is_from(service, process):
            self._lose(held, f"another sidecar of {service} speaks for it")
            return None
        self._arrive(message)
        if held.header.initiator not in held.over and not held.lost:
            self._connect(held, held.initiator_service)
        return said

    def _told(self, service: str, lost: Lost) -> Lost | None:
        """A peer says that a session is lost. Returns what the initiator, if that is here, has said of it before."""
        if (said := self._said_lost(lost.session, service)) is not None:
            return said
        held = self._held.get(lost.session)
        if held is None or service not in held.services():
            return None
        reason = words(lost.reason)
        if service != held.initiator_service:
            self._lose(held, reason)
        else:
            held.lost = held.lost or reason
            self._stop(held, told=lost.undo, decided=True)
        return None

    def _said_lost(self, session: UUID, service: str) -> Lost | None:
        """What was said of a lost session to a service that takes part, where its initiator is here. The service may
        not have heard it, or have begun it anew since then."""
        over = self._over.get(session)
        if over is None or over.row is None or service not in over.row.header.bindings.values():
            return None
        return over.lost

    # -- messages and events -------------------------------------------------------------------------

    def _arrive(self, message: Message) -> None:
        """Give a message to its session, or begin one at its role."""
        held = self._held.get(message.session)
        if held is None or message.receiver in held.over:
            return
        self._weight += held.weigh(message)
        if self._weight > limits.volatile_bytes_max:
            heaviest = max(self._held.values(), key=lambda one: one.weight)
            self._lose(heaviest, f"its messages take more memory than {self._service} has for volatile sessions")
            self._drop(heaviest)
            if heaviest is held:
                return
        core = held.roles.get(message.receiver)
        if core is None:
            core = self._begin(held, message)
        elif not self._belief.heard_by(core, message):
            core = None
        if core is not None:
            if message.header is not core.header:  # one copy in memory is enough, and only that one counts
                message = msgspec.structs.replace(message, header=core.header)
            self._feed(held, core, Arrived(message))

    def _begin(self, held: HeldSession, message: Message) -> Session | None:
        """Begin a session at a role, or leave a tombstone."""
        if held.lost or (program := self._belief.beginning(message)) is None:
            return None
        if leaves_one(message, self._service):
            row, messages = tombstone(message, program)
            held.over[message.receiver] = row
            self._send(held, messages)
            loop = asyncio.get_running_loop()  # until the way is found on which it answers
            held.keep(loop.call_later(limits.volatile_reach_ms / 1000, self._drop_if_over, held))
            return None
        core = Session.begin(program, message)
        core.state.mailbox.bounded = False  # there is no inbox to read the rest from
        held.roles[core.role] = core
        return core

    def _feed(self, held: HeldSession, core: Session, event: Event) -> None:
        """Let a core handle an event. What it raises is this session's."""
        try:
            burst = core.handle(event)
        except BaseException as problem:  # the core never awaits, so this is no cancellation
            burst = parked(core, problem, event)
        self._carry(held, core, burst)
        if not self._draining:
            self._draining = True
            try:
                while self._queue:
                    self._arrive(self._queue.popleft())
            finally:
                self._draining = False

    def _carry(self, held: HeldSession, core: Session, burst: Burst) -> None:
        """Release what a core has decided."""
        began = time.time_ns()
        cause = self._tracing.cause(core.cause, core.role)
        messages = self._tracing.outgoing(burst.messages, cause)
        self._tracing.carried(burst, messages, cause, began)
        self._send(held, messages)
        loop = asyncio.get_running_loop()
        for timer in (*burst.timers, *dormant.deadline_of(core, self._clock)):
            held.keep(loop.call_later(timer.seconds, self._fire, held, core, timer.site))
        for call in burst.calls:
            self._calling.ask(core, call, cause)
        if (burst.row.vote is not None or burst.ended) and not held.lost:
            self._ended(burst.row)
        if burst.ended:
            self._tracing.ended(burst, cause)
        if burst.parked is not None and not held.lost:
            self._lose(held, f"{core.role} is parked, {burst.parked.code}: {burst.parked.text}")
        elif burst.ended or (held.lost and (burst.parked is not None or burst.row.phase in _OVER)):
            self._leave(held, core)

    def _send(self, held: HeldSession, messages: Sequence[Message]) -> None:
        """Send messages of a session; those of a lost one lead nowhere."""
        for message in messages if not held.lost else ():
            service = held.header.bindings.get(message.receiver, "")
            if service == self._service:
                self._queue.append(message)
            elif (way := held.way(service)) is not None:
                way.send([message])
            else:
                self._connect(held, service, message)

    def _fire(self, held: HeldSession, core: Session, site: str) -> None:
        if held.roles.get(core.role) is core:
            self._feed(held, core, Deadline() if site == DEADLINE_SITE else Fired(site))

    def _answered(self, core: Session, event: Event) -> None:
        """A worker has answered."""
        held = self._held.get(core.header.session)
        if held is not None and held.roles.get(core.role) is core:
            self._feed(held, core, event)

    def _call_lost(self, core: Session, reason: str) -> None:
        """What became of a call cannot be known."""
        held = self._held.get(core.header.session)
        if held is None or held.roles.get(core.role) is not core:
            return
        self._lose(held, reason, at=core)

    # -- ways ----------------------------------------------------------------------------------------

    def _connect(self, held: HeldSession, service: str, message: Message | None = None) -> None:
        """See that there is a way to a service, and send the message over it."""
        if service == self._service or (held.way(service) is not None and message is None):
            return
        if held.wait(service, message):
            way = self._find(service, held.header.session)
            if way is None or not held.use(way):
                self._spawn(self._find_way(held, service))

    async def _find_way(self, held: HeldSession, service: str) -> None:
        """Open a way, or lose the session."""
        try:
            way = await self._reach(service, held.header.session)
        except Exception as problem:  # only this session is concerned
            logger.error("volatile.failed", session=str(held.header.session), exc_info=problem)
            way = None
        if self._held.get(held.header.session) is not held or held.lost:
            return
        if way is None:
            self._lose(held, f"{service} is not reached from {self._service}")
        elif not held.use(way):
            self._lose(held, f"another sidecar of {service} took its place")

    def _find(self, service: str, session: UUID) -> Way | None:
        return None if self._ways is None else self._ways.find(service, session)

    async def _reach(self, service: str, session: UUID) -> Way | None:
        return None if self._ways is None else await self._ways.reach(service, session)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- the end -------------------------------------------------------------------------------------

    def _open(self, header: Header, opener: str, seconds: float) -> HeldSession:
        """Hold a new session, for so long at most, of which `opener` spoke first: whom the header names as initiator
        may know nothing of it. Raises OperatorError."""
        full = len(self._held) >= limits.volatile_sessions_max or self._weight >= limits.volatile_bytes_max
        held = HeldSession(header, opener)
        crowded = opener != self._service and self._opened[opener] >= limits.volatile_per_peer_max
        if full or crowded or self._leaving:
            raise OperatorError(FULL, f"{self._service} takes no further volatile session now")
        self._held[header.session] = held
        self._opened[opener] += 1
        self._empty.clear()
        expire = asyncio.get_running_loop().call_later(seconds, self._expire, held)
        held.keep(expire)
        return held

    def _expire(self, held: HeldSession) -> None:
        self._lose(held, "it took longer than a volatile session may")
        if self._held.get(held.header.session) is held:  # nobody's word is waited for any more
            self._stop(held, told=False, decided=True)

    def _lose(self, held: HeldSession, reason: str, at: Session | None = None) -> None:
        """A session is lost. `at`: the role whose worker was lost, which can undo nothing any more."""
        if held.lost:
            if at is not None:
                self._leave(held, at)
            return
        held.lost = reason = words(reason)
        header, ours = held.header, held.initiator_service == self._service
        logger.warning("volatile.lost", session=str(header.session), code=LOST, problem=reason)
        undo = False
        if ours and (core := held.roles.get(header.initiator)) is not None:
            undo = losing.says_undo(core)
            row = msgspec.structs.replace(core.row, outcome=OUTCOME, reason=f"{LOST}: {reason}")
            self._keep(header.session, row, Lost(header.session, reason, undo))
            self._ended(row)
        others = held.services() - {self._service} if ours else {held.initiator_service}
        for way in held.ways():
            if way.service in others:
                way.tell(Lost(header.session, reason, undo))
        if at is not None:
            self._leave(held, at)
        self._stop(held, told=undo, decided=ours)

    def _stop(self, held: HeldSession, *, told: bool, decided: bool) -> None:
        """Let each role of a lost session undo what it may, and drop the others. `decided`: the initiator has said
        whether those that voted undo, too; until then they wait for its word."""
        for core in tuple(held.roles.values()):
            phase = core.row.phase
            if phase is Phase.DONE and not decided:
                continue
            if core.spoilt or not losing.undoes(core, told=told):
                self._leave(held, core)
            elif phase in (Phase.RUNNING, Phase.DONE):
                self._feed(held, core, Arrived(losing.order_to_undo(core, held.lost)))
                if core.row.phase in (Phase.RUNNING, Phase.DONE):
                    self._leave(held, core)
            elif core.row.parked is not None:
                self._leave(held, core)
        if self._held.get(held.header.session) is held:
            loop = asyncio.get_running_loop()
            held.keep(loop.call_later(limits.volatile_follower_s, self._drop, held))
            self._drop_if_over(held)

    def _leave(self, held: HeldSession, core: Session) -> None:
        """A role is over here."""
        if held.roles.get(core.role) is not core:
            return
        del held.roles[core.role]
        held.over[core.role] = core.row
        self._calling.drop(core)
        if held.lost and core.row.phase is not Phase.UNDONE:
            logger.warning(
                "volatile.left", session=str(held.header.session), role=core.role, phase=core.row.phase.value
            )
        self._drop_if_over(held)

    def _drop_if_over(self, held: HeldSession) -> None:
        if not held.roles and self._held.get(held.header.session) is held:
            self._drop(held)

    def _drop(self, held: HeldSession) -> None:
        """Let go of a session."""
        for core in tuple(held.roles.values()):
            self._calling.drop(core)
        session = held.header.session
        if self._held.pop(session, None) is None:
            return
        self._calling.over(session)
        self._weight -= held.weight
        self._opened[held.opener] -= 1
        if session not in self._over:
            self._keep(session, held.over.get(held.header.initiator))
        held.drop()
        if not self._held:
            self._empty.set()

    def _keep(self, session: UUID, row: SessionRow | None, lost: Lost | None = None) -> None:
        """Keep for a while how a session ended."""
        now = self._clock()
        self._over[session] = _Over(now, row, lost)
        while len(self._over) > limits.volatile_kept_max or now - next(iter(self._over.values())).at > (
            limits.volatile_kept_s
        ):
            self._over.popitem(last=False)

    async def drain(self, seconds: float) -> None:
        """Take no new session, let those under way finish within so many seconds, and lose the rest."""
        self._leaving = True
        try:
            async with asyncio.timeout(seconds):
                if self._held:
                    await self._empty.wait()
        except TimeoutError:
            for held in tuple(self._held.values()):
                self._lose(held, f"the sidecar of {self._service} was stopped")
        for task in tuple(self._tasks):
            task.cancel()
        await self._calling.stop()
