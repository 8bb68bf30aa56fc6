"""Requests to undo a saga: a client's cancel, and a deadline that has passed.

One role decides about them (`runtime.beginning.owner_of`), and grants them only before the commit point. The initiator
forwards the requests it gets. A request that comes while the session is closing is deferred: the fence may say that the
call in doubt had succeeded, and then the session goes on.
"""

from __future__ import annotations

from accompanist.runtime import undelivered
from accompanist.runtime.beginning import owner_of
from accompanist.runtime.control import (
    DEADLINE_SITE,
    control,
    reason_in,
)
from accompanist.runtime.events import (
    Arrived,
    Clashed,
    Deadline,
)
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Phase
from accompanist.runtime.position import Position
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.state import ILL_TOLD, SessionState
from accompanist.runtime.undo import Undo

CANCELLED = "cancelled: "
DEADLINE = "deadline"


class UndoRequests:
    """What a session does about requests to undo its saga."""

    def __init__(self, state: SessionState, position: Position, undo: Undo) -> None:
        self._state = state
        self._position = position
        self._undo = undo

    def consider(self, event: Arrived) -> StepOutcome:
        """Decide about a cancel or a passed deadline. The owner of the commit point grants it before that point, or the
        initiator where there is none; the initiator forwards it to the owner.

        Whether the request arrives before the commit point is a race. So the grant is a record, stable before the close
        leaves (Rule 0). Else a successor that got the data first could pass the commit point, and a late close would
        then refuse the calls that have to be made there. A pivot that was asked for needs no record: the fence decides,
        and gives the same answer when asked again."""
        reason = reason_in(event.message)
        if self._state.role != self._owner:
            if self._state.is_initiator:
                self._ask_owner(control(self._state.header, Kind.CANCEL, self._state.role, self._owner, reason))
            return StepOutcome.NOTHING
        if self._state.row.phase is Phase.CLOSING:
            return self.defer(event)
        self._position.stand_again()
        if self._position.past_commit() or (self._state.row.vote is not None and not self._state.is_initiator):
            # on a path that came to no commit point, the initiator may have settled on this role's done vote
            return StepOutcome.NOTHING
        if self._state.row.parked is not None and self._state.row.parked.code == ILL_TOLD:
            self._state.update(parked=None)  # an undone saga no longer needs the event's value
        in_doubt = self._state.in_doubt()
        asked = self._state.program.projection.operations[in_doubt.operation] if in_doubt is not None else None
        # a pivot may have committed at its worker, and the fence knows; a record has committed once it is in the log
        doubtful = asked is not None and asked.pivot and not asked.recorded
        reason = reason if reason == DEADLINE else f"{CANCELLED}{reason}"
        if in_doubt and doubtful:
            return self._undo.fail(reason, unless=in_doubt.site)
        return self._undo.fail(reason)

    def expire(self, event: Deadline) -> StepOutcome:
        """Turn the passed deadline into a cancel message. It has no effect before that message is stable (Rule 0):
        after a crash a successor may pass the pivot before the timer fires again, and a close that left earlier could
        then arrive late."""
        if self.hears_deadline:
            self._ask_owner(
                control(self._state.header, Kind.CANCEL, self._state.role, self._owner, DEADLINE, DEADLINE_SITE)
            )
        return StepOutcome.NOTHING

    def _ask_owner(self, request: Message) -> None:
        """Forward a request to the role that decides. That role counts as a contact: the request may begin its session,
        so the saga must not end before it has answered."""
        self._state.draft.messages.append(request)
        self._state.draft.forced = True
        if request.receiver != self._state.role:
            self._state.update(contacts=tuple(sorted({*self._state.row.contacts, request.receiver})))

    @property
    def hears_deadline(self) -> bool:
        """Whether this role handles the deadline's timer: the initiator and the role that decides do."""
        return self._state.is_initiator or self._state.role == self._owner

    @property
    def _owner(self) -> str:
        """The role that decides about a request to undo."""
        return owner_of(self._state.program.choreography, self._state.header)

    def clashed(self, event: Clashed) -> StepOutcome:
        """Park: a receiver will never take a message of this session. Deferred while the session is closing."""
        if self._state.row.phase is Phase.CLOSING:
            return self.defer(event)
        return self._state.park(*undelivered.reason(event, self._state.header))

    def defer(self, event: Arrived | Clashed) -> StepOutcome:
        """Handle it once the close is answered: the fence may say that the session goes on after all."""
        if event not in self._state.deferred:
            self._state.deferred.append(event)
        return StepOutcome.NOTHING

    def hear_deferred(self) -> StepOutcome:
        """Handle the requests that were deferred, now that the session goes on, before it makes another call. If one is
        granted, the others are deferred again."""
        waiting, self._state.deferred = self._state.deferred, []
        for number, event in enumerate(waiting):
            outcome = self.clashed(event) if isinstance(event, Clashed) else self.consider(event)
            if outcome is not StepOutcome.NOTHING:
                self._state.deferred = waiting[number + 1 :]
                return outcome
        return StepOutcome.NOTHING
