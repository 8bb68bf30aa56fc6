"""The session core: one session at one role, as a pure state machine (docs/protocol.md).

    session + event -> burst

The core imports no clock, no random numbers, no network and no database. The sidecar, the simulator and the tests feed
it events and carry out its bursts. The table in `runtime.saga` names the action of each event; `ACTIONS` below says
which method that is. The methods belong to the session's parts, each with one job. The parts share one `SessionState`
and remember nothing themselves.

State is of two kinds. The part that the log keeps (`SessionRow`: phase, vote, outcome, contacts) is decided here, and
stable before anything that depends on it leaves. The rest (the run, the mailbox, the answers counted) is volatile:
`recover` computes it again from the row, the inbox and the results.

Not promised: that a session can be used after `handle` raised. The caller must park it with what was raised and, if it
is `spoilt`, load it again from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from accompanist.errors import Bug
from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.runtime import progress, saga
from accompanist.runtime.burst import Burst, CallWorker, Draft
from accompanist.runtime.by_hand import OperatorOrders
from accompanist.runtime.closing import Closing
from accompanist.runtime.dependent_commits import SessionLife
from accompanist.runtime.events import (
    Arrived,
    CallAnswered,
    Clashed,
    CloseAnswered,
    Deadline,
    Event,
    Fired,
    Name,
    Recovered,
    Undid,
)
from accompanist.runtime.messages import Header, Identity, Kind, Message
from accompanist.runtime.operate import Standing
from accompanist.runtime.peer_aborts import PeerAborts
from accompanist.runtime.ports import Memory, Phase, ResultKind, SessionRow
from accompanist.runtime.position import Position
from accompanist.runtime.recovery import Resumption
from accompanist.runtime.requests import UndoRequests
from accompanist.runtime.running import ForwardRun
from accompanist.runtime.saga import StepAction, StepOutcome
from accompanist.runtime.state import SessionState
from accompanist.runtime.undo import Undo
from accompanist.runtime.votes import Votes

UNDOES = frozenset({Kind.ABORT, Kind.COMPENSATED, Kind.CANCEL})
"""The kinds that say that the saga is undone, or is to be."""
_LOST = (Kind.ABORT, Kind.COMPENSATED)
"""The kinds that say that the saga is undone elsewhere."""
E = TypeVar("E")


class Method(NamedTuple):
    """How an action is carried out: the type of event that it takes, and its method in a session."""

    takes: type
    of: Callable[[Any], Callable[[Any], StepOutcome]]


def taking(takes: type[E], of: Callable[[Session], Callable[[E], StepOutcome]]) -> Method:
    """The method of an action, from a type of event and a method for that type."""
    return Method(takes, of)


class SessionParts(NamedTuple):
    """The classes of a session's parts; simulations put another one in place of one of them."""

    state: type[SessionState] = SessionState
    position: type[Position] = Position
    undo: type[Undo] = Undo
    aborts: type[PeerAborts] = PeerAborts
    votes: type[Votes] = Votes
    requests: type[UndoRequests] = UndoRequests
    running: type[ForwardRun] = ForwardRun
    operator: type[OperatorOrders] = OperatorOrders
    closing: type[Closing] = Closing
    recovery: type[Resumption] = Resumption


class Session:
    """One session at one role. Create it with `begin` for the first message, or with `recover` from the log."""

    parts = SessionParts()

    def __init__(self, program: RoleProgram, row: SessionRow) -> None:
        parts = self.parts
        self.state = state = parts.state(program, row)
        self.position = at = parts.position(state)
        self.undo = undo = parts.undo(state, at)
        self.aborts = aborts = parts.aborts(state, at, undo)
        self.votes = parts.votes(state, undo, aborts)
        self.requests = requests = parts.requests(state, at, undo)
        self.running = running = parts.running(state, at, undo, aborts)
        self.operator = operator = parts.operator(state, at, undo, aborts, running)
        self.closing = parts.closing(state, at, undo, aborts, requests, running, operator)
        self.recovery = parts.recovery(state, at, undo, running)
        self.epoch: int | None = None
        """The epoch of its shard when the driver loaded the session. Everything it decides is committed under it."""
        self.life = SessionLife()
        self.looked_for: tuple[str, str] | None = None
        """The message that was awaited when the driver last read its inbox."""
        self.reading = False
        """Whether the driver is reading its inbox."""
        self.spoilt = False
        """An action raised halfway, so the volatile state is inconsistent. The session may only be parked; it is then
        loaded again from the log."""

    @classmethod
    def begin(cls, program: RoleProgram, first: Message) -> Session:
        """A session that is new at this role. Its first message is not handled yet."""
        row = SessionRow(header=first.header, role=first.receiver, phase=Phase.RUNNING, context=first.context, asked="")
        return cls(program, row)

    @classmethod
    def from_row(cls, program: RoleProgram, memory: Memory) -> Session:
        """The session as its row has it, or a new one if it has no row; its inbox is not read yet."""
        if memory.session is not None:
            return cls(program, memory.session)
        first = next((message for message in memory.inbox if message.kind is not Kind.EVENT), None)
        if first is None:
            raise AssertionError("nothing to recover from")
        return cls.begin(program, first)

    @classmethod
    def recover(
        cls, program: RoleProgram, memory: Memory, loaded_for: Collection[Identity] = ()
    ) -> tuple[Session, list[Burst]]:
        """Rebuild a session from the log. Returns it with the bursts that are still to be carried out. `loaded_for`:
        messages that have just come; tracing reports that they are taken (`runtime.trace`). A session that
        was closing is recovered as running or done: its cause is found again in the inbox, in the row, at the fence or
        by running on (docs/protocol.md)."""
        session = cls.from_row(program, memory)
        state = session.state
        for result in memory.results:
            state.remember(result)
        session.operator.recall(memory.inbox)
        state.timers.update(memory.timers)
        asked = state.row.asked
        state.inherited = asked != ""
        state.unanswered = asked if asked not in state.results else None
        session.retried(0)  # attempts are counted from zero again
        state.mailbox.spilled, state.mailbox.bounded = memory.more, not memory.whole
        unseen = loaded_for if memory.session is not None else {message.key for message in memory.inbox}
        state.trace.report_only(unseen)
        bursts = session._resume(memory.inbox)
        state.trace.report_only(None)
        state.mailbox.bounded = True
        if asked is None:  # the row is older than this field: the open call may have been made before
            state.unanswered = state.asked
        return session, bursts

    def handle(self, event: Event) -> Burst:
        """Handle an event and return the burst that follows. Raises Bug for an impossible event, before anything has
        changed. If the action itself raises, its draft is dropped, the row is restored, and the session is spoilt."""
        if self._stale(event):
            return self._burst()
        state = self.state
        try:
            row = saga.rule(state.row.phase, event.name)
        except Bug:
            if self._set_aside(event):
                return self._burst()
            raise
        method = ACTIONS[row.action]
        if not isinstance(event, method.takes):
            raise Bug(saga.IMPOSSIBLE, f"{event.name.value} cannot come as {type(event).__name__}")
        before = state.row
        try:
            outcome = method.of(self)(event)
            phase = saga.after(row.leads, outcome, row.action.value)
            while outcome is not StepOutcome.NOTHING:
                state.update(phase=phase)
                leads, outcome = saga.ENTRY[phase], ENTRIES[phase](self)()
                phase = saga.after(leads, outcome, phase.value)
            if row.action is not StepAction.IGNORE:
                progress.note_wait(state)
        except BaseException:
            state.row, state.draft, self.spoilt = before, Draft(), True
            state.trace.cut()
            raise
        return self._burst()

    def park(self, code: str, text: str) -> Burst:
        """Park the session for an operator. Earlier decisions stay."""
        self.state.park(code, text)
        progress.note_wait(self.state)
        return self._burst()

    def impossible(self, event: Event, problem: Bug) -> Burst:
        """Park the session for an impossible event. A message is recorded, so that it parks the session only once: it
        stays in the inbox, and recovery must not undo an operator's decision to go on."""
        if isinstance(event, Arrived):
            self.state.update(verbs=(*self.row.verbs, _noted(event.message)))
        return self.park(problem.code, problem.text)

    def _burst(self) -> Burst:
        """Everything that was decided since the last burst."""
        state = self.state
        draft, state.draft = state.draft, Draft()
        return draft.seal(state.durable_row, state.trace.cut(), ended=state.final)

    def _set_aside(self, event: Event) -> bool:
        """Whether to drop an impossible message: it has parked the session before, or is not believed."""
        if not isinstance(event, Arrived):
            return False
        undone = event.name in (Name.ABORT, Name.COMPENSATED) and not self.aborts.believes(event.message)
        return undone or _noted(event.message) in self.row.verbs

    def _stale(self, event: Event) -> bool:
        """Whether an answer is stale: its call is not open any more, because it was answered before or given up."""
        if isinstance(event, Arrived):
            return False
        state, phase = self.state, self.state.row.phase
        if isinstance(event, CallAnswered):
            call = state.in_doubt()
            open = call is not None and call.site == event.site
            return phase not in (Phase.RUNNING, Phase.CLOSING) or not open
        if isinstance(event, Fired):
            world = state.wait.world if state.wait is not None else None
            timed = world is not None and world.seconds is not None and world.site == event.site
            return phase is Phase.RUNNING and not timed
        if isinstance(event, Undid):
            return phase is not Phase.UNDOING or state.asked != event.site
        if isinstance(event, CloseAnswered) and phase is Phase.UNDOING:
            return state.pages.asked is None or state.pages.asked.before != event.before
        return isinstance(event, CloseAnswered) and phase is not Phase.CLOSING

    def _resume(self, inbox: Iterable[Message]) -> list[Burst]:
        """Fill the mailbox, run, then handle the control messages of the inbox, aborts first. A granted request closes
        the session before anything else. If the inbox holds an abort, it is handled before the program runs."""
        control_messages = []
        for message in inbox:
            if message.kind not in (Kind.START, Kind.DATA, Kind.CHOICE, Kind.EVENT):
                control_messages.append(message)
            elif self.row.phase in (Phase.RUNNING, Phase.DONE, Phase.UNDOING):
                # done or undoing without a fence, a run finds out what was executed
                self.state.put(message)
        # handle an abort before the program runs: it must make no further call
        control_messages.sort(key=lambda message: message.kind not in _LOST)
        bursts: list[Burst] = []
        lost = any(message.kind in _LOST for message in control_messages)
        if self.recovery.due(lost):
            bursts.append(self.handle(Recovered(lost=lost)))
        for message in control_messages:
            bursts.append(self._heard_again(message))
        if self.recovery.runs_on():
            bursts.append(self.handle(Recovered(Name.CAUGHT_UP)))
        return bursts

    def _heard_again(self, message: Message) -> Burst:
        """Handle a message from the inbox. An impossible one parks the session, as it did before the restart; the
        messages after it are still handled."""
        try:
            return self.handle(Arrived(message))
        except Bug as problem:
            if self.spoilt:
                raise
            return self.impossible(Arrived(message), problem)

    # -- what its driver asks -----------------------------------------------------------------------

    @property
    def program(self) -> RoleProgram:
        """The program that this object runs."""
        return self.state.program

    @property
    def row(self) -> SessionRow:
        """The row as it stands, with the phase CLOSING."""
        return self.state.row

    @property
    def durable_row(self) -> SessionRow:
        """The row as the log keeps it."""
        return self.state.durable_row

    @property
    def header(self) -> Header:
        """What all messages of the session say alike."""
        return self.state.header

    @property
    def role(self) -> str:
        """The role at which it runs."""
        return self.state.role

    @property
    def key(self) -> tuple[UUID, str]:
        """Session and role."""
        return self.state.key

    @property
    def timers(self) -> set[str]:
        """The sites whose timers are set, `!deadline` among them. The driver adds the deadline's."""
        return self.state.timers

    @property
    def inherited(self) -> bool:
        """Whether its worker had been called before the session was loaded from the log."""
        return self.state.inherited

    @property
    def unanswered(self) -> str | None:
        """The site of a call that was made, but not answered, before the session was loaded from the log or parked."""
        return self.state.unanswered

    @property
    def cause(self) -> Message | None:
        """The message that caused what is decided now: the parent span of what follows."""
        return self.state.trace.cause

    @property
    def final(self) -> bool:
        """Whether the saga is over at this role."""
        return self.state.final

    @property
    def outdated(self) -> bool:
        """Whether an operator chose another version than this object runs: it must be loaded again from the log."""
        return self.state.outdated

    @property
    def hears_deadline(self) -> bool:
        """Whether this role handles the deadline's timer: the initiator and the role that decides do."""
        return self.requests.hears_deadline

    def standing(self) -> Standing:
        """The facts that decide which verbs of an operator apply. Changes nothing."""
        return self.operator.standing()

    def passes(self, program: RoleProgram) -> str:
        """Why the session cannot go on under another program: where that program's past differs. Empty if it can."""
        return self.operator.passes(program)

    @property
    def idle(self) -> bool:
        """Whether the session can be evicted from memory: no call, close or compensation is under way."""
        return self.state.asked is None and self.row.phase not in (Phase.CLOSING, Phase.UNDOING)

    @property
    def rests(self) -> bool:
        """Whether it waits only for time or an event from outside, which may take long."""
        wait = self.state.wait
        return self.row.phase is Phase.RUNNING and wait is not None and wait.world is not None

    @property
    def listens(self) -> bool:
        """Whether it rests and an event may end the wait."""
        wait = self.state.wait
        world = wait.world if self.rests and wait is not None else None
        return world is not None and waits.event_in(world.operation) is not None

    @property
    def awaited_message(self) -> tuple[str, str] | None:
        """Site and sender of the message that is waited for, if it may have been spilled to the inbox. The driver then
        reads it from there."""
        state = self.state
        if state.row.phase is not Phase.RUNNING or state.row.parked is not None or not state.mailbox.spilled:
            return None
        return None if state.wait is None or state.wait.sender is None else (state.wait.site, state.wait.sender)

    @property
    def whole(self) -> bool:
        """Whether its program can run again from the top over the messages in memory."""
        return self.state.mailbox.whole

    @property
    def knows_its_past(self) -> bool:
        """Whether it knows what its program has called without reading the inbox: it can run again, or the present run
        has gone as far as it can."""
        state = self.state
        behind = state.mailbox.spilled and state.wait is not None and state.wait.sender is not None
        return state.mailbox.whole or (state.run is not None and not behind)

    def has_to_know(self, message: Message) -> bool:
        """Whether the whole inbox has to be loaded before this message is handled. An operator's verb runs the program
        again from the top. Whether an abort or a cancel counts depends on where the program stands."""
        if message.kind is Kind.OPERATOR:
            return self.row.parked is not None and not self.whole
        return message.kind in UNDOES and self.row.phase is Phase.RUNNING and not self.knows_its_past

    def hears_early(self, message: Message) -> bool:
        """Whether a message that the log may not have yet can be handled now: the program runs, has all that arrived in
        memory, and has not had this one."""
        if message.kind is Kind.DONE:
            return self.row.phase in (Phase.RUNNING, Phase.DONE) and message.sender not in self.state.said_done
        fresh = self.state.mailbox.get(message.site, message.sender) is None
        return fresh and self.whole and self.row.phase is Phase.RUNNING and self.row.parked is None

    def has(self, message: Message) -> bool:
        """Whether it has counted a vote, or its program has had another message, or will find it in memory."""
        if message.kind is Kind.DONE:
            return message.sender in self.state.said_done
        return self.state.mailbox.has(message)

    def make_room(self, messages: Sequence[Message]) -> None:
        """Make room for these messages, which the program asks for next."""
        self.state.mailbox.make_room(messages)

    def heard_in_part(self) -> None:
        """Note that the inbox holds messages that this session was not given."""
        self.state.mailbox.spilled = True

    def retried(self, attempts: int, trouble: str = "") -> None:
        """Note for people how many attempts of the open call have failed, and why the last one did. 0: it is answered.
        Nothing depends on it, so it is written with the next commit."""
        progress.retried(self.state, attempts, trouble)

    def retries(self, call: CallWorker) -> bool:
        """Whether a call should still be retried. A parked session stops retrying, as it would after a restart, and
        calls again when it goes on. While the session is closing, forward calls go on until the close decides."""
        row = self.row
        if row.phase is Phase.CLOSING:
            return call.kind is ResultKind.FORWARD
        due = Phase.UNDOING if call.kind is ResultKind.COMPENSATE else Phase.RUNNING
        return row.phase is due and self.state.asked == call.site and row.parked is None


def _ignored(event: object) -> StepOutcome:
    """Do nothing: the event is stale."""
    return StepOutcome.NOTHING


def _noted(message: Message) -> str:
    """The entry of an impossible message in `SessionRow.verbs`."""
    return f"{message.site} from {message.sender}"


ACTIONS: dict[StepAction, Method] = {
    StepAction.PROCEED: taking(Arrived, lambda session: session.running.proceed),
    StepAction.REPLIED: taking(CallAnswered, lambda session: session.running.replied),
    StepAction.DECLINED: taking(CallAnswered, lambda session: session.running.declined),
    StepAction.EXHAUSTED: taking(CallAnswered, lambda session: session.running.exhausted),
    StepAction.SHUT: taking(CallAnswered, lambda session: session.running.shut),
    StepAction.REUSED: taking(CallAnswered, lambda session: session.running.reused),
    StepAction.FIRED: taking(Fired, lambda session: session.running.fired),
    StepAction.COUNT: taking(Arrived, lambda session: session.votes.count),
    StepAction.SETTLED: taking(Arrived, lambda session: session.votes.settled),
    StepAction.ENDED: taking(Arrived, lambda session: session.votes.ended),
    StepAction.TOLD: taking(Arrived, lambda session: session.aborts.told),
    StepAction.TOLD_AGAIN: taking(Arrived, lambda session: session.aborts.told_again),
    StepAction.DECIDED: taking(Arrived, lambda session: session.aborts.decided),
    StepAction.SPREAD: taking(Arrived, lambda session: session.undo.spread),
    StepAction.CONSIDER: taking(Arrived, lambda session: session.requests.consider),
    StepAction.EXPIRE: taking(Deadline, lambda session: session.requests.expire),
    StepAction.CLASHED: taking(Clashed, lambda session: session.requests.clashed),
    StepAction.KEEP: taking(Arrived, lambda session: session.closing.keep),
    StepAction.LATE: taking(CallAnswered, lambda session: session.closing.late),
    StepAction.CLOSED: taking(CloseAnswered, lambda session: session.closing.answered),
    StepAction.HELD: taking(CloseAnswered, lambda session: session.closing.held),
    StepAction.UNENDED: taking(CloseAnswered, lambda session: session.undo.calls_not_ended),
    StepAction.READ: taking(CloseAnswered, lambda session: session.closing.read_page),
    StepAction.UNDID: taking(Undid, lambda session: session.undo.undid),
    StepAction.STUCK: taking(Undid, lambda session: session.undo.stuck),
    StepAction.OPERATE: taking(Arrived, lambda session: session.operator.operate),
    StepAction.BEGIN_AGAIN: taking(Recovered, lambda session: session.recovery.begin_again),
    StepAction.RUN_ON: taking(Recovered, lambda session: session.recovery.run_on),
    StepAction.IGNORE: taking(object, lambda session: _ignored),
}
"""The method of each action. mypy checks that it takes the event that is named with it."""
ENTRIES: dict[Phase, Callable[[Session], Callable[[], StepOutcome]]] = {
    Phase.RUNNING: lambda session: session.closing.go_on,
    Phase.DONE: lambda session: session.votes.enter_done,
    Phase.CLOSING: lambda session: session.undo.enter_closing,
    Phase.UNDOING: lambda session: session.undo.enter_undoing,
    Phase.UNDONE: lambda session: session.votes.enter_undone,
    Phase.SETTLED: lambda session: session.votes.enter_settled,
    Phase.ENDED: lambda session: session.votes.enter_ended,
}
"""The method that is run at once when an outcome leads to a phase."""
