"""The steps that undo a saga at one role: note the cause, close, vote, tell the others, compensate.

Nothing here decides whether the saga is undone. The worker's list of what it has executed comes in pages
(`runtime.compensation_pages`).

Not promised: that a compensation succeeds. One that has used up its retry budget parks the session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from accompanist.errors import catalogue
from accompanist.runtime.authority import ends_by_hand
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.control import (
    because,
    control,
)
from accompanist.runtime.events import (
    Arrived,
    CloseAnswered,
    Undid,
)
from accompanist.runtime.messages import Kind
from accompanist.runtime.operate import ENDED_HERE
from accompanist.runtime.ports import Executed, ResultKind
from accompanist.runtime.position import Position
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.state import SessionState
from accompanist.runtime.unfenced import UNENDED

UNDO_STUCK = catalogue(
    "ACC204",
    "compensation does not succeed",
    "A compensation has used up its retry budget and still fails. The session stays parked; no other session waits "
    "for it.",
    "Repair the worker, then retry, skip or resolve the session.",
)


class Undo:
    """Undoes a saga at one role."""

    def __init__(self, state: SessionState, position: Position) -> None:
        self._state = state
        self._position = position

    def fail(self, reason: str, unless: str | None = None) -> StepOutcome:
        """Note why the saga is to be undone. `unless`: the call in doubt, if the fence decides by its reply.

        The cause must be stable before the close leaves (Rule 0). Else a successor would not find it, might go on past
        the commit point, and find its session closed there. Two causes need no record: an abort from another role is in
        the inbox; and where the fence decides, by whether it holds a reply for the call in doubt, it gives the same
        answer when asked again. Every other cause becomes a record here."""
        self._state.failing = self._state.failing or reason
        if not self._state.told and unless is None and self._state.row.granted is None:
            self._state.update(granted=self._state.failing)
            self._state.draft.forced = True
        self._state.unless = unless
        return StepOutcome.FAILED

    def enter_closing(self) -> StepOutcome:
        """Close the session at the worker before any role is told (docs/protocol.md). A role without transactions has
        nothing to close."""
        if self._state.has_door:
            self._state.draft.calls.append(CloseWorker(self._state.unless))
            return StepOutcome.NOTHING
        return self.closed(())

    def closed(self, executed: Collection[Executed], more: bool = False) -> StepOutcome:
        """The worker refuses later calls and has executed these. `more`: the fence has earlier entries, which are read
        when they are due."""
        self._state.closed_idle = not executed and not more
        self._state.pages.take(executed, more)
        return StepOutcome.CLOSED

    def closed_by_the_log(self) -> StepOutcome:
        """The worker was closed without a fence: the results say what was executed. Whether the call without an answer
        counts as executed is decided now and recorded."""
        executed = self._position.from_results()
        self._state.update(asked=next((entry.site for entry in executed if entry.site not in self._state.results), ""))
        return self.closed(executed)

    def enter_undoing(self) -> StepOutcome:
        """Vote abort, tell the others, and begin to compensate what was executed, or nothing if an operator ended the
        saga."""
        self._state.asked, self._state.deferred = None, []
        vote = self._state.row.vote or ("abort" if not self._state.told else None)
        if self._state.row.left:
            self._state.pages.leave_the_rest()
        self._state.update(vote=vote, reason=self._state.failing)
        self._state.draft.forced = True
        told = set(self._state.program.projection.sends_to)
        if self._state.is_initiator:
            told |= {*self._state.row.contacts, *self._state.said_done, *self._state.said_undone}
        else:
            told.add(self._state.header.initiator)
        self._send_abort(sorted(told - {self._state.role}))
        self.tell_named(self._state.said_undone)
        return self.compensate_next()

    def _send_abort(self, roles: Iterable[str]) -> None:
        self._state.draft.forced = True
        self._state.draft.messages.extend(
            control(
                self._state.header,
                Kind.ABORT,
                self._state.role,
                role,
                because(self._state.row.reason or "", self._state.row.left),
            )
            for role in roles
        )

    def tell_named(self, senders: Iterable[str]) -> None:
        """As the initiator, send the abort to roles that others say they may have reached. After the commit point these
        believe the initiator only (`runtime.peer_aborts`)."""
        if self._state.is_initiator and self._state.program.choreography.commit_role is not None:
            named = set[str]().union(*(self._state.said_undone.get(sender, ()) for sender in senders))
            told = {self._state.role, *self._state.program.projection.sends_to, *self._state.row.contacts}
            heard = self._state.said_undone.keys() | self._state.said_done.keys()
            self._send_abort(sorted(named - told - heard))

    def mark(self, entry: Executed, outcome: str, value: bytes = b"null") -> None:
        """Record that an executed transaction is undone. The mark is stable before the next compensation is asked
        for."""
        operation = self._state.program.projection.operations.get(entry.operation)
        name = operation.compensation if operation is not None else None
        result = self._state.result(entry.site, ResultKind.COMPENSATE, name or "", entry.arguments, outcome, value)
        self._state.remember(result)
        self._state.draft.results.append(result)
        self._state.draft.forced = True

    def compensate_next(self) -> StepOutcome:
        """Ask for the next compensation, in reverse order of commit, once the mark of the one before is stable. A
        parked session still reads the next page: that changes nothing at the worker, and the operator has to know which
        compensation is due."""
        entry = self._state.pages.next(self._state.marks)
        if (page := self._state.pages.read_on()) is not None:
            self._state.draft.calls.append(page)
        if (parked := self._state.row.parked) is not None:
            if entry is not None and not parked.site:  # show the operator which compensation a `skip` would skip
                self._state.update(parked=msgspec.structs.replace(parked, site=entry.site))
            return StepOutcome.NOTHING
        if self._state.pages.asked is not None:
            return StepOutcome.NOTHING
        if entry is not None:
            self._compensate(entry)
            return StepOutcome.NOTHING
        return StepOutcome.NOTHING if self.awaits_word else StepOutcome.COMPENSATED

    @property
    def awaits_word(self) -> bool:
        """Whether an operator ended the saga at this role, this role may not decide that, and the initiator has not
        said yet whether what was done stays or is undone."""
        own = ENDED_HERE in self._state.row.verbs
        return (
            own
            and self._state.row.left
            and not self._state.decided
            and not ends_by_hand(self._state.program.choreography, self._state.role)
        )

    def _compensate(self, entry: Executed) -> None:
        operation = self._state.program.projection.operations.get(entry.operation)
        if operation is None or operation.compensation is None:
            what = f"{entry.operation} at {entry.site}"
            self._state.park(
                UNDO_STUCK, f"{what} was executed, as far as is known, and has no compensation", entry.site
            )
            return
        self._state.asked = entry.site
        self._state.draft.calls.append(
            CallWorker(entry.site, ResultKind.COMPENSATE, operation.compensation, entry.arguments)
        )

    def undid(self, event: Undid) -> StepOutcome:
        """Record that the compensation succeeded, and ask for the next one."""
        entry = self._state.pages.next(self._state.marks)
        assert entry is not None and entry.site == event.site
        self.mark(entry, "replied")
        self._state.asked = None
        return self.compensate_next()

    def stuck(self, event: Undid) -> StepOutcome:
        """Park: a compensation has used up its retry budget."""
        self._state.asked = None
        return self._state.park(UNDO_STUCK, f"the compensation of site {event.site} fails: {event.text}", event.site)

    def spread(self, event: Arrived) -> StepOutcome:
        """A role voted done, but the saga is undone here: send it the abort, since it may not have been told."""
        self._state.note(event.message)
        self._send_abort((event.message.sender,))
        return StepOutcome.NOTHING

    def calls_not_ended(self, event: CloseAnswered) -> StepOutcome:
        """Park: at a worker without a fence, a call of this session is still under way after the longest wait."""
        self._state.pages.ask_again()
        return self._state.park(UNENDED, "a call to the worker has not ended")

    def calls_have_ended(self) -> None:
        """The worker has answered the close, so its calls have ended and no operator has to say so. Unpark now: a late
        `skip` would otherwise apply to a compensation."""
        if self._state.row.parked is not None and self._state.row.parked.code == UNENDED:
            self._state.update(parked=None)
