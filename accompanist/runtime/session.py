"""The session core: one session at one role, as a pure state machine (docs/protocol.md).

    session + event -> burst

The core imports no clock, no random numbers, no network and no database. The sidecar, the simulator and the tests feed
it events and carry out its bursts. The table in `runtime.saga` names the action of each event; the actions stand below,
one method each, in the table's order.

State is of two kinds. The part that the log keeps (`SessionRow`: phase, vote, outcome, contacts) is decided here, and
stable before anything that depends on it leaves. The rest (the run, the mailbox, the answers counted) is volatile:
`recover` computes it again from the row, the inbox and the results.

Not promised: that a session can be used after `handle` raised. The caller must park it with what was raised and, if it
is `spoilt`, load it again from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from accompanist.errors import Bug, catalogue
from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime import saga
from accompanist.runtime.burst import Burst, CallWorker, Draft
from accompanist.runtime.control import control
from accompanist.runtime.ending import UNDO_STUCK
from accompanist.runtime.events import (
    Answered,
    Arrived,
    Clashed,
    CloseAnswered,
    Deadline,
    Event,
    Fired,
    Name,
    Recovered,
    Undid,
)
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory, Phase, SessionRow
from accompanist.runtime.replay import DIVERGED, Diverged, Failed
from accompanist.runtime.requests import Requests
from accompanist.runtime.saga import Action, Outcome
from accompanist.runtime.state import CLASH
from accompanist.runtime.undone import Undone
from accompanist.runtime.unfenced import IN_DOUBT, UNENDED

PAST_COMMIT = catalogue(
    "ACC203",
    "failure after the commit point",
    "A step failed after the commit point, where a saga is not undone any more. A local expression raised, a value "
    "does not fit its type, a worker gives no answer, or a worker has closed the session. "
    "`check` does not ask of each sum, `x + 1` or `x * 100`, whether it still has the 64 bits in which whole numbers "
    "cross, nor of what a @pure function gives, nor whether a @pure function ends.",
    "`accompanist sessions show ID` says what can be done: repair the cause and resume, give the value by hand, or end "
    "the saga by hand.",
)
_LOST = (Kind.ABORT, Kind.COMPENSATED)
"""The kinds that say that the saga is undone elsewhere."""
_TIMED_OUT = codec.encode(waits.TIMED_OUT)
_CLOSED_EARLIER = "the session was closed at its worker before its reason was kept"


E = TypeVar("E")


class Method(NamedTuple):
    """How an action is carried out: the type of event that it takes, and its method in a session."""

    takes: type
    of: Callable[[Any], Callable[[Any], Outcome]]


def taking(takes: type[E], of: Callable[[Session], Callable[[E], Outcome]]) -> Method:
    """The method of an action, from a type of event and a method for that type."""
    return Method(takes, of)


class Session(Requests, Undone):
    """One session at one role. Create it with `begin` for the first message, or with `recover` from the log."""

    @classmethod
    def begin(cls, program: RoleProgram, first: Message) -> Session:
        """A session that is new at this role. Its first message is not handled yet."""
        row = SessionRow(header=first.header, role=first.receiver, phase=Phase.RUNNING, context=first.context, asked="")
        return cls(program, row)

    @classmethod
    def beginning(cls, program: RoleProgram, memory: Memory) -> Session:
        """The session as its row has it, or a new one if it has no row; its inbox is not read yet."""
        if memory.session is not None:
            return cls(program, memory.session)
        first = next((message for message in memory.inbox if message.kind is not Kind.EVENT), None)
        if first is None:
            raise AssertionError("nothing to recover from")
        return cls.begin(program, first)

    @classmethod
    def recover(cls, program: RoleProgram, memory: Memory) -> tuple[Session, list[Burst]]:
        """Rebuild a session from the log. Returns it with the bursts that are still to be carried out. A session that
        was closing is recovered as running or done: its cause is found again in the inbox, in the row, at the fence or
        by running on (docs/protocol.md)."""
        session = cls.beginning(program, memory)
        for result in memory.results:
            session._remember(result)
        session._recall(memory.inbox)
        session.timers.update(memory.timers)
        asked = session.row.asked
        session.inherited = asked != ""
        session.unanswered = asked if asked not in session._results else None
        session.retried(0)  # attempts are counted from zero again
        session._mailbox.spilled, session._mailbox.bounded = memory.more, not memory.whole
        bursts = session._resume(memory.inbox)
        session._mailbox.bounded = True
        if asked is None:  # the row is older than this field: the open call may have been made before
            session.unanswered = session._asked
        return session, bursts

    def handle(self, event: Event) -> Burst:
        """Handle an event and return the burst that follows. Raises Bug for an impossible event, before anything has
        changed. If the action itself raises, its draft is dropped, the row is restored, and the session is spoilt."""
        if self._stale(event) or self._set_aside(event):
            return self._burst()
        row = saga.rule(self.row.phase, event.name)
        method = ACTIONS[row.action]
        if not isinstance(event, method.takes):
            raise Bug(saga.IMPOSSIBLE, f"{event.name.value} cannot come as {type(event).__name__}")
        before = self.row
        try:
            outcome = method.of(self)(event)
            phase = saga.after(row.leads, outcome, row.action.value)
            while outcome is not Outcome.NOTHING:
                self._update(phase=phase)
                leads, outcome = saga.ENTRY[phase], ENTRIES[phase](self)()
                phase = saga.after(leads, outcome, phase.value)
        except BaseException:
            self.row, self._draft, self.spoilt = before, Draft(), True
            raise
        return self._burst()

    def _on_proceed(self, event: Arrived) -> Outcome:
        """Put a message into the mailbox and run on, if the program waits for it."""
        return self._advance() if self._put(event.message) else Outcome.NOTHING

    def _on_count(self, event: Arrived) -> Outcome:
        """Count a vote or an answer. The initiator ends the saga when it has all of them."""
        self._note(event.message)
        if event.message.kind is Kind.COMPENSATED:  # it is undone here, too
            self._tell_named((event.message.sender,))
        return self._conclude()

    def _on_replied(self, event: Answered) -> Outcome:
        """Keep the reply as the call's result and run on."""
        self._answer(event, "replied")
        outcome = self._pivot_was_done()
        return self._advance() if outcome is Outcome.NOTHING else outcome

    def _on_declined(self, event: Answered) -> Outcome:
        """Keep the refusal as the call's result and run on. An operation that may not decline is asked again."""
        call = self._in_doubt()
        assert call is not None
        if call.firm:  # counts as no answer: call again
            self._draft.calls.append(call)
            return Outcome.NOTHING
        self._answer(event, "declined")
        return self._advance()

    def _on_exhausted(self, event: Answered) -> Outcome:
        """The retry budget is spent. Before the commit point close; after it park."""
        call = self._in_doubt()
        assert call is not None
        asked = self.program.projection.operations[call.operation]
        if self._past_commit() and asked.kind == "transaction" and not call.firm:
            # its retry budget is endless, so it ends here only after a decline that may hide an executed attempt
            return self._leave_in_doubt(call, "declines after an attempt without an answer")
        if self._past_commit():
            return self._park(PAST_COMMIT, f"{call.operation} at {event.site} gives no answer")
        # the fence knows whether a transaction was executed; it knows nothing of queries
        unless = event.site if asked.kind == "transaction" else None
        return self._close(f"{call.operation} gives no answer", unless=unless)

    def _leave_in_doubt(self, call: CallWorker, why: str) -> Outcome:
        """Park until an operator says whether the call was executed. Asking again does not help: a decline would not
        tell."""
        self.unanswered = call.site
        return self._park(IN_DOUBT, f"{call.operation} at {call.site} {why}, and may have been done")

    def _on_shut(self, event: Answered) -> Outcome:
        """The fence refuses the call because the session is closed. Before the commit point close; after it park."""
        if self._past_commit():
            return self._park(PAST_COMMIT, f"the worker's door is shut at {event.site}")
        self._asked = None
        return self._close(_CLOSED_EARLIER)

    def _on_reused(self, event: Answered) -> Outcome:
        """Park: the worker knows the call's key with other arguments."""
        return self._park(CLASH, f"the worker knows the key of site {event.site} with other arguments")

    def _on_keep(self, event: Arrived) -> Outcome:
        """Put a message into the mailbox: the session may go on after all."""
        self._put(event.message)
        return Outcome.NOTHING

    def _on_late(self, event: Answered) -> Outcome:
        """Keep the answer to the call in doubt. Where there is no fence, the answer to the close needs it."""
        self._late = event
        return Outcome.NOTHING

    def _on_closed(self, event: CloseAnswered) -> Outcome:
        """The worker refuses later calls, and lists what it has executed. Without a fence it lists nothing: then the
        pivot's reply, if it came in the meantime, lets the session go on, and so does a pivot without an answer."""
        self._all_ended()
        if event.executed is not None:
            return self._closed(event.executed, event.more)
        if (reply := self._pivot_through()) is not None:
            return self._on_held(CloseAnswered(Name.HELD, reply=reply))
        if self._pivot_in_doubt() is not None:
            # do not vote abort: the vote is final, and a pivot has no compensation
            return Outcome.GOES_ON
        return self._closed_by_the_log()

    def _on_read(self, event: CloseAnswered) -> Outcome:
        """A page of what is to be compensated: the first since the session was recovered, or the next."""
        self._all_ended()
        self._undoing.take(self._from_results() if event.executed is None else event.executed, event.more)
        outcome = self._compensate_next()
        orders, self._orders = self._orders, []
        for order in orders:
            if outcome is Outcome.NOTHING:
                outcome = self._on_operate(Arrived(order))
            else:  # too late: nothing is left to be compensated
                self._note_order(order)
        return outcome

    def _on_unended(self, event: CloseAnswered) -> Outcome:
        """Park: at a worker without a fence, a call of this session is still under way after the longest wait."""
        self._undoing.ask_again()
        return self._park(UNENDED, "a call to the worker has not ended")

    def _all_ended(self) -> None:
        """The worker has answered the close, so its calls have ended and no operator has to say so. Unpark now: a late
        `skip` would otherwise apply to a compensation."""
        if self.row.parked is not None and self.row.parked.code == UNENDED:
            self._update(parked=None)

    def _on_held(self, event: CloseAnswered) -> Outcome:
        """The call in doubt had succeeded: keep its reply, unless the saga is undone elsewhere."""
        if self._told:
            return self._close(self._failing or "undone elsewhere")
        assert self._wait is not None
        self._answer(Answered(self._wait.site, Name.REPLIED, event.reply), "replied")
        return Outcome.GOES_ON

    def _enter_running(self) -> Outcome:
        """The session is not undone after all. Hear the requests that were deferred, then run on. If nobody knows
        whether the pivot was executed, park instead."""
        self._failing = None
        outcome = self._hear_requests()
        if outcome is not Outcome.NOTHING:
            return outcome
        if (pivot := self._in_doubt()) is not None:
            return self._leave_in_doubt(pivot, "gives no answer")
        outcome = self._pivot_was_done()
        return self._advance() if outcome is Outcome.NOTHING else outcome

    def _on_undid(self, event: Undid) -> Outcome:
        """Record that the compensation succeeded, and ask for the next one."""
        entry = self._undoing.next(self._marks)
        assert entry is not None and entry.site == event.site
        self._mark(entry, "replied")
        self._asked = None
        return self._compensate_next()

    def _on_stuck(self, event: Undid) -> Outcome:
        """Park: a compensation has used up its retry budget."""
        self._asked = None
        return self._park(UNDO_STUCK, f"the compensation of site {event.site} fails: {event.text}", event.site)

    def _on_spread(self, event: Arrived) -> Outcome:
        """A role voted done, but the saga is undone here: send it the abort, since it may not have been told."""
        self._note(event.message)
        self._send_abort((event.message.sender,))
        return Outcome.NOTHING

    def _on_settled(self, event: Arrived) -> Outcome:
        """Finish as settled: the initiator has said so."""
        self._note(event.message)
        return Outcome.ALL_DONE

    def _on_ended(self, event: Arrived) -> Outcome:
        """Finish as ended: the initiator has said so."""
        self._note(event.message)
        return Outcome.ALL_UNDONE

    def _on_ignore(self, event: object) -> Outcome:
        """Do nothing: the event is stale."""
        return Outcome.NOTHING

    def _on_fired(self, event: Fired) -> Outcome:
        """The timer fired first: that is the result of the wait, and the program runs on. A parked program stands
        still; its timer fires again later."""
        world = self._wait.world if self._wait is not None else None
        if world is None or self.row.parked is not None:
            return Outcome.NOTHING
        raced = waits.event_in(world.operation) is not None
        self._end_wait(world, "declined" if raced else "replied", _TIMED_OUT if raced else b"null")
        return self._advance()

    def _advance(self) -> Outcome:
        """Run until the program waits, ends or fails. A parked program stands still, and so does one whose version the
        session does not run on any more."""
        if self.row.parked is not None or self.outdated or (self.is_initiator and self._arguments is None):
            return Outcome.NOTHING
        try:
            if self._run is None:
                self._run = self._new_run()
            self._wait = self._run.advance()
            while self._wait is not None and self._wait.world is not None and self._end_at_once(self._wait.world):
                self._wait = self._run.advance()
        except Failed as failure:
            self._gather()
            return self._fail(failure.reason)
        except Diverged as divergence:
            self._gather()
            return self._park(DIVERGED, str(divergence))
        self._gather()
        if self.row.parked is not None:
            return Outcome.NOTHING
        if self._wait is None:
            return self._vote_done()
        self._update(waiting=str(self._wait))
        if self._wait.world is not None:
            self._set_timer(self._wait.world)
        call = self._wait.call
        if call is not None and self._asked != call.site:
            self._asked = call.site
            self._update(asked=call.site)
            self._draft.calls.append(call)
        return Outcome.NOTHING

    def _gather(self) -> None:
        """Take over what the run sent and consumed."""
        if self._run is None:
            return
        self._draft.messages.extend(self._run.sent)
        self._draft.forced |= bool(self._run.sent)
        self._draft.consumed.extend(self._run.consumed)
        if self._run.consumed:
            self.cause = self._run.consumed[-1]
        self._run.sent, self._run.consumed = [], []
        contacts = tuple(sorted(self._run.contacts.union(self.row.contacts)))
        if contacts != self.row.contacts:
            self._update(contacts=contacts)

    def _fail(self, reason: str) -> Outcome:
        return self._park(PAST_COMMIT, reason) if self._past_commit() else self._close(reason)

    def _vote_done(self) -> Outcome:
        assert self._run is not None
        owns = self.role in self.program.choreography.result_owners
        try:
            result = codec.encode(self._run.result) if owns else None
        except codec.EncodeError as problem:
            return self._fail(problem.text)
        self._update(vote="done", result=result, waiting="settlement")
        return Outcome.VOTED

    def _enter_done(self) -> Outcome:
        """Tell the initiator the vote. The initiator itself settles the saga if all others have voted done."""
        self._draft.forced = True
        if not self.is_initiator:
            contacts = list(self.row.contacts)
            self._draft.messages.append(control(self.header, Kind.DONE, self.role, self.header.initiator, contacts))
            return Outcome.NOTHING
        outcome = self._conclude()
        if outcome is Outcome.NOTHING:
            self._heed_undone()
        return outcome

    def _resume(self, inbox: Iterable[Message]) -> list[Burst]:
        """Fill the mailbox, run, then handle the control messages of the inbox, aborts first. A granted request closes
        the session before anything else. If the inbox holds an abort, it is handled before the program runs."""
        self._recovering = True
        control_messages = []
        for message in inbox:
            if message.kind not in (Kind.START, Kind.DATA, Kind.CHOICE, Kind.EVENT):
                control_messages.append(message)
            elif self.row.phase in (Phase.RUNNING, Phase.DONE, Phase.UNDOING):
                # done or undoing without a fence, a run finds out what was executed
                self._put(message)
        # handle an abort before the program runs: it must make no further call
        control_messages.sort(key=lambda message: message.kind not in _LOST)
        bursts: list[Burst] = []
        lost = any(message.kind in _LOST for message in control_messages)
        if self._closes_again() or (not lost and (self._unended or self._runs_on())):
            bursts.append(self.handle(Recovered(lost=lost)))
        for message in control_messages:
            bursts.append(self._heard_again(message))
        if self._runs_on():
            bursts.append(self.handle(Recovered(Name.CAUGHT_UP)))
        self._recovering = False
        return bursts

    def _on_begin_again(self, event: Recovered) -> Outcome:
        """Close again what was closing; else run on, unless the inbox says that the saga is undone."""
        if self._unended and not event.lost and (outcome := self._close_again()) is not Outcome.NOTHING:
            return outcome
        if self._closes_again():
            assert self.row.granted is not None
            return self._close(self.row.granted)
        return Outcome.NOTHING if event.lost else self._on_run_on(event)

    def _closes_again(self) -> bool:
        """Whether its row says that it was closing, and why."""
        return self.row.granted is not None and self.row.phase in (Phase.RUNNING, Phase.DONE)

    def _close_again(self) -> Outcome:
        """Close again a session that was parked in CLOSING for a call that had not ended. The log does not keep that
        phase. The call itself is not repeated, because it may still be under way."""
        if self.row.phase is Phase.RUNNING and self.row.granted is None:
            self._stand_again()
        self._update(parked=None)
        if (call := self._in_doubt()) is not None:
            return self._close(f"{call.operation} gives no answer", unless=call.site)
        return Outcome.NOTHING

    def _heard_again(self, message: Message) -> Burst:
        """Handle a message from the inbox. An impossible one parks the session, as it did before the restart; the
        messages after it are still handled."""
        try:
            return self.handle(Arrived(message))
        except Bug as problem:
            if self.spoilt:
                raise
            return self.impossible(Arrived(message), problem)

    def _runs_on(self) -> bool:
        """Whether its program has not run yet, or its next compensation has not been asked for."""
        heard = len(self._mailbox) > 0 or self._mailbox.spilled
        begun = self._arguments is not None if self.is_initiator else heard
        runs = self.row.phase is Phase.RUNNING and self._run is None and begun
        return runs or (self.row.phase is Phase.UNDOING and self._asked is None)

    def _on_run_on(self, event: Recovered) -> Outcome:
        """Run the program from the top, or ask for the next compensation."""
        if not self._runs_on():
            return Outcome.NOTHING
        if self.row.phase is Phase.RUNNING:
            return self._advance()
        if self.row.left or not self._has_door:
            self._undoing.leave_the_rest()
        return self._compensate_next()


ACTIONS: dict[Action, Method] = {
    Action.PROCEED: taking(Arrived, lambda session: session._on_proceed),
    Action.REPLIED: taking(Answered, lambda session: session._on_replied),
    Action.DECLINED: taking(Answered, lambda session: session._on_declined),
    Action.EXHAUSTED: taking(Answered, lambda session: session._on_exhausted),
    Action.SHUT: taking(Answered, lambda session: session._on_shut),
    Action.REUSED: taking(Answered, lambda session: session._on_reused),
    Action.FIRED: taking(Fired, lambda session: session._on_fired),
    Action.COUNT: taking(Arrived, lambda session: session._on_count),
    Action.SETTLED: taking(Arrived, lambda session: session._on_settled),
    Action.ENDED: taking(Arrived, lambda session: session._on_ended),
    Action.TOLD: taking(Arrived, lambda session: session._on_told),
    Action.TOLD_AGAIN: taking(Arrived, lambda session: session._on_told_again),
    Action.DECIDED: taking(Arrived, lambda session: session._on_decided),
    Action.SPREAD: taking(Arrived, lambda session: session._on_spread),
    Action.CONSIDER: taking(Arrived, lambda session: session._on_consider),
    Action.EXPIRE: taking(Deadline, lambda session: session._on_expire),
    Action.CLASHED: taking(Clashed, lambda session: session._on_clashed),
    Action.KEEP: taking(Arrived, lambda session: session._on_keep),
    Action.LATE: taking(Answered, lambda session: session._on_late),
    Action.CLOSED: taking(CloseAnswered, lambda session: session._on_closed),
    Action.HELD: taking(CloseAnswered, lambda session: session._on_held),
    Action.UNENDED: taking(CloseAnswered, lambda session: session._on_unended),
    Action.READ: taking(CloseAnswered, lambda session: session._on_read),
    Action.UNDID: taking(Undid, lambda session: session._on_undid),
    Action.STUCK: taking(Undid, lambda session: session._on_stuck),
    Action.OPERATE: taking(Arrived, lambda session: session._on_operate),
    Action.BEGIN_AGAIN: taking(Recovered, lambda session: session._on_begin_again),
    Action.RUN_ON: taking(Recovered, lambda session: session._on_run_on),
    Action.IGNORE: taking(object, lambda session: session._on_ignore),
}
"""The method of each action. mypy checks that it takes the event that is named with it."""
ENTRIES: dict[Phase, Callable[[Session], Callable[[], Outcome]]] = {
    Phase.RUNNING: lambda session: session._enter_running,
    Phase.DONE: lambda session: session._enter_done,
    Phase.CLOSING: lambda session: session._enter_closing,
    Phase.UNDOING: lambda session: session._enter_undoing,
    Phase.UNDONE: lambda session: session._enter_undone,
    Phase.SETTLED: lambda session: session._enter_settled,
    Phase.ENDED: lambda session: session._enter_ended,
}
"""The method that is run at once when an outcome leads to a phase."""
