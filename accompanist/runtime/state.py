"""The state of a session core, and the steps that its actions share.

State is of two kinds. `row` is what the log keeps: only `_update` changes it, and the next burst carries it. The rest
is volatile: the mailbox, the results that a run reads, the others' answers, the open call at the worker. A crash loses
it, and `Session.recover` computes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec

from accompanist.errors import Bug, PeerError, catalogue
from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime import saga
from accompanist.runtime.authority import reached_by
from accompanist.runtime.burst import Burst, CallWorker, Draft, WaitFor
from accompanist.runtime.control import CLIENT, EVENT_SITE
from accompanist.runtime.events import Answered, Arrived, Clashed, CloseAnswered, Event, Fired, Name, Undid
from accompanist.runtime.life import Life
from accompanist.runtime.mailbox import Contradiction, Mailbox
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Executed, Parked, Phase, ResultKind, ResultRow, SessionRow, TimerRow
from accompanist.runtime.replay import Diverged, Failed, Run, Wait, decode_arguments, executed_by, executed_in
from accompanist.runtime.undoing import Undoing

ILL_TOLD = catalogue(
    "ACC217",
    "an event that was told does not fit",
    "An event that arrives before its session is stored unchecked. The program that waits for it expects another type: "
    "a member is missing or misspelt, or the event was meant for another version. The session is parked.",
    "`accompanist sessions show ID` shows the event. Give the value that the program is to read: `accompanist sessions "
    "resolve ID --role ROLE --value JSON --why REASON`; or undo the saga: `accompanist sessions cancel ID`.",
)
CLASH = catalogue(
    "ACC205",
    "two contents under one identity",
    "A message was sent twice with different content, or an idempotency key was used with other arguments. The content "
    "of a message follows from its place in the program, so a value that must be recorded was not, or the code "
    "changed.",
    "Compare `accompanist sessions show` of both roles.",
)

UNDOES = frozenset({Kind.ABORT, Kind.COMPENSATED, Kind.CANCEL})
"""The kinds that say that the saga is undone, or is to be."""


class State:
    """The state of one session at one role; `Session` decides over it."""

    def __init__(self, program: RoleProgram, row: SessionRow) -> None:
        self.program = program
        self.row = row
        self.role = row.role
        self.header: Header = row.header
        self.is_initiator = self.role == self.header.initiator
        self.epoch: int | None = None
        """The epoch of its shard when the driver loaded the session. Everything it decides is committed under it."""
        self.life = Life()
        self._mailbox = Mailbox()
        self._results: dict[str, ResultRow] = {}
        self._marks: set[str] = set()
        self._undoing = Undoing()
        self._orders: list[Message] = []
        """Operators' orders about a compensation, deferred until its page has been read from the fence."""
        self.timers: set[str] = set()
        """The sites whose timers are set, `!deadline` among them."""
        self._arguments: bytes | None = None
        self._run: Run | None = None
        self._wait: Wait | None = None
        self._asked: str | None = None
        self._late: Answered | None = None
        """The answer to the call in doubt that came while the session was closing."""
        self._unless: str | None = None
        """The site in the last close: if the fence holds a reply for it, the session is not closed."""
        self.inherited = False
        """Whether its worker had been called before the session was loaded from the log."""
        self.unanswered: str | None = None
        """The site of a call that was made, but not answered, before the session was loaded from the log or parked."""
        self._said_done: dict[str, frozenset[str]] = {}
        self._said_undone: dict[str, frozenset[str]] = {}
        self._told = False
        self._decided = False
        """Whether the initiator has decided about a saga that an operator ended at this role."""
        self._failing: str | None = None
        self._left_if_through: Arrived | None = None
        """A message that an operator ended the saga elsewhere. It counts if the pivot turns out to have committed."""
        self._recovering = False
        self._requests: list[Arrived | Clashed] = []
        """Requests that came while the session was closing, deferred until it goes on."""
        self.looked_for: tuple[str, str] | None = None
        """The message it lacked when the driver last read its inbox."""
        self.reading = False
        """Whether the driver is reading its inbox."""
        self.spoilt = False
        """An action raised halfway, so the volatile state is inconsistent. The session may only be parked; it is then
        loaded again from the log."""
        self._draft = Draft()
        self.cause: Message | None = None
        """The message that caused what is decided now: the parent span of what follows."""

    @property
    def key(self) -> tuple[UUID, str]:
        return (self.header.session, self.role)

    @property
    def durable_row(self) -> SessionRow:
        """The row as the log keeps it: without the phase CLOSING, which is volatile; its cause is found again after a
        crash."""
        if self.row.phase is not Phase.CLOSING:
            return self.row
        before = Phase.DONE if self.row.vote == "done" else Phase.RUNNING
        return msgspec.structs.replace(self.row, phase=before)

    @property
    def final(self) -> bool:
        return self.row.phase in saga.FINAL

    @property
    def _has_door(self) -> bool:
        """Whether this role's worker has to be closed: only if it may execute transactions."""
        return any(operation.kind == "transaction" for operation in self.program.projection.operations.values())

    @property
    def idle(self) -> bool:
        """Whether the session can be evicted from memory: no call, close or compensation is under way."""
        return self._asked is None and self.row.phase not in (Phase.CLOSING, Phase.UNDOING)

    @property
    def rests(self) -> bool:
        """Whether it waits only for time or an event from outside, which may take long."""
        return self.row.phase is Phase.RUNNING and self._wait is not None and self._wait.world is not None

    @property
    def listens(self) -> bool:
        """Whether it rests and an event may end the wait."""
        world = self._wait.world if self.rests and self._wait is not None else None
        return world is not None and waits.event_in(world.operation) is not None

    @property
    def lacking(self) -> tuple[str, str] | None:
        """Site and sender of the message that is waited for, if it may have been spilled to the inbox. The driver then
        reads it from there."""
        if self.row.phase is not Phase.RUNNING or self.row.parked is not None or not self._mailbox.spilled:
            return None
        return None if self._wait is None or self._wait.sender is None else (self._wait.site, self._wait.sender)

    @property
    def whole(self) -> bool:
        """Whether its program can run again from the top over the messages in memory."""
        return self._mailbox.whole

    @property
    def knows_its_past(self) -> bool:
        """Whether it knows what its program has called without reading the inbox: it can run again, or the present run
        has gone as far as it can."""
        behind = self._mailbox.spilled and self._wait is not None and self._wait.sender is not None
        return self._mailbox.whole or (self._run is not None and not behind)

    def has_to_know(self, message: Message) -> bool:
        """Whether the whole inbox has to be loaded before this message is handled. An operator's verb runs the program
        again from the top. Whether an abort or a cancel counts depends on where the program stands."""
        if message.kind is Kind.OPERATOR:
            return self.row.parked is not None and not self.whole
        return message.kind in UNDOES and self.row.phase is Phase.RUNNING and not self.knows_its_past

    def make_room(self, messages: Sequence[Message]) -> None:
        """Make room for these messages, which the program asks for next."""
        self._mailbox.make_room(messages)

    def heard_in_part(self) -> None:
        """Note that the inbox holds messages that this session was not given."""
        self._mailbox.spilled = True

    def park(self, code: str, text: str) -> Burst:
        """Park the session for an operator. Earlier decisions stay."""
        self._park(code, text)
        return self._burst()

    def impossible(self, event: Event, problem: Bug) -> Burst:
        """Park the session for an impossible event. A message is recorded, so that it parks the session only once: it
        stays in the inbox, and recovery must not undo an operator's decision to go on."""
        if isinstance(event, Arrived):
            self._update(verbs=(*self.row.verbs, _noted(event.message)))
        return self.park(problem.code, problem.text)

    def _set_aside(self, event: Event) -> bool:
        """Whether to drop an impossible message: it has parked the session before, or is not believed."""
        if not isinstance(event, Arrived) or (self.row.phase, event.name) in saga.TABLE:
            return False
        undone = event.name in (Name.ABORT, Name.COMPENSATED) and not self._believes(event.message)
        return undone or _noted(event.message) in self.row.verbs

    def _believes(self, message: Message) -> bool:
        """Whether to believe another role's message that the saga is undone (`runtime.undone`)."""
        raise NotImplementedError

    def retried(self, attempts: int, trouble: str = "") -> None:
        """Note for people how many attempts of the open call have failed, and why the last one did. 0: it is answered.
        Nothing depends on it, so it is written with the next commit."""
        if (self.row.retrying, self.row.trouble) != (attempts, trouble):
            self._update(retrying=attempts, trouble=trouble)

    def wants(self, call: CallWorker) -> bool:
        """Whether a call should still be retried. A parked session stops retrying, as it would after a restart, and
        calls again when it goes on. While the session is closing, forward calls go on until the close decides."""
        if self.row.phase is Phase.CLOSING:
            return call.kind is ResultKind.FORWARD
        due = Phase.UNDOING if call.kind is ResultKind.COMPENSATE else Phase.RUNNING
        return self.row.phase is due and self._asked == call.site and self.row.parked is None

    def _past_commit(self) -> bool:
        """Whether nothing may fail here any more: the pivot has committed, or the program stands after it or in
        parallel to it."""
        return self._committed_here(self._run)

    def _committed_here(self, run: Run | None) -> bool:
        """The same, for a program that stands where `run` does."""
        return (run is not None and run.past_commit) or self._pivot_is_through()

    def _pivot_is_through(self) -> bool:
        """Whether this role's own pivot, or the commit point's record, is in the log."""
        operations = self.program.projection.operations
        return any(
            result.outcome == "replied" and operations[result.operation].pivot
            for result in self._results.values()
            if result.operation in operations
        )

    def _stand_again(self) -> None:
        """Run a parked program again if it has not run since it was loaded, to find where it stands: the pivot may have
        been called. Nothing is sent or called."""
        if self.row.parked is not None:
            self._take_stand()

    def _take_stand(self) -> None:
        """The same, whether it is parked or not: for a session that will be closed in any case."""
        begun = self._arguments is not None if self.is_initiator else len(self._mailbox) > 0
        if self._run is not None or not begun:
            return
        with suppress(Failed, Diverged):
            run = self._new_run()
            wait = run.advance()
            self._run, self._wait = run, wait
            # a row that is older than `asked` does not say whether it was called: assume so
            if wait is not None and wait.call is not None and self.row.asked in (None, wait.call.site):
                self._asked = wait.call.site

    def _in_doubt(self) -> CallWorker | None:
        """The forward call whose outcome is unknown, if there is one."""
        return self._wait.call if self._wait is not None and self._asked is not None else None

    def _pivot_through(self) -> bytes | None:
        """The pivot's reply, if it came after the close was asked for. A fence would report it with the close. Without
        a fence, only this reply says that the saga has passed its commit point."""
        late, call = self._late, self._in_doubt()
        if late is None or call is None or late.name is not Name.REPLIED:
            return None
        lost = self._told or self.row.granted is not None
        return late.value if self.program.projection.operations[call.operation].pivot and not lost else None

    @property
    def outdated(self) -> bool:
        """Whether an operator chose another version than this object runs: it must be loaded again from the log."""
        return self.row.hosted is not None and self.row.hosted != self.program.choreography.fingerprint

    def _new_run(self) -> Run:
        return self._run_of(self.program)

    def _run_of(self, program: RoleProgram) -> Run:
        arguments: dict[str, Any] = {}
        try:
            if self.is_initiator:
                arguments = decode_arguments(program, self._arguments or b"{}")
        except PeerError as problem:
            raise Failed(problem.text) from None
        return Run(program, self.header, self._mailbox, self._results, arguments)

    def _from_results(self) -> tuple[Executed, ...]:
        """What a worker without a fence has executed, as far as the log, the mailbox and its last answer tell. A call
        that was never made was not executed. A row without `asked` does not tell: then the open call counts."""
        declined = self._late.site if self._late is not None and self._late.name is Name.DECLINED else None
        live = None if self._mailbox.whole else self._run
        answered, doubtful = executed_by(self._new_run) if live is None else executed_in(live)
        if doubtful is None or doubtful.site == declined or self.row.asked not in (None, doubtful.site):
            return answered
        return (*answered, doubtful)

    def _pivot_in_doubt(self) -> CallWorker | None:
        """The pivot that was called at a worker without a fence, if its outcome is unknown and nothing else has undone
        the saga."""
        call = self._in_doubt()
        if call is None or not self.program.projection.operations[call.operation].pivot:
            return None
        declined = self._late is not None and self._late.name is Name.DECLINED
        lost = self._told or self.row.granted is not None
        asked = self.row.asked in (None, call.site)
        return None if declined or lost or not asked else call

    def _put(self, message: Message) -> bool:
        if message.kind is Kind.START:
            if self._arguments is not None and self._arguments != message.payload:
                self._park(CLASH, "started twice with different arguments")
                return False
            new, self._arguments, self.cause = self._arguments is None, message.payload, message
            return new
        wait = self._wait
        awaited = wait is not None and (wait.site, wait.sender) == (message.site, message.sender)
        try:
            return self._mailbox.put(message, wanted=awaited or message.kind is Kind.EVENT)
        except Contradiction as contradiction:
            self._park(CLASH, str(contradiction))
            return False

    def _note(self, message: Message) -> None:
        """Record a control message, the first time it arrives."""
        said = {Kind.DONE: self._said_done, Kind.COMPENSATED: self._said_undone}.get(message.kind)
        if said is not None:
            if message.sender in said:
                return
            said[message.sender] = reached_by(self.program.choreography, message)
        self.cause = message
        self._draft.consumed.append(message)

    def _stale(self, event: Event) -> bool:
        """Whether an answer is stale: its call is not open any more, because it was answered before or given up."""
        if isinstance(event, Answered):
            call = self._in_doubt()
            open = call is not None and call.site == event.site
            return self.row.phase not in (Phase.RUNNING, Phase.CLOSING) or not open
        if isinstance(event, Fired):
            world = self._wait.world if self._wait is not None else None
            timed = world is not None and world.seconds is not None and world.site == event.site
            return self.row.phase is Phase.RUNNING and not timed
        if isinstance(event, Undid):
            return self.row.phase is not Phase.UNDOING or self._asked != event.site
        if isinstance(event, CloseAnswered) and self.row.phase is Phase.UNDOING:
            return self._undoing.asked is None or self._undoing.asked.before != event.before
        return isinstance(event, CloseAnswered) and self.row.phase is not Phase.CLOSING

    def _answer(self, event: Answered, outcome: str) -> None:
        call = self._in_doubt() or (self._wait.call if self._wait else None)
        assert call is not None and call.site == event.site
        result = self._result(call.site, ResultKind.FORWARD, call.operation, call.arguments, outcome, event.value)
        self._remember(result)
        self._draft.results.append(result)
        self._asked, self._draft.forced = None, True

    def _end_wait(self, world: WaitFor, outcome: str, value: bytes) -> None:
        """Record the end of a wait: the event came, or the time is over. The first of the two makes the result."""
        result = self._result(world.site, ResultKind.FORWARD, world.operation, world.arguments, outcome, value)
        self._remember(result)
        self._draft.results.append(result)
        self._draft.forced = True

    def _end_at_once(self, world: WaitFor) -> bool:
        """End a wait if its event has arrived already. Returns whether it did."""
        name = waits.event_in(world.operation)
        told = None if name is None else self._mailbox.get(f"{EVENT_SITE}{name}", CLIENT)
        if told is None:
            return False
        run = self._run
        problem = run.misfit(told.payload) if run is not None else None
        if problem is not None:
            self._park(ILL_TOLD, f"{name}, which is waited for at {world.site}, was told with another value: {problem}")
            return False
        self._end_wait(world, "replied", told.payload)
        return True

    def _set_timer(self, world: WaitFor) -> None:
        """Set a wait's timer, once: a timer that is in the log already keeps its time."""
        if world.seconds is None or world.site in self.timers:
            return
        self.timers.add(world.site)
        row = TimerRow(
            session=self.header.session,
            role=self.role,
            site=world.site,
            operation=world.operation,
            seconds=world.seconds,
        )
        self._draft.timers.append(row)
        self._draft.forced = True

    def _result(
        self, site: str, kind: ResultKind, operation: str, arguments: bytes, outcome: str, value: bytes
    ) -> ResultRow:
        return ResultRow(
            session=self.header.session,
            role=self.role,
            site=site,
            kind=kind,
            operation=operation,
            digest=codec.digest(arguments),
            outcome=outcome,
            value=value,
        )

    def _remember(self, result: ResultRow) -> None:
        if result.kind is ResultKind.FORWARD:
            self._results.setdefault(result.site, result)
        else:
            self._marks.add(result.site)

    def _park(self, code: str, text: str, site: str = "") -> saga.Outcome:
        self._update(parked=Parked(code, text, site), waiting="an operator")
        self._draft.parked, self._draft.forced = self.row.parked, True
        return saga.Outcome.NOTHING

    def _update(self, **changes: Any) -> None:
        self.row = msgspec.structs.replace(self.row, **changes)

    def _burst(self) -> Burst:
        """Everything that was decided since the last burst."""
        draft, self._draft = self._draft, Draft()
        if self._recovering:
            draft.consumed.clear()
        return draft.seal(self.durable_row, ended=self.final)


def _noted(message: Message) -> str:
    """The entry of an impossible message in `SessionRow.verbs`."""
    return f"{message.site} from {message.sender}"
