"""How a session core carries out an operator's verbs.

`runtime.operate` says what the verbs mean and when they apply.

To find where a parked program stands, it is run again over the log, which changes nothing. The run tells whether the
operator can give a value there, and whether the program has passed the commit point.

A value given by hand is a result like a worker's. The log may already hold a result that the program could not go on
from. That result stays, because results are write-once. The operator's message then overrides it: `SessionRow.by_hand`
names that message, and recovery reads it again.

Not promised: that nothing was done at the worker whose reply is given by hand. A call under way may still be executed.
If the saga is undone, that call is compensated like any other.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from accompanist import limits
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.burst import CloseWorker
from accompanist.runtime.events import (
    Arrived,
)
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import BY_HAND, ENDED_BY_HAND, ENDED_HERE, Gap, Order, Standing, Verb, order_in, verbs
from accompanist.runtime.peer_aborts import PeerAborts
from accompanist.runtime.ports import Phase, ResultKind, ResultRow
from accompanist.runtime.position import Position
from accompanist.runtime.progress import retried
from accompanist.runtime.replay import Run
from accompanist.runtime.running import ForwardRun
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.same_past import differs
from accompanist.runtime.state import SessionState
from accompanist.runtime.undo import Undo


class OperatorOrders:
    """Carries out operators' verbs at a session."""

    def __init__(
        self, state: SessionState, position: Position, undo: Undo, aborts: PeerAborts, running: ForwardRun
    ) -> None:
        self._state = state
        self._position = position
        self._undo = undo
        self._aborts = aborts
        self._running = running

    def standing(self) -> Standing:
        """The facts that decide which verbs apply. Changes nothing."""
        phase, parked = self._state.row.phase, self._state.row.parked
        if parked is None or phase is not Phase.RUNNING:
            return Standing(phase, parked, may_end=bool(self._aborts.undone_elsewhere))
        run = self._position.stand()
        return Standing(phase, parked, self._gap(run), self._may_end(run))

    def _gap(self, run: Run | None) -> Gap | None:
        if run is None:
            return None
        if run.gap is not None:
            return run.gap
        given = run.given_last  # the last value it read; nothing has been sent since
        return given if given is not None and any(site == given.site for site, _ in self._state.row.by_hand) else None

    def _may_end(self, run: Run | None) -> bool:
        """Whether a cancel may come too late, so that `end` applies. The owner of the commit point knows whether it has
        committed; other roles cannot be sure."""
        owner = self._state.program.choreography.commit_role
        return owner is not None and (self._state.role != owner or self._position.committed_here(run))

    def operate(self, event: Arrived) -> StepOutcome:
        """Carry out an operator's verb, once, if it applies where the session stands."""
        outcome = self._obey(event)
        if outcome is StepOutcome.NOTHING:
            self._aborts.heed_undone()
        return outcome

    def _obey(self, event: Arrived) -> StepOutcome:
        message = event.message
        order = order_in(message)
        if order is None or message.site in self._state.row.verbs:
            return StepOutcome.NOTHING
        unknown = self._state.row.phase is Phase.UNDOING and not self._state.pages.known and not self._position.unended
        if order.verb is Verb.SKIP and unknown:
            self._state.orders.append(message)  # which compensation is due is not known yet
            return StepOutcome.NOTHING
        standing = self.standing()
        if order.verb is Verb.REHOST:
            # the API checked which versions fit; the core knows no other program
            standing = msgspec.structs.replace(standing, versions=("checked by the API",))
        self.note_order(message)
        if order.verb in verbs(standing) and self._stands_there(order, standing):
            return self._carry_out(order, message, standing)
        return StepOutcome.NOTHING

    def note_order(self, message: Message) -> None:
        """Record that an operator's message was handled."""
        self._state.trace.caused_by(message)
        if message.site not in self._state.row.verbs:
            self._state.update(verbs=(*self._state.row.verbs, message.site))
            self._state.draft.forced = True

    def _stands_there(self, order: Order, standing: Standing) -> bool:
        """Whether the session still stands where the operator saw it. Drops stale orders.

        An order names the error code it answers: the session may have parked again for another reason, and some reasons
        are reported only once. An order about one call does not apply to another call. An order that says that calls
        have ended (ACC208) does not apply to a compensation. A `resolve` of a session that is being undone covers
        everything that is left, so its site is not compared."""
        if order.verb in (Verb.PARK, Verb.END, Verb.REHOST):
            return True
        code = standing.parked.code if standing.parked is not None else ""
        one = order.verb is Verb.SKIP or (order.verb is Verb.RESOLVE and standing.phase is Phase.RUNNING)
        return order.code in ("", code) and (not one or order.site in ("", standing.site))

    def _carry_out(self, order: Order, message: Message, standing: Standing) -> StepOutcome:
        match order.verb, standing.phase:
            case Verb.PARK, _:
                due = self._state.pages.next(self._state.marks) if standing.phase is Phase.UNDOING else None
                return self._state.park(BY_HAND, f"{order.who}: {order.why}", due.site if due is not None else "")
            case Verb.END, _:
                return self._end_by_hand(order)
            case Verb.REHOST, _:
                return self._rehost(bytes(order.value))
            case ((Verb.RESOLVE | Verb.SKIP), Phase.RUNNING):
                assert standing.gap is not None, "resolve and skip apply only where a value can be given"
                if order.verb is Verb.SKIP:
                    return self._take_as_declined(standing.gap, f"{order.who}: {order.why}")
                return self._give(standing.gap, message, bytes(order.value))
            case _, Phase.RUNNING:
                return self._go_on()
            case verb, Phase.CLOSING:
                return self._close_on(verb)
            case _, Phase.UNDOING:
                return self._undo_on(order)
            case _, _:
                self._state.update(parked=None)
                return StepOutcome.NOTHING

    def _go_on(self) -> StepOutcome:
        """Run again from the top."""
        retried(self._state, 0)
        self._state.update(parked=None)
        self._drop_run()
        return self._running.advance()

    def _drop_run(self) -> None:
        self._state.run = self._state.wait = self._state.asked = None

    def _rehost(self, value: bytes) -> StepOutcome:
        """Go on under another version. This object runs the old one, so it decides nothing more: the driver rebuilds
        the session from the log."""
        version = msgspec.json.decode(value, type=str)
        self._state.update(parked=None, hosted=version)
        self._drop_run()
        return StepOutcome.NOTHING

    def passes(self, program: RoleProgram) -> str:
        """Why the session cannot go on under another program: where that program's past differs. Empty if it can."""
        return differs(self._state.run_of, self._state.program, program)

    def _give(self, gap: Gap, message: Message, value: bytes) -> StepOutcome:
        """Use a value in place of what the program waits for or could not go on from. A value of another type changes
        nothing."""
        try:
            value = codec.encode(codec.decode(value, gap.type))
        except (codec.DecodeError, codec.EncodeError):
            return StepOutcome.NOTHING
        given = self._state.result(gap.site, ResultKind.FORWARD, gap.operation, gap.arguments, "replied", value)
        if gap.site not in self._state.results and gap.operation:
            self._state.draft.results.append(given)
        self._state.results[gap.site] = given
        self._state.update(parked=None, by_hand=(*self._state.row.by_hand, (gap.site, message.site)))
        self._drop_run()
        outcome = self._aborts.pivot_was_done()
        if outcome is StepOutcome.NOTHING and self._state.row.parked is None:
            return self._go_on()
        return outcome

    def _take_as_declined(self, gap: Gap, reason: str) -> StepOutcome:
        """Record that the pivot was not done, as an operator found out. That is final."""
        value = codec.encode(reason[: limits.reason_chars_max])
        given = self._state.result(gap.site, ResultKind.FORWARD, gap.operation, gap.arguments, "declined", value)
        self._state.remember(given)
        self._state.draft.results.append(given)
        return self._go_on()

    def _close_on(self, verb: Verb) -> StepOutcome:
        """Ask again whether all calls have ended, or accept an operator's word that they have."""
        unended = self._position.unended
        self._state.update(parked=None)
        if unended and verb in (Verb.SKIP, Verb.RESOLVE):
            return self._undo.closed_by_the_log()
        if unended:
            self._state.draft.calls.append(CloseWorker(self._state.unless))
        return StepOutcome.NOTHING

    def _end_by_hand(self, order: Order) -> StepOutcome:
        """Record the decision, as for a granted cancel, then close. After a crash the record makes a successor close
        again."""
        reason = f"{ENDED_BY_HAND} at {self._state.role} ({order.who}: {order.why})"[: limits.reason_chars_max]
        self._state.update(parked=None, granted=reason, left=True, verbs=(*self._state.row.verbs, ENDED_HERE))
        return self._undo.fail(reason)

    def _undo_on(self, order: Order) -> StepOutcome:
        """Go on compensating. A `skip` marks the next compensation as done by hand, a `resolve` marks all that are
        left; each mark keeps who said so. Where the session was parked for calls that may not have ended, a `skip` only
        says that they have."""
        verb = order.verb
        said = self._position.unended and verb is Verb.SKIP
        retried(self._state, 0)
        self._state.update(parked=None)
        self._state.asked = None
        if said:
            self._state.pages.take(self._position.from_results(), more=False)
            return self._undo.compensate_next()
        due = self._state.pages.unmarked(self._state.marks)
        by_hand = due if verb is Verb.RESOLVE else due[:1] if verb is Verb.SKIP else []
        for entry in by_hand:
            self._undo.mark(entry, "by hand", codec.encode({"who": str(order.who), "why": order.why}))
        if verb is Verb.RESOLVE:
            self._state.pages.leave_the_rest()
            self._state.decided = True  # nothing is left to be decided about
        return self._undo.compensate_next()

    def recall(self, inbox: Iterable[Message]) -> None:
        """Override logged results with the values that were given by hand."""
        orders = {message.site: order_in(message) for message in inbox if message.kind is Kind.OPERATOR}
        for site, said_at in self._state.row.by_hand:  # the last one wins
            order = orders.get(said_at)
            assert order is not None, "orders that were carried out stay in the inbox"
            self._state.results[site] = self._given(site, bytes(order.value))

    def _given(self, site: str, value: bytes) -> ResultRow:
        known = self._state.results.get(site)
        if known is None:
            return self._state.result(site, ResultKind.FORWARD, "", b"{}", "replied", value)
        return msgspec.structs.replace(known, outcome="replied", value=value)
