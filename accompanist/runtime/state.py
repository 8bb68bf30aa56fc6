"""What a session core knows, and the small steps its actions are made of.

Two kinds of state stand here. `row` is what the log keeps: it changes by `_update` alone, and the burst that is sealed
next carries it. All the rest is volatile: the mailbox, the results that a run is fed with, what the others have
answered, the question that is open at the worker. A crash loses it and `Session.recover` makes it again.
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
    "An event that comes before its session is kept as it was told. The program that asks for it states another type: "
    "a member is missing or misspelt, or it was told for another version. It is not guessed at, and the session waits.",
    "`accompanist sessions show ID` has what was told. Give what the program is to read: `accompanist sessions "
    "resolve ID --role ROLE --value JSON --why REASON`; or undo the saga: `accompanist sessions cancel ID`.",
)
CLASH = catalogue(
    "ACC205",
    "two contents under one identity",
    "A message was sent twice with different content, or a key was used with other arguments. A message is a function "
    "of its place in the program, so something that must be recorded was not, or the code changed.",
    "Compare `accompanist sessions show` of both roles.",
)

UNDOES = frozenset({Kind.ABORT, Kind.COMPENSATED, Kind.CANCEL})
"""What says that the saga is undone, or is to be."""


class State:
    """The state of one session at one role; `Session` decides over it."""

    def __init__(self, program: RoleProgram, row: SessionRow) -> None:
        self.program = program
        self.row = row
        self.role = row.role
        self.header: Header = row.header
        self.is_initiator = self.role == self.header.initiator
        self.epoch: int | None = None
        """The epoch of its shard under which whoever drives it took it up: what it decides leaves under that one."""
        self.life = Life()
        self._mailbox = Mailbox()
        self._results: dict[str, ResultRow] = {}
        self._marks: set[str] = set()
        self._undoing = Undoing()
        self._orders: list[Message] = []
        """Operators' orders about a compensation that is not known yet: its page was asked for."""
        self.timers: set[str] = set()
        """The sites whose timers are set; `!deadline` among them, if the session's owner set that."""
        self._arguments: bytes | None = None
        self._run: Run | None = None
        self._wait: Wait | None = None
        self._asked: str | None = None
        self._late: Answered | None = None
        """What came back of the call in doubt while the session was closing."""
        self._unless: str | None = None
        """The site whose reply keeps the session from being closed, as of the last close that was asked."""
        self.inherited = False
        """Whether it was taken up from the log after its worker had been asked for something."""
        self.unanswered: str | None = None
        """The site of a call that was asked for, and not answered, before the session was taken up from the log, or
        before it was left to a person."""
        self._said_done: dict[str, frozenset[str]] = {}
        self._said_undone: dict[str, frozenset[str]] = {}
        self._told = False
        self._decided = False
        """Whether the initiator has said how a saga ends that a person ended here."""
        self._failing: str | None = None
        self._left_if_through: Arrived | None = None
        """The word that a person ended the saga, which counts if the pivot turns out to be through."""
        self._recovering = False
        self._requests: list[Arrived | Clashed] = []
        """What came while the session was closing and is to be heard if it goes on after all."""
        self.looked_for: tuple[str, str] | None = None
        """What it lacked when the inbox was looked into for it last."""
        self.reading = False
        """Whether the inbox is being looked into for it."""
        self.spoilt = False
        """An action broke off in the middle: what stands here beside the row is half of a decision. Nothing more is to
        be asked of it but to be parked; the log makes it again."""
        self._draft = Draft()
        self.cause: Message | None = None
        """The message that led to what is decided now: the parent of the spans of its consequences."""

    @property
    def key(self) -> tuple[UUID, str]:
        return (self.header.session, self.role)

    @property
    def durable_row(self) -> SessionRow:
        """The row as the log may have it: closing is volatile, its cause is found again after a crash."""
        if self.row.phase is not Phase.CLOSING:
            return self.row
        before = Phase.DONE if self.row.vote == "done" else Phase.RUNNING
        return msgspec.structs.replace(self.row, phase=before)

    @property
    def final(self) -> bool:
        return self.row.phase in saga.FINAL

    @property
    def _has_door(self) -> bool:
        """Whether this role's worker has anything to close: it may execute transactions."""
        return any(operation.kind == "transaction" for operation in self.program.projection.operations.values())

    @property
    def idle(self) -> bool:
        """Nothing of this session is under way here: it can leave memory and be rebuilt."""
        return self._asked is None and self.row.phase not in (Phase.CLOSING, Phase.UNDOING)

    @property
    def rests(self) -> bool:
        """Nothing but time or an event from outside is waited for: that may take long."""
        return self.row.phase is Phase.RUNNING and self._wait is not None and self._wait.world is not None

    @property
    def listens(self) -> bool:
        """It rests, and an event may end that."""
        world = self._wait.world if self.rests and self._wait is not None else None
        return world is not None and waits.event_in(world.operation) is not None

    @property
    def lacking(self) -> tuple[str, str] | None:
        """Site and sender of the message that is waited for, where it may lie in the inbox without having been heard:
        there was no room for it when it came. Whoever drives the session reads on from there."""
        if self.row.phase is not Phase.RUNNING or self.row.parked is not None or not self._mailbox.spilled:
            return None
        return None if self._wait is None or self._wait.sender is None else (self._wait.site, self._wait.sender)

    @property
    def whole(self) -> bool:
        """Whether its program can run again from the top over what is in memory."""
        return self._mailbox.whole

    @property
    def knows_its_past(self) -> bool:
        """Whether it can say what its program has asked for, without the inbox: by running again, or because the run
        that is under way has come as far as it can."""
        behind = self._mailbox.spilled and self._wait is not None and self._wait.sender is not None
        return self._mailbox.whole or (self._run is not None and not behind)

    def has_to_know(self, message: Message) -> bool:
        """Whether it has to be made again over all that it was sent, before it hears this. A person's verb runs the
        program again from the top. Whether what undoes the saga counts depends on where the program stands."""
        if message.kind is Kind.OPERATOR:
            return self.row.parked is not None and not self.whole
        return message.kind in UNDOES and self.row.phase is Phase.RUNNING and not self.knows_its_past

    def make_room(self, messages: Sequence[Message]) -> None:
        """It is about to be told of these, which its program asks for next."""
        self._mailbox.make_room(messages)

    def heard_in_part(self) -> None:
        """The inbox holds messages for this session that it was not told of."""
        self._mailbox.spilled = True

    def park(self, code: str, text: str) -> Burst:
        """Stop for an operator; what was decided so far stays decided."""
        self._park(code, text)
        return self._burst()

    def impossible(self, event: Event, problem: Bug) -> Burst:
        """Stop for an event that cannot be. A message is noted, so that it stops the session once: it stays in the
        inbox, and when it is found there again a person has let the session go on in spite of it."""
        if isinstance(event, Arrived):
            self._update(verbs=(*self.row.verbs, _noted(event.message)))
        return self.park(problem.code, problem.text)

    def _set_aside(self, event: Event) -> bool:
        """Whether it is a message that cannot be and has stopped the session before, or is not believed."""
        if not isinstance(event, Arrived) or (self.row.phase, event.name) in saga.TABLE:
            return False
        undone = event.name in (Name.ABORT, Name.COMPENSATED) and not self._believes(event.message)
        return undone or _noted(event.message) in self.row.verbs

    def _believes(self, message: Message) -> bool:
        """Whether another's word that the saga is undone counts (`runtime.undone`)."""
        raise NotImplementedError

    def retried(self, attempts: int, trouble: str = "") -> None:
        """So many attempts at the open question have failed, the last one for `trouble`; 0: there is an answer. Words
        for people, decides nothing: it is written with whatever is written next."""
        if (self.row.retrying, self.row.trouble) != (attempts, trouble):
            self._update(retrying=attempts, trouble=trouble)

    def wants(self, call: CallWorker) -> bool:
        """Whether a question that was asked is to be asked still. Not by a session that is parked, which would not ask
        after a restart either: going on, it asks again. One that is closing leaves what was asked to the close."""
        if self.row.phase is Phase.CLOSING:
            return call.kind is ResultKind.FORWARD
        due = Phase.UNDOING if call.kind is ResultKind.COMPENSATE else Phase.RUNNING
        return self.row.phase is due and self._asked == call.site and self.row.parked is None

    def _past_commit(self) -> bool:
        """Whether nothing may fail here any more: the pivot is through, or the program stands after it or beside it."""
        return self._committed_here(self._run)

    def _committed_here(self, run: Run | None) -> bool:
        """The same, of a program that stands where `run` does."""
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
        """Find where a parked program stands that has not run since it was taken up from the log, for a decision that
        depends on it: the pivot may have been asked. It goes no further by that, and asks for nothing."""
        if self.row.parked is not None:
            self._take_stand()

    def _take_stand(self) -> None:
        """The same, whether it is parked or not: for what is going to be closed whatever is found."""
        begun = self._arguments is not None if self.is_initiator else len(self._mailbox) > 0
        if self._run is not None or not begun:
            return
        with suppress(Failed, Diverged):
            run = self._new_run()
            wait = run.advance()
            self._run, self._wait = run, wait
            # a row from before this was kept leaves it open
            if wait is not None and wait.call is not None and self.row.asked in (None, wait.call.site):
                self._asked = wait.call.site

    def _in_doubt(self) -> CallWorker | None:
        """The forward call whose outcome is not known yet."""
        return self._wait.call if self._wait is not None and self._asked is not None else None

    def _pivot_through(self) -> bytes | None:
        """The reply of a pivot that came back after the close was asked for. A fence says so itself; without one it is
        all that tells that the saga is past its commit point."""
        late, call = self._late, self._in_doubt()
        if late is None or call is None or late.name is not Name.REPLIED:
            return None
        lost = self._told or self.row.granted is not None
        return late.value if self.program.projection.operations[call.operation].pivot and not lost else None

    @property
    def outdated(self) -> bool:
        """A person lets it go on under another version than this object runs: it is to be made again from the log."""
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
        """What a worker without a fence has executed, as far as a run over log and mailbox, and its last word, know.
        What was never asked was not executed; a row that does not say what was asked leaves that open."""
        declined = self._late.site if self._late is not None and self._late.name is Name.DECLINED else None
        live = None if self._mailbox.whole else self._run
        answered, doubtful = executed_by(self._new_run) if live is None else executed_in(live)
        if doubtful is None or doubtful.site == declined or self.row.asked not in (None, doubtful.site):
            return answered
        return (*answered, doubtful)

    def _pivot_in_doubt(self) -> CallWorker | None:
        """The pivot that was asked of a worker without a fence, if nobody knows whether it was done and nothing else
        has undone the saga."""
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
        """Take in a control message, the first time it is heard."""
        said = {Kind.DONE: self._said_done, Kind.COMPENSATED: self._said_undone}.get(message.kind)
        if said is not None:
            if message.sender in said:
                return
            said[message.sender] = reached_by(self.program.choreography, message)
        self.cause = message
        self._draft.consumed.append(message)

    def _stale(self, event: Event) -> bool:
        """An answer to a question that is not open any more: the worker was asked twice, or we went on without it."""
        if isinstance(event, Answered):
            call = self._in_doubt()
            if self.row.phase is Phase.CLOSING and call is not None and call.site == event.site:
                self._late = event
            return self.row.phase is not Phase.RUNNING or call is None or call.site != event.site
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
        """What was waited for is there, or will not be: the first to say so makes the result."""
        result = self._result(world.site, ResultKind.FORWARD, world.operation, world.arguments, outcome, value)
        self._remember(result)
        self._draft.results.append(result)
        self._draft.forced = True

    def _end_at_once(self, world: WaitFor) -> bool:
        """Whether the event that is waited for was told already; then that is the result."""
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
        """Once: a timer that the log has already keeps its time."""
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

    def _park(self, code: str, text: str, site: str = "") -> None:
        self._update(parked=Parked(code, text, site), waiting="an operator")
        self._draft.parked, self._draft.forced = self.row.parked, True

    def _update(self, **changes: Any) -> None:
        self.row = msgspec.structs.replace(self.row, **changes)

    def _burst(self) -> Burst:
        """What was decided since the last burst."""
        draft, self._draft = self._draft, Draft()
        if self._recovering:
            draft.consumed.clear()
        return draft.seal(self.durable_row, ended=self.final)


def _noted(message: Message) -> str:
    """A message among the verbs that were heard."""
    return f"{message.site} from {message.sender}"
