"""Runs one saga of a test: the real session cores over a log, messages and a clock in memory.

All possible next steps are in a queue. With seed 0 the first one is taken, with another seed the one that the seed
picks. Each worker is called once for each call that reaches it, in that order, so a fake may keep data. A crash of a
role rolls nothing of it back, as with a real worker.

Time does not pass while any step is possible. Then it jumps to the next timer that is due, or to the next event that is
sent later. Calls take no time.

Not modelled: two sidecars of one service, leases, a log that fails. `simulation.clusters.cluster` has those.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from accompanist import limits
from accompanist.language.program.operations import Abort, Call
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.answers import Answer, Declined, Replied
from accompanist.runtime.beginning import BEGINS, begins
from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.control import CLIENT, event, site_of
from accompanist.runtime.events import Arrived, CallAnswered, Event, Fired, Name
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Executed, Memory, ResultKind, ResultRow, SessionRow
from accompanist.runtime.running import ForwardRun
from accompanist.runtime.saga import FINAL, StepOutcome
from accompanist.runtime.session import Session, SessionParts
from accompanist.runtime.tombstone import leaves_one, tombstone
from accompanist.sidecar.calls import sidecar_reads
from accompanist.sidecar.calls.meaning import event_of
from accompanist.simulation.fence import FenceState, Record
from accompanist.simulation.search import properties
from accompanist.simulation.search.explore import ScheduleStep
from accompanist.simulation.search.properties import Broken, FinalState, Property
from accompanist.simulation.search.words import did, told
from accompanist.testing.script import CRASHED_AFTER_CALL, CRASHED_AFTER_COMMIT, CRASHED_BEFORE_COMMIT, Script
from accompanist.testing.workers import StageWorker

BEGAN_AT = 1_767_225_600.0
"""The time at which a saga starts, as `role.now()` reads it, in seconds since 1970: 2026-01-01 00:00 UTC."""


class NotingFailures(ForwardRun):
    """Notes unexpected failures of the program: neither a decline nor `role.abort`."""

    failure: str | None = None
    cause_of_failure: BaseException | None = None

    def fail(self, reason: str) -> StepOutcome:
        state = self._state
        operation = state.run._operation if state.run is not None else None
        logged = state.results.get(operation.site) if isinstance(operation, Call) else None
        if not isinstance(operation, Abort) and (logged is None or logged.outcome != "declined"):
            failed = sys.exc_info()[1]
            self.failure, self.cause_of_failure = reason, failed.__context__ if failed is not None else None
        return super().fail(reason)


class Core(Session):
    """A session that knows of its program's unexpected failure."""

    parts = SessionParts(running=NotingFailures)

    @property
    def failure(self) -> str | None:
        """Why its program failed unexpectedly; None if it did not."""
        return self.running.failure if isinstance(self.running, NotingFailures) else None

    @property
    def cause_of_failure(self) -> BaseException | None:
        """The exception of that failure."""
        return self.running.cause_of_failure if isinstance(self.running, NotingFailures) else None


@dataclass(slots=True)
class Place:
    """One role: its log, its session in memory, and the effects of its worker."""

    program: RoleProgram
    worker: StageWorker
    row: SessionRow | None = None
    inbox: dict[tuple[str, str], Message] = field(default_factory=dict)
    results: dict[tuple[str, ResultKind], ResultRow] = field(default_factory=dict)
    timers: dict[str, float] = field(default_factory=dict)
    """When each timer is due, by its site, in seconds since the start."""
    again: dict[str, float] = field(default_factory=dict)
    """When a timer that has fired fires again, by its site."""
    live: Core | None = None
    told: set[str] = field(default_factory=set)
    """The sites of the events that the session in memory has heard. It keeps them, so they are not delivered again."""
    down: bool = False
    executed: dict[str, CallWorker] = field(default_factory=dict)
    undone: dict[str, CallWorker] = field(default_factory=dict)
    answers: dict[str, tuple[CallWorker, Answer]] = field(default_factory=dict)
    """The last answer to each forward call."""

    def memory(self) -> Memory:
        inbox, results = tuple(self.inbox.values()), tuple(self.results.values())
        return Memory(session=self.row, inbox=inbox, results=results, timers=tuple(sorted(self.timers)))


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    message: Message


@dataclass(frozen=True, slots=True)
class PendingCall:
    role: str
    call: CallWorker | CloseWorker


@dataclass(frozen=True, slots=True)
class PendingRestart:
    role: str


Pending = PendingDelivery | PendingCall | PendingRestart
Later = tuple[float, str, str, bytes]
"""An event that is sent later: when (in seconds since the start), to which role, its name, its value."""


class Stage:
    """A saga under way. Its maker adds a `Place` for every role, and starts it. Raises Broken for a broken promise;
    exceptions of a fake pass through."""

    def __init__(self, programs: Mapping[str, RoleProgram], script: Script, seed: int) -> None:
        choreography = next(iter(programs.values())).choreography
        assert choreography.initiator is not None, "a choreography without an initiator cannot be started"
        self.initiator = choreography.initiator
        self.places: dict[str, Place] = {}
        self.clock = 0.0
        self.schedule: list[ScheduleStep] = []
        self.ledger: list[str] = []
        self.failures: list[Core] = []
        self._script, self._chance = script, random.Random(seed)
        self._ordered = seed == 0
        self._pending: list[Pending] = []
        self._sent: list[Message] = []
        self._later: list[Later] = []
        self.header = Header(
            session=uuid4(),  # a real worker's fence knows the sagas of other runs
            choreography=choreography.name,
            fingerprint=choreography.fingerprint,
            initiator=self.initiator,
            bindings={role: role for role in programs},
            started_at=BEGAN_AT,
        )

    # -- from outside ------------------------------------------------------------------------------

    def start(self, arguments: bytes, later: list[Later]) -> None:
        kind = Kind.START
        site, receiver = site_of(kind), self.initiator
        start = Message(header=self.header, kind=kind, site=site, sender=CLIENT, receiver=receiver, payload=arguments)
        self._post(start)
        self._later = sorted(later, key=lambda one: one[0])

    def step(self) -> str | None:
        """Take the next step, and return it in words; None if none is left."""
        while self._pending:
            at = 0 if self._ordered else self._chance.randrange(len(self._pending))
            said = self._happen(self._pending.pop(at))
            if said is not None:
                return said
        return self._pass()

    def ended(self) -> dict[str, FinalState]:
        """The state of every role, to be judged."""
        return {role: self._ended(place) for role, place in self.places.items()}

    def _ended(self, place: Place) -> FinalState:
        choreography = place.program.choreography
        reached = place.row is not None or any(begins(message, choreography) for message in place.inbox.values())
        transactions = {
            site: (call, answer)
            for site, (call, answer) in place.answers.items()
            if place.program.projection.operations[call.operation].kind == "transaction"
        }
        records = frozenset(
            Record(site, ResultKind.FORWARD, call.operation, call.arguments, answer)
            for site, (call, answer) in transactions.items()
        )
        fence = FenceState(
            executed=tuple(map(_entry, place.executed.values())), undone=tuple(place.undone), records=records
        )
        return FinalState(place.row, reached, fence, b"", tuple(place.results.values()), place.worker.plain)

    # -- steps -------------------------------------------------------------------------------------

    def _happen(self, pending: Pending) -> str | None:
        match pending:
            case PendingDelivery(message):
                return self._deliver(message)
            case PendingCall(role, CloseWorker() as close):
                return self._close(role, close)
            case PendingCall(role, CallWorker() as call):
                return self._ask(role, call)
            case PendingRestart(role):
                return self._restart(role)
        raise AssertionError(f"nothing happens by {pending}")

    def _pass(self) -> str | None:
        """Let time pass to the next timer or event that is due. None if there is none."""
        due = [
            (place.again.get(site, at), role, site)
            for role, place in self.places.items()
            for site, at in place.timers.items()
        ]
        if self._later and (not due or self._later[0][0] <= min(due)[0]):
            at, role, name, value = self._later.pop(0)
            self.clock = max(self.clock, at)
            message = event(self.header.session, role, role, name, value, BEGAN_AT + self.clock)
            return self._did(role, f"{role} is told {name}", lambda: self._post(message))
        if not due:
            return None
        at, role, site = min(due)
        self.clock, place = max(self.clock, at), self.places[role]
        place.again[site] = self.clock + limits.timer_again_ms / 1000

        def fires() -> None:
            if place.live is not None:
                self._feed(role, Fired(site))

        return self._did(role, f"time passes at {role}, which waits at {site}", fires)

    def _did(self, role: str, text: str, happens: Callable[[], None]) -> str:
        """Carry a step out, and add it to the schedule with the messages that it sent."""
        self._sent, at = [], len(self.schedule)
        try:
            happens()
        finally:
            self.schedule.insert(at, ScheduleStep(role, text, tuple(self._sent)))  # before a crash that it led to
        return text

    def _post(self, message: Message) -> None:
        place = self.places[message.receiver]
        held = place.inbox.setdefault((message.site, message.sender), message)
        if held.payload != message.payload:
            text = f"{message.receiver} holds another content from {message.sender} at {message.site}"
            raise Broken(Property.INTEGRITY, text)
        if message.sender:
            self._sent.append(message)
        self._pending.append(PendingDelivery(message))

    def _deliver(self, message: Message) -> str | None:
        role, place = message.receiver, self.places[message.receiver]
        if place.down or (place.row is not None and place.row.phase in FINAL):
            return None  # a restart finds it in the inbox
        if place.live is None and not begins(message, place.program.choreography):
            return None

        def hears() -> None:
            if place.live is None and leaves_one(message, role):
                place.row, said = tombstone(message, place.program)
                for one in said:
                    self._post(one)
                return
            if place.live is None:
                place.live = Core.begin(place.program, message)  # type: ignore[assignment]
                place.told.clear()
            if message.kind is Kind.EVENT:
                place.told.add(message.site)
            self._feed(role, Arrived(message))

        return self._did(role, f"{role} hears {told(message)}", hears)

    def _close(self, role: str, close: CloseWorker) -> str:
        event = self.places[role].worker.close(close)
        text = f"{role}'s worker closes the session" if event.name is Name.CLOSED else f"{role}'s fence holds the reply"
        return self._did(role, text, lambda: self._feed(role, event))

    def _ask(self, role: str, call: CallWorker) -> str:
        """Make a call. It may not reach the worker, and its answer may be lost."""
        place = self.places[role]
        operation = place.program.projection.operations[call.operation]
        if operation.drawn:
            return self._draw(role, call)
        fault = self._script.fault(role, call)
        if fault is not None and fault.reason is not None:
            answer: Answer = Declined(fault.reason)
            place.answers[call.site] = call, answer
            text = f"{role}'s worker {did(call, answer)}"
            return self._did(role, text, lambda: self._feed(role, event_of(call, answer)))
        if fault is not None and not fault.done:
            text = f"{role} gets no answer to {call.operation} at {call.site}"
            return self._did(role, text, lambda: self._unanswered(role, call))
        try:
            answer = place.worker.call(call)
        except BaseException:
            self.schedule.append(ScheduleStep(role, f"{role}'s worker raises in {call.operation} at {call.site}", ()))
            raise
        self._note(role, place, call, answer)
        text = f"{role}'s worker {did(call, answer)}"
        if fault is not None:
            return self._did(role, f"{text}; {role} is not told", lambda: self._unanswered(role, call))
        if self._script.crashes(role, CRASHED_AFTER_CALL):
            return self._did(role, f"{text}; CRASH of the sidecar of {role}", lambda: self._crash(role))
        return self._did(role, text, lambda: self._feed(role, event_of(call, answer)))

    def _draw(self, role: str, call: CallWorker) -> str:
        """Answer a call that the sidecar answers itself, from the clock and the seed of this stage."""
        chance = self._chance
        value = sidecar_reads.read(
            call.operation,
            chance.random,
            lambda: BEGAN_AT + self.clock,
            lambda: UUID(int=chance.getrandbits(128), version=4),
        )
        answer = Replied(value)
        self.places[role].answers[call.site] = call, answer
        return self._did(
            role, f"{role} reads {call.operation} at {call.site}", lambda: self._feed(role, event_of(call, answer))
        )

    def _unanswered(self, role: str, call: CallWorker) -> None:
        """The retry budget of a call is spent. A call without a budget is made again."""
        if call.endless or call.kind is ResultKind.COMPENSATE:
            self._pending.append(PendingCall(role, call))
        else:
            self._feed(role, CallAnswered(call.site, Name.EXHAUSTED))

    def _note(self, role: str, place: Place, call: CallWorker, answer: Answer) -> None:
        if call.kind is ResultKind.COMPENSATE:
            if isinstance(answer, Replied) and call.site in place.executed and call.site not in place.undone:
                place.undone[call.site] = call
                self.ledger.append(f"{role}.{call.operation}")
            return
        if isinstance(answer, Replied | Declined):
            place.answers[call.site] = call, answer
        transaction = place.program.projection.operations[call.operation].kind == "transaction"
        if isinstance(answer, Replied) and transaction and call.site not in place.executed:
            place.executed[call.site] = call
            self.ledger.append(f"{role}.{call.operation}")

    # -- deciding ----------------------------------------------------------------------------------

    def _feed(self, role: str, event: Event) -> None:
        place = self.places[role]
        session = place.live
        if session is None:
            return
        try:
            burst = session.handle(event)
        except Exception as problem:
            raise Broken(Property.POSSIBLE, f"{role}: {type(problem).__name__}: {problem}") from problem
        self._carry(role, place, session, burst)

    def _carry(self, role: str, place: Place, session: Core, burst: Burst) -> bool:
        """Commit and release a burst. False if the role crashed meanwhile."""
        if session.failure is not None and session not in self.failures:
            self.failures.append(session)
        if burst.parked is not None:
            raise properties.parked(role, burst.parked) from session.cause_of_failure
        commits = burst.forced and (burst.row != place.row or bool(burst.messages) or bool(burst.results))
        if commits and self._script.crashes(role, CRASHED_BEFORE_COMMIT):
            self._dies(role)
            return False
        row = burst.row if burst.forced else session.durable_row  # a row that only caches the inbox may be written late
        properties.committed(role, place.row, row)
        place.row = row
        for result in burst.results:
            place.results.setdefault((result.site, result.kind), result)
        self._time(place, burst)
        for message in burst.messages:
            self._post(message)
        if commits and self._script.crashes(role, CRASHED_AFTER_COMMIT):
            self._dies(role)
            return False
        self._pending.extend(PendingCall(role, call) for call in burst.calls)
        if row.phase in FINAL:
            place.live = None
        elif session.rests and session.listens:
            early = [
                message
                for message in place.inbox.values()
                if message.kind is Kind.EVENT and message.site not in place.told
            ]
            place.told.update(message.site for message in early)
            self._pending.extend(PendingDelivery(message) for message in early)
        return True

    def _time(self, place: Place, burst: Burst) -> None:
        """Set the timers of a commit, and drop those that end with it."""
        for timer in burst.timers:
            place.timers.setdefault(timer.site, self.clock + timer.seconds)
        for result in burst.results:
            place.timers.pop(result.site, None)
        if burst.row.phase in properties.BACK:
            place.timers.clear()

    # -- crashes -----------------------------------------------------------------------------------

    def _dies(self, role: str) -> None:
        self.schedule.append(ScheduleStep(role, f"CRASH of the sidecar of {role}", ()))
        self._crash(role)

    def _crash(self, role: str) -> None:
        """Crash a role: its memory is lost, and what it has not sent is never sent."""
        place = self.places[role]
        place.live, place.down = None, True
        place.again.clear()
        self._pending = [one for one in self._pending if not (isinstance(one, PendingCall) and one.role == role)]
        self._pending.append(PendingRestart(role))

    def _restart(self, role: str) -> str | None:
        place = self.places[role]
        place.down = False
        self._pending = [
            one for one in self._pending if not (isinstance(one, PendingDelivery) and one.message.receiver == role)
        ]
        if place.row is not None and place.row.phase in FINAL:
            return self._did(role, f"{role} restarts", lambda: None)
        if place.row is None and all(message.kind not in BEGINS for message in place.inbox.values()):
            self._pending.extend(PendingDelivery(message) for message in place.inbox.values())
            return self._did(role, f"{role} restarts", lambda: None)

        def recovers() -> None:
            try:
                session, bursts = Core.recover(place.program, place.memory())
            except Exception as problem:
                raise Broken(Property.POSSIBLE, f"{role}: {type(problem).__name__}: {problem}") from problem
            assert isinstance(session, Core)
            place.live = session
            place.told.clear()
            for burst in bursts:
                if not self._carry(role, place, session, burst):
                    return

        return self._did(role, f"{role} restarts", recovers)


def _entry(call: CallWorker) -> Executed:
    return Executed(call.site, call.operation, call.arguments)
