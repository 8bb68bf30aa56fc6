"""A seeded simulation of one saga: the real session cores over a log, a network and workers in memory.

All possible next steps are in `pending`, and the seed picks one. Messages are delivered in any order, and sometimes
twice. Calls answer in any order. If crashes are left, a role may crash before the commit of a burst (all of it is lost)
or between commit and release (what was to be released is lost). The role recovers from its log at once or later.

The log is durable by definition. A burst's commit is atomic with the hand-over of its messages, as in one database. The
same seed gives the same run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.beginning import BEGINS, begins
from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.control import CLIENT, control, event, site_of
from accompanist.runtime.events import Arrived, CallAnswered, Deadline, Event, Fired, Name, Undid
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Memory, Phase, ResultKind, ResultRow, SessionRow
from accompanist.runtime.saga import FINAL
from accompanist.runtime.session import Session
from accompanist.sidecar.calls.meaning import event_of
from accompanist.simulation.search.properties import BACK
from accompanist.simulation.worker import FencedWorker

_steps_max = 20_000


@dataclass(frozen=True, slots=True)
class WorldDelivery:
    message: Message


@dataclass(frozen=True, slots=True)
class WorldCall:
    role: str
    call: CallWorker | CloseWorker


@dataclass(frozen=True, slots=True)
class Late:
    """A late call reaches the worker: nobody waits for its answer any more."""

    role: str
    call: CallWorker


@dataclass(frozen=True, slots=True)
class Expire:
    """The session's deadline passes at its initiator."""


@dataclass(frozen=True, slots=True)
class Fire:
    """A timer is due. It fires again until its result is written."""

    role: str
    site: str


@dataclass(frozen=True, slots=True)
class WorldRestart:
    role: str


@dataclass(frozen=True, slots=True)
class RowWrite:
    """A row that only caches the inbox is written at any time later."""

    role: str


Pending = WorldDelivery | WorldCall | Late | Expire | Fire | WorldRestart | RowWrite


class Disk:
    """The log of one role: everything that it has committed."""

    def __init__(self) -> None:
        self.row: SessionRow | None = None
        self.inbox: dict[tuple[str, str], Message] = {}
        self.results: dict[tuple[str, ResultKind], ResultRow] = {}
        self.timers: set[str] = set()

    def memory(self) -> Memory:
        return Memory(
            session=self.row,
            inbox=tuple(self.inbox.values()),
            results=tuple(self.results.values()),
            timers=tuple(sorted(self.timers)),
        )


class World:
    """One session of a choreography. `workers`: by role. `crashes`: how many crashes the seed may choose. `watch` is
    called with a name for what happens."""

    def __init__(
        self,
        programs: Mapping[str, RoleProgram],
        workers: Mapping[str, FencedWorker],
        seed: int,
        crashes: int = 0,
        watch: Callable[[str], None] = lambda mark: None,
    ) -> None:
        self._random = random.Random(seed)
        self._crashes = crashes
        self._watch = watch
        self.programs = programs
        self.workers = workers
        self.disks = {role: Disk() for role in programs}
        self.live: dict[str, Session] = {}
        self.pending: list[Pending] = []
        choreography = next(iter(programs.values())).choreography
        assert choreography.initiator is not None
        self.header = Header(
            session=UUID(int=self._random.getrandbits(128), version=4),
            choreography=choreography.name,
            fingerprint=choreography.fingerprint,
            initiator=choreography.initiator,
            bindings={role: role for role in programs},
            started_at=0.0,
        )

    # -- what a test does --------------------------------------------------------------------------

    def start(self, arguments: bytes) -> None:
        """The client starts the saga: puts the start into the initiator's inbox."""
        self._post(
            Message(
                header=self.header,
                kind=Kind.START,
                site=site_of(Kind.START),
                sender=CLIENT,
                receiver=self.header.initiator,
                payload=arguments,
            )
        )

    def cancel(self, reason: str) -> None:
        """A client requests a cancel. The seed chooses when it is heard."""
        self._post(control(self.header, Kind.CANCEL, CLIENT, self.header.initiator, reason))

    def tell(self, role: str, name: str, value: bytes) -> None:
        """Send an event from outside: before its session exists, while it does, or after it."""
        self._post(event(self.header.session, role, role, name, value, 0.0))

    def expire(self) -> None:
        """Let the deadline pass, at a time that the seed chooses."""
        self.pending.append(Expire())

    def run(self, steps_max: int = _steps_max) -> None:
        """Take steps until none is left. Raises AssertionError after `steps_max` steps."""
        for _ in range(steps_max):
            if not self.pending:
                return
            self.step()
        raise AssertionError(f"no end after {steps_max} steps")

    def step(self) -> None:
        """Take one step."""
        at = self._next()
        self.pending[at], self.pending[-1] = self.pending[-1], self.pending[at]
        pending = self.pending.pop()
        match pending:
            case WorldDelivery(message):
                self._deliver(message)
            case WorldCall(role, call):
                self._answer(role, call)
            case Late(role, call):
                self.workers[role].call(call)
            case Expire():
                role = self.header.initiator
                if role in self.live:
                    self._feed(role, self.live[role], Deadline())
            case Fire():
                self._fire(pending)
            case WorldRestart(role):
                self._restart(role)
            case RowWrite(role):
                if role in self.live:
                    self.disks[role].row = self.live[role].durable_row
                    self._rest(role)

    def _next(self) -> int:
        """The place in `pending` of the next step."""
        sooner = [at for at, what in enumerate(self.pending) if not isinstance(what, Fire)] if self.patient else []
        return self._random.choice(sooner) if sooner else self._random.randrange(len(self.pending))

    @property
    def phases(self) -> dict[str, Phase]:
        """The session's phase at each role that has a row of it."""
        return {role: disk.row.phase for role, disk in self.disks.items() if disk.row is not None}

    @property
    def outcome(self) -> str | None:
        row = self.disks[self.header.initiator].row
        return row.outcome if row else None

    @property
    def over(self) -> bool:
        return all(phase in FINAL for phase in self.phases.values())

    # -- steps -------------------------------------------------------------------------------------

    def _post(self, message: Message) -> None:
        """Commit a message to its receiver's inbox. Only its delivery may be late, repeated or out of order."""
        inbox = self.disks[message.receiver].inbox
        held = inbox.setdefault((message.site, message.sender), message)
        assert held.payload == message.payload, f"two contents at {message.site} from {message.sender}"
        self.pending.append(WorldDelivery(message))
        if self._random.random() < 0.1:
            self._watch("duplicate")
            self.pending.append(WorldDelivery(message))

    def _deliver(self, message: Message) -> None:
        role = message.receiver
        if WorldRestart(role) in self.pending:
            return  # the role is down, and finds the message in its inbox when it restarts
        session = self.live.get(role)
        if session is None:
            if self.disks[role].row is not None:
                self._restart(role)
                return
            if not begins(message, self.programs[role].choreography):
                return
            session = self.live[role] = Session.begin(self.programs[role], message)
        self._feed(role, session, Arrived(message))

    def _restart(self, role: str) -> None:
        disk = self.disks[role]
        row = disk.row
        if (row is None and not disk.inbox) or (row is not None and row.phase in FINAL):
            return
        if row is None and all(message.kind not in BEGINS for message in disk.inbox.values()):
            for message in disk.inbox.values():
                self._deliver(message)
            return
        self._watch("recovery")
        session, bursts = Session.recover(self.programs[role], disk.memory())
        self.live[role] = session
        for burst in bursts:
            if not self._carry(role, burst):
                return

    def _fire(self, timer: Fire) -> None:
        """Let a timer fire. It fires again later if the session, which may have left memory, did not hear it."""
        disk, role = self.disks[timer.role], timer.role
        if WorldRestart(role) not in self.pending and role not in self.live:
            self._restart(role)
        if role in self.live and WorldRestart(role) not in self.pending:
            self._feed(role, self.live[role], Fired(timer.site))
        if timer.site in disk.timers:
            self.pending.append(timer)

    def _answer(self, role: str, call: CallWorker | CloseWorker) -> None:
        worker, session = self.workers[role], self.live.get(role)
        if isinstance(call, CloseWorker):
            event: Event = worker.close(call.unless, call.before)
        else:
            event = self._meaning(role, call, worker)
        if session is not None:
            self._feed(role, session, event)

    def _meaning(self, role: str, call: CallWorker, worker: FencedWorker) -> Event:
        """A worker's answer as the core hears it. Now and then the retry budget is spent without an answer; then the
        worker has executed the call, or will do so later, or never hears of it."""
        if call.kind is ResultKind.COMPENSATE:
            if self._random.random() < self.stuck_compensations:
                return Undid(call.site, Name.STUCK, "the worker is down")
            worker.call(call)
            return Undid(call.site, Name.UNDID)
        if self.programs[role].projection.operations[call.operation].recorded:  # its sidecar answers, and always does
            return CallAnswered(call.site, Name.REPLIED, b"null")
        if not call.endless and self._random.random() < self.lost_answers:
            fate = self._random.choice(("done", "late", "lost"))
            self._watch(f"exhausted {fate}")
            if fate == "done":
                worker.call(call)
            elif fate == "late":
                self.pending.append(Late(role, call))
            return CallAnswered(call.site, Name.EXHAUSTED)
        return event_of(call, worker.call(call))

    patient = False
    """Whether time passes only if no other step is possible."""

    lost_answers = 0.0
    """The probability that a call's answer never comes, 0 to 1."""

    stuck_compensations = 0.0
    """The probability that a compensation's retry budget is spent, 0 to 1."""

    def _feed(self, role: str, session: Session, event: Event) -> None:
        self._watch(f"{session.row.phase.value}:{event.name.value}")
        self._carry(role, session.handle(event))

    def _carry(self, role: str, burst: Burst) -> bool:
        """Commit and release a burst. False if the role crashed meanwhile."""
        if self._dies(role, "before commit"):
            return False
        disk = self.disks[role]
        if not burst.forced:
            self.pending.append(RowWrite(role))
        else:
            disk.row = burst.row
            for result in burst.results:
                disk.results.setdefault((result.site, result.kind), result)
            self._time(role, burst)
            for message in burst.messages:
                self._post(message)
        if self._dies(role, "after commit"):
            return False
        self.pending.extend(WorldCall(role, call) for call in burst.calls)
        if burst.row.phase in FINAL and burst.forced:
            self.live.pop(role, None)
        if burst.forced:
            self._rest(role)
        return True

    def _time(self, role: str, burst: Burst) -> None:
        """Set the timers of a commit, and drop those that end with it."""
        disk = self.disks[role]
        for timer in burst.timers:
            if timer.site not in disk.timers:
                disk.timers.add(timer.site)
                self.pending.append(Fire(role, timer.site))
        disk.timers -= {result.site for result in burst.results}
        if burst.row.phase in BACK:
            disk.timers.clear()

    def _rest(self, role: str) -> None:
        """Let a session that waits for time or an event read its inbox, after which it may leave memory."""
        session = self.live.get(role)
        if session is None or not session.rests:
            return
        if session.listens:
            told = [message for message in self.disks[role].inbox.values() if message.kind is Kind.EVENT]
            self.pending.extend(one for one in map(WorldDelivery, told) if one not in self.pending)
        if self._random.random() < 0.3 and RowWrite(role) not in self.pending:
            self._watch("left memory")
            del self.live[role]

    def _dies(self, role: str, when: str) -> bool:
        if self._crashes and self._random.random() < 0.05:
            self._crashes -= 1
            self._watch(f"crash {when}")
            self.live.pop(role, None)
            self.pending.append(WorldRestart(role))
            return True
        return False
