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

from collections.abc import Iterable

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
    CloseAnswered,
    Event,
    Fired,
    Name,
    Undid,
)
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory, Phase, SessionRow
from accompanist.runtime.replay import DIVERGED, Diverged, Failed
from accompanist.runtime.requests import Requests
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
        before = self.row
        try:
            getattr(self, f"_on_{row.action}")(event)
            if self.row.phase not in row.to:
                text = f"{row.action} led from {before.phase.value} to {self.row.phase.value}"
                raise Bug(saga.IMPOSSIBLE, text)
        except BaseException:
            self.row, self._draft, self.spoilt = before, Draft(), True
            raise
        return self._burst()

    # -- the actions of the table, in its order ----------------------------------------------------

    def _on_proceed(self, event: Arrived) -> None:
        """Put a message into the mailbox and run on, if the program waits for it."""
        if self._put(event.message):
            self._advance()

    def _on_count(self, event: Arrived) -> None:
        """Count a vote or an answer. The initiator ends the saga when it has all of them."""
        self._note(event.message)
        if event.message.kind is Kind.COMPENSATED:  # it is undone here, too
            self._tell_named((event.message.sender,))
        self._conclude()

    def _on_replied(self, event: Answered) -> None:
        """Keep the reply as the call's result and run on."""
        self._answer(event, "replied")
        self._pivot_was_done()
        if self.row.phase is Phase.RUNNING:
            self._advance()

    def _on_declined(self, event: Answered) -> None:
        """Keep the refusal as the call's result and run on. An operation that may not decline is asked again."""
        call = self._in_doubt()
        assert call is not None
        if call.firm:  # counts as no answer: call again
            self._draft.calls.append(call)
            return
        self._answer(event, "declined")
        self._advance()

    def _on_exhausted(self, event: Answered) -> None:
        """The retry budget is spent. Before the commit point close; after it park."""
        call = self._in_doubt()
        assert call is not None
        asked = self.program.projection.operations[call.operation]
        if self._past_commit() and asked.kind == "transaction" and not call.firm:
            # its retry budget is endless, so it ends here only after a decline that may hide an executed attempt
            self._leave_in_doubt(call, "declines after an attempt without an answer")
            return
        if self._past_commit():
            self._park(PAST_COMMIT, f"{call.operation} at {event.site} gives no answer")
            return
        # the fence knows whether a transaction was executed; it knows nothing of queries
        unless = event.site if asked.kind == "transaction" else None
        self._close(f"{call.operation} gives no answer", unless=unless)

    def _leave_in_doubt(self, call: CallWorker, why: str) -> None:
        """Park until an operator says whether the call was executed. Asking again does not help: a decline would not
        tell."""
        self.unanswered = call.site
        self._park(IN_DOUBT, f"{call.operation} at {call.site} {why}, and may have been done")

    def _on_shut(self, event: Answered) -> None:
        """The fence refuses the call because the session is closed. Before the commit point close; after it park."""
        if self._past_commit():
            self._park(PAST_COMMIT, f"the worker's door is shut at {event.site}")
            return
        self._asked = None
        self._close(_CLOSED_EARLIER)

    def _on_reused(self, event: Answered) -> None:
        """Park: the worker knows the call's key with other arguments."""
        self._park(CLASH, f"the worker knows the key of site {event.site} with other arguments")

    def _on_keep(self, event: Arrived) -> None:
        """Put a message into the mailbox: the session may go on after all."""
        self._put(event.message)

    def _on_closed(self, event: CloseAnswered) -> None:
        """The worker refuses later calls. Vote, tell the others, and begin to compensate what was executed."""
        self._all_ended()
        if event.executed is None and (reply := self._pivot_through()) is not None:
            self._on_held(CloseAnswered(Name.HELD, reply=reply))
            return
        if event.executed is None and (pivot := self._pivot_in_doubt()) is not None:
            # do not vote abort: the vote is final, and a pivot has no compensation
            self._update(phase=Phase.RUNNING)
            self._failing = None
            self._hear_requests()
            if self.row.phase is not Phase.RUNNING:
                return
            self._leave_in_doubt(pivot, "gives no answer")
            return
        if event.executed is None:
            self._undo_by_the_log()
        else:
            self._undo(event.executed, event.more)

    def _on_read(self, event: CloseAnswered) -> None:
        """A page of what is to be compensated: the first since the session was recovered, or the next."""
        self._all_ended()
        self._undoing.take(self._from_results() if event.executed is None else event.executed, event.more)
        self._compensate_next()
        orders, self._orders = self._orders, []
        for order in orders:
            self._on_operate(Arrived(order))

    def _on_unended(self, event: CloseAnswered) -> None:
        """Park: at a worker without a fence, a call of this session is still under way after the longest wait."""
        self._undoing.ask_again()
        self._park(UNENDED, "a call to the worker has not ended")

    def _all_ended(self) -> None:
        """The worker has answered the close, so its calls have ended and no operator has to say so. Unpark now: a late
        `skip` would otherwise apply to a compensation."""
        if self.row.parked is not None and self.row.parked.code == UNENDED:
            self._update(parked=None)

    def _on_held(self, event: CloseAnswered) -> None:
        """The call in doubt had succeeded: go on with its reply, unless the saga is undone elsewhere."""
        if self._told:
            self._close(self._failing or "undone elsewhere")
            return
        self._update(phase=Phase.RUNNING)
        self._failing = None
        assert self._wait is not None
        self._answer(Answered(self._wait.site, Name.REPLIED, event.reply), "replied")
        self._hear_requests()
        self._pivot_was_done()
        if self.row.phase is Phase.RUNNING:
            self._advance()

    def _on_undid(self, event: Undid) -> None:
        """Record that the compensation succeeded, and ask for the next one."""
        entry = self._undoing.next(self._marks)
        assert entry is not None and entry.site == event.site
        self._mark(entry, "replied")
        self._asked = None
        self._compensate_next()

    def _on_stuck(self, event: Undid) -> None:
        """Park: a compensation has used up its retry budget."""
        self._asked = None
        self._park(UNDO_STUCK, f"the compensation of site {event.site} fails: {event.text}", event.site)

    def _on_spread(self, event: Arrived) -> None:
        """A role voted done, but the saga is undone here: send it the abort, since it may not have been told."""
        self._note(event.message)
        self._send_abort((event.message.sender,))

    def _on_settled(self, event: Arrived) -> None:
        """Finish as settled: the initiator has said so."""
        self._note(event.message)
        self._finish(Phase.SETTLED, "settled")

    def _on_ended(self, event: Arrived) -> None:
        """Finish as ended: the initiator has said so."""
        self._note(event.message)
        self._finish(Phase.ENDED, "ended")

    def _on_ignore(self, event: Event) -> None:
        """Do nothing: the event is stale."""

    def _on_fired(self, event: Fired) -> None:
        """The timer fired first: that is the result of the wait, and the program runs on. A parked program stands
        still; its timer fires again later."""
        world = self._wait.world if self._wait is not None else None
        if world is None or self.row.parked is not None:
            return
        raced = waits.event_in(world.operation) is not None
        self._end_wait(world, "declined" if raced else "replied", _TIMED_OUT if raced else b"null")
        self._advance()

    # -- running -----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Run until the program waits, ends or fails. A parked program stands still, and so does one whose version the
        session does not run on any more."""
        if self.row.parked is not None or self.outdated or (self.is_initiator and self._arguments is None):
            return
        try:
            if self._run is None:
                self._run = self._new_run()
            self._wait = self._run.advance()
            while self._wait is not None and self._wait.world is not None and self._end_at_once(self._wait.world):
                self._wait = self._run.advance()
        except Failed as failure:
            self._gather()
            self._fail(failure.reason)
            return
        except Diverged as divergence:
            self._gather()
            self._park(DIVERGED, str(divergence))
            return
        self._gather()
        if self.row.parked is not None:
            return
        if self._wait is None:
            self._vote_done()
            return
        self._update(waiting=str(self._wait))
        if self._wait.world is not None:
            self._set_timer(self._wait.world)
        call = self._wait.call
        if call is not None and self._asked != call.site:
            self._asked = call.site
            self._update(asked=call.site)
            self._draft.calls.append(call)

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

    def _fail(self, reason: str) -> None:
        if self._past_commit():
            self._park(PAST_COMMIT, reason)
        else:
            self._close(reason)

    def _vote_done(self) -> None:
        assert self._run is not None
        owns = self.role in self.program.choreography.result_owners
        try:
            result = codec.encode(self._run.result) if owns else None
        except codec.EncodeError as problem:
            self._fail(problem.text)
            return
        self._update(phase=Phase.DONE, vote="done", result=result, waiting="settlement")
        self._draft.forced = True
        if self.is_initiator:
            self._conclude()
        else:
            contacts = list(self.row.contacts)
            self._draft.messages.append(control(self.header, Kind.DONE, self.role, self.header.initiator, contacts))

    # -- recovery ----------------------------------------------------------------------------------

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
        if self._unended and not lost:
            self._close_again()
            bursts.append(self._burst())
        if self.row.granted is not None and self.row.phase in (Phase.RUNNING, Phase.DONE):
            self._close(self.row.granted)
            bursts.append(self._burst())
        elif not lost:
            self._run_on(bursts)
        for message in control_messages:
            bursts.append(self._heard_again(message))
        self._run_on(bursts)
        self._recovering = False
        return bursts

    def _close_again(self) -> None:
        """Close again a session that was parked in CLOSING for a call that had not ended. The log does not keep that
        phase. The call itself is not repeated, because it may still be under way."""
        if self.row.phase is Phase.RUNNING and self.row.granted is None:
            self._stand_again()
        self._update(parked=None)
        if (call := self._in_doubt()) is not None:
            self._close(f"{call.operation} gives no answer", unless=call.site)

    def _heard_again(self, message: Message) -> Burst:
        """Handle a message from the inbox. An impossible one parks the session, as it did before the restart; the
        messages after it are still handled."""
        try:
            return self.handle(Arrived(message))
        except Bug as problem:
            if self.spoilt:
                raise
            return self.impossible(Arrived(message), problem)

    def _run_on(self, bursts: list[Burst]) -> None:
        heard = len(self._mailbox) > 0 or self._mailbox.spilled
        begun = self._arguments is not None if self.is_initiator else heard
        if self.row.phase is Phase.RUNNING and self._run is None and begun:
            self._advance()
            bursts.append(self._burst())
        elif self.row.phase is Phase.UNDOING and self._asked is None:
            if self.row.left or not self._has_door:
                self._undoing.leave_the_rest()
            self._compensate_next()
            bursts.append(self._burst())
