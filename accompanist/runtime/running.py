"""The program of a session at one role, as it runs forward: messages, calls, timers, and the vote at its end.

The run itself is in `runtime.replay`. Here it is decided what follows from where it stops: a call, a wait, the vote, or
a failure. Before the commit point a failure undoes the saga; after it, the session is parked.

Not promised: that a program is run again in the same process. Any run may be dropped and made anew from the log.
"""

from __future__ import annotations

from accompanist.errors import catalogue
from accompanist.language import waits
from accompanist.language.values import codec
from accompanist.runtime.burst import CallWorker, WaitFor
from accompanist.runtime.control import (
    CLIENT,
    EVENT_SITE,
)
from accompanist.runtime.events import (
    Arrived,
    CallAnswered,
    Fired,
)
from accompanist.runtime.peer_aborts import PeerAborts
from accompanist.runtime.ports import TimerRow
from accompanist.runtime.position import Position
from accompanist.runtime.replay import DIVERGED, Diverged, Failed
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.state import CLASH, ILL_TOLD, SessionState
from accompanist.runtime.undo import Undo
from accompanist.runtime.unfenced import IN_DOUBT

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
_TIMED_OUT = codec.encode(waits.TIMED_OUT)
_CLOSED_EARLIER = "the session was closed at its worker before its reason was kept"


class ForwardRun:
    """Runs the program of a session forward."""

    def __init__(self, state: SessionState, position: Position, undo: Undo, aborts: PeerAborts) -> None:
        self._state = state
        self._position = position
        self._undo = undo
        self._aborts = aborts

    def proceed(self, event: Arrived) -> StepOutcome:
        """Put a message into the mailbox and run on, if the program waits for it."""
        return self.advance() if self._state.put(event.message) else StepOutcome.NOTHING

    def replied(self, event: CallAnswered) -> StepOutcome:
        """Keep the reply as the call's result and run on."""
        self._state.answer(event, "replied")
        outcome = self._aborts.pivot_was_done()
        return self.advance() if outcome is StepOutcome.NOTHING else outcome

    def declined(self, event: CallAnswered) -> StepOutcome:
        """Keep the refusal as the call's result and run on. An operation that may not decline is asked again."""
        call = self._state.in_doubt()
        assert call is not None
        if call.firm:  # counts as no answer: call again
            self._state.draft.calls.append(call)
            return StepOutcome.NOTHING
        self._state.answer(event, "declined")
        return self.advance()

    def exhausted(self, event: CallAnswered) -> StepOutcome:
        """The retry budget is spent. Before the commit point close; after it park."""
        call = self._state.in_doubt()
        assert call is not None
        asked = self._state.program.projection.operations[call.operation]
        if self._position.past_commit() and asked.kind == "transaction" and not call.firm:
            # its retry budget is endless, so it ends here only after a decline that may hide an executed attempt
            return self.leave_in_doubt(call, "declines after an attempt without an answer")
        if self._position.past_commit():
            return self._state.park(PAST_COMMIT, f"{call.operation} at {event.site} gives no answer")
        # the fence knows whether a transaction was executed; it knows nothing of queries
        unless = event.site if asked.kind == "transaction" else None
        return self._undo.fail(f"{call.operation} gives no answer", unless=unless)

    def leave_in_doubt(self, call: CallWorker, why: str) -> StepOutcome:
        """Park until an operator says whether the call was executed. Asking again does not help: a decline would not
        tell."""
        self._state.unanswered = call.site
        return self._state.park(IN_DOUBT, f"{call.operation} at {call.site} {why}, and may have been done")

    def shut(self, event: CallAnswered) -> StepOutcome:
        """The fence refuses the call because the session is closed. Before the commit point close; after it park."""
        if self._position.past_commit():
            return self._state.park(PAST_COMMIT, f"the worker's door is shut at {event.site}")
        self._state.asked = None
        return self._undo.fail(_CLOSED_EARLIER)

    def reused(self, event: CallAnswered) -> StepOutcome:
        """Park: the worker knows the call's key with other arguments."""
        return self._state.park(CLASH, f"the worker knows the key of site {event.site} with other arguments")

    def fired(self, event: Fired) -> StepOutcome:
        """The timer fired first: that is the result of the wait, and the program runs on. A parked program stands
        still; its timer fires again later."""
        world = self._state.wait.world if self._state.wait is not None else None
        if world is None or self._state.row.parked is not None:
            return StepOutcome.NOTHING
        raced = waits.event_in(world.operation) is not None
        self._state.end_wait(world, "declined" if raced else "replied", _TIMED_OUT if raced else b"null")
        return self.advance()

    def advance(self) -> StepOutcome:
        """Run until the program waits, ends or fails. A parked program stands still, and so does one whose version the
        session does not run on any more."""
        if (
            self._state.row.parked is not None
            or self._state.outdated
            or (self._state.is_initiator and self._state.arguments is None)
        ):
            return StepOutcome.NOTHING
        try:
            if self._state.run is None:
                self._state.run = self._state.new_run()
            self._state.wait = self._state.run.advance()
            while (
                self._state.wait is not None
                and self._state.wait.world is not None
                and self._end_at_once(self._state.wait.world)
            ):
                self._state.wait = self._state.run.advance()
        except Failed as failure:
            self._gather()
            return self.fail(failure.reason)
        except Diverged as divergence:
            self._gather()
            return self._state.park(DIVERGED, str(divergence))
        self._gather()
        self._note_release()
        if self._state.row.parked is not None:
            return StepOutcome.NOTHING
        if self._state.wait is None:
            return self._vote_done()
        if self._state.wait.world is not None:
            self._set_timer(self._state.wait.world)
        call = self._state.wait.call
        if call is not None and self._state.asked != call.site:
            self._state.asked = call.site
            self._state.update(asked=call.site)
            self._state.draft.calls.append(call)
        return StepOutcome.NOTHING

    def _note_release(self) -> None:
        """Note what of the burst has to wait for the log: a call of the pivot."""
        draft = self._state.draft
        draft.calls_pivot |= self._calls_pivot()
        if not draft.forced:
            draft.ahead = len(draft.messages)

    def _calls_pivot(self) -> bool:
        """Whether the program waits for the pivot's reply. A session that does not know so would grant a cancel."""
        call = self._state.wait.call if self._state.wait is not None else None
        operation = self._state.program.projection.operations[call.operation] if call is not None else None
        return operation is not None and operation.pivot and not operation.recorded

    def _gather(self) -> None:
        """Take over what the run sent and consumed."""
        if self._state.run is None:
            return
        self._state.draft.messages.extend(self._state.run.sent)
        self._state.draft.kept_elsewhere |= bool(self._state.run.sent)
        self._state.trace.took(self._state.run.consumed)
        self._state.run.sent, self._state.run.consumed = [], []
        contacts = tuple(sorted(self._state.run.contacts.union(self._state.row.contacts)))
        if contacts != self._state.row.contacts:
            self._state.update(contacts=contacts)

    def fail(self, reason: str) -> StepOutcome:
        return self._state.park(PAST_COMMIT, reason) if self._position.past_commit() else self._undo.fail(reason)

    def _vote_done(self) -> StepOutcome:
        assert self._state.run is not None
        owns = self._state.role in self._state.program.choreography.result_owners
        try:
            result = codec.encode(self._state.run.result) if owns else None
        except codec.EncodeError as problem:
            return self.fail(problem.text)
        self._state.update(vote="done", result=result)
        return StepOutcome.VOTED

    def _end_at_once(self, world: WaitFor) -> bool:
        """End a wait if its event has arrived already. Returns whether it did."""
        name = waits.event_in(world.operation)
        told = None if name is None else self._state.mailbox.get(f"{EVENT_SITE}{name}", CLIENT)
        if told is None:
            return False
        run = self._state.run
        problem = run.misfit(told.payload) if run is not None else None
        if problem is not None:
            self._state.park(
                ILL_TOLD, f"{name}, which is waited for at {world.site}, was told with another value: {problem}"
            )
            return False
        self._state.end_wait(world, "replied", told.payload)
        return True

    def _set_timer(self, world: WaitFor) -> None:
        """Set a wait's timer, once: a timer that is in the log already keeps its time."""
        if world.seconds is None or world.site in self._state.timers:
            return
        self._state.timers.add(world.site)
        row = TimerRow(
            session=self._state.header.session,
            role=self._state.role,
            site=world.site,
            operation=world.operation,
            seconds=world.seconds,
        )
        self._state.draft.timers.append(row)
        self._state.draft.forced = True
