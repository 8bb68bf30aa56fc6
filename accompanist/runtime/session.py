"""The session core: one session at one role, as a state machine without a world (docs/protocol.md).

    session + event -> burst

The core imports no clock, no chance, no network and no database: the sidecar feeds it what happened and carries out
what it decides, and so do the simulator and the tests. The table in `runtime.saga` says which action an event takes;
the actions stand below, one method each, in the table's order.

State is of two kinds. What the log keeps (`SessionRow`: phase, vote, outcome, contacts) is decided here
and stable before anything that follows from it leaves. Everything else (the run, the mailbox, the answers counted) is
computed again from the row, the inbox and the results; `recover` does it.

Not promised: that a caller may go on after `handle` raised. It must park the session with what was raised, and where
it is `spoilt` make it again from the log.
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
    "Something failed that may not fail any more: after the commit point nothing is undone, everything is retried. "
    "A local expression raised, a value does not fit its type, or a worker's door is shut. "
    "`check` does not ask of each sum, `x + 1` or `x * 100`, whether it still has the 64 bits in which whole numbers "
    "cross, nor of what a @pure function gives, nor whether a @pure function ends.",
    "`accompanist sessions show ID` names what can be done: mend what failed and resume, give the value by hand, or "
    "end the saga by hand.",
)
_LOST = (Kind.ABORT, Kind.COMPENSATED)
"""What says that the saga is undone elsewhere."""
_TIMED_OUT = codec.encode(waits.TIMED_OUT)
_CLOSED_EARLIER = "the session was closed at its worker before its reason was kept"


class Session(Requests, Undone):
    """One session at one role. Make it with `begin` for the first message or `recover` from the log."""

    @classmethod
    def begin(cls, program: RoleProgram, first: Message) -> Session:
        """A session that this role hears of for the first time."""
        row = SessionRow(header=first.header, role=first.receiver, phase=Phase.RUNNING, context=first.context, asked="")
        return cls(program, row)

    @classmethod
    def beginning(cls, program: RoleProgram, memory: Memory) -> Session:
        """The session as its row has it, or as it would begin, without anything that came for it."""
        if memory.session is not None:
            return cls(program, memory.session)
        first = next((message for message in memory.inbox if message.kind is not Kind.EVENT), None)
        if first is None:
            raise AssertionError("nothing to recover from")
        return cls.begin(program, first)

    @classmethod
    def recover(cls, program: RoleProgram, memory: Memory) -> tuple[Session, list[Burst]]:
        """The session as the log knows it, and what it still owes. A session that was closing is running again here:
        its cause is found once more, in the inbox, in the fence or by running on (docs/protocol.md)."""
        session = cls.beginning(program, memory)
        for result in memory.results:
            session._remember(result)
        session._recall(memory.inbox)
        session.timers.update(memory.timers)
        asked = session.row.asked
        session.inherited = asked != ""
        session.unanswered = asked if asked not in session._results else None
        session.retried(0)  # whoever asks from here on counts anew
        session._mailbox.spilled, session._mailbox.bounded = memory.more, not memory.whole
        bursts = session._resume(memory.inbox)
        session._mailbox.bounded = True
        if asked is None:  # the row is from before this was kept: whatever it asks for now may have been asked for
            session.unanswered = session._asked
        return session, bursts

    def handle(self, event: Event) -> Burst:
        """What follows from an event. Raises Bug for an impossible one, before anything has changed. Where the action
        itself raises, nothing of it leaves: its draft is thrown away, the row is what it was, and the session is
        spoilt."""
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
        """Keep the refusal as the call's result and run on. A retriable operation may not decline: it is asked
        again."""
        call = self._in_doubt()
        assert call is not None
        if call.firm:  # no answer: whoever asks tries again, and so it is said again if it is told here
            self._draft.calls.append(call)
            return
        self._answer(event, "declined")
        self._advance()

    def _on_exhausted(self, event: Answered) -> None:
        """The budget of attempts is spent. Close before the commit point; park behind it."""
        call = self._in_doubt()
        assert call is not None
        asked = self.program.projection.operations[call.operation]
        if self._past_commit() and asked.kind == "transaction" and not call.firm:
            # it is asked without end and may decline: all that ends that is a decline that cannot be believed
            self._leave_in_doubt(call, "declines after an attempt without an answer")
            return
        if self._past_commit():
            self._park(PAST_COMMIT, f"{call.operation} at {event.site} gives no answer")
            return
        # a transaction may have been done, and the fence says so; of a query it knows nothing
        unless = event.site if asked.kind == "transaction" else None
        self._close(f"{call.operation} gives no answer", unless=unless)

    def _leave_in_doubt(self, call: CallWorker, why: str) -> None:
        """A person has to say whether it was done. Asked again, a decline does not say so either."""
        self.unanswered = call.site
        self._park(IN_DOUBT, f"{call.operation} at {call.site} {why}, and may have been done")

    def _on_shut(self, event: Answered) -> None:
        """The fence has this session closed. Close before the commit point; park behind it."""
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
            # a vote to abort could not be taken back, and there is no compensation to ask for
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
        """A worker without a fence still has a call of this session under way, for longer than is waited."""
        self._undoing.ask_again()
        self._park(UNENDED, "a call to the worker has not ended")

    def _all_ended(self) -> None:
        """The worker has answered the close: nobody has to say that its calls have ended. A `skip` that was meant to
        say so would be taken for another word now, about a compensation."""
        if self.row.parked is not None and self.row.parked.code == UNENDED:
            self._update(parked=None)

    def _on_held(self, event: CloseAnswered) -> None:
        """The call in doubt had succeeded: the session goes on with its reply, unless the saga is lost elsewhere."""
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
        """Mark the compensation as done and ask for the next one."""
        entry = self._undoing.next(self._marks)
        assert entry is not None and entry.site == event.site
        self._mark(entry, "replied")
        self._asked = None
        self._compensate_next()

    def _on_stuck(self, event: Undid) -> None:
        """Park: a compensation was refused to its limit."""
        self._asked = None
        self._park(UNDO_STUCK, f"the compensation of site {event.site} fails: {event.text}", event.site)

    def _on_spread(self, event: Arrived) -> None:
        """A role that we never sent to was reached after all, and must hear of the abort."""
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
        """Do nothing: a late copy, whose matter was decided before."""

    def _on_fired(self, event: Fired) -> None:
        """Time was first: the wait ends with that as its result, and the program runs on. A parked program stands
        still; its timer is told again."""
        world = self._wait.world if self._wait is not None else None
        if world is None or self.row.parked is not None:
            return
        raced = waits.event_in(world.operation) is not None
        self._end_wait(world, "declined" if raced else "replied", _TIMED_OUT if raced else b"null")
        self._advance()

    # -- running -----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Run on until the program waits, ends or fails. A parked program stands still, and so does one of a version
        that is not the session's any more."""
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
        """Fill the mailbox, run on, then take up what else has arrived, in that order: an abort found in the inbox
        closes the session whatever the run asked meanwhile. What was granted is done before anything else."""
        self._recovering = True
        control_messages = []
        for message in inbox:
            if message.kind not in (Kind.START, Kind.DATA, Kind.CHOICE, Kind.EVENT):
                control_messages.append(message)
            elif self.row.phase in (Phase.RUNNING, Phase.DONE, Phase.UNDOING):
                # done or undoing, it may have to find what it did by running
                self._put(message)
        # an abort is taken up before the program runs: it must not ask for more than it had
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
        """It was parked because a call had not ended, while it was closing, which the log does not keep. Whether the
        call has ended is asked again, and the call is not: it may still be under way."""
        if self.row.phase is Phase.RUNNING and self.row.granted is None:
            self._stand_again()
        self._update(parked=None)
        if (call := self._in_doubt()) is not None:
            self._close(f"{call.operation} gives no answer", unless=call.site)

    def _heard_again(self, message: Message) -> Burst:
        """What an impossible message says is not believed at a restart either, and costs no other its hearing."""
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
