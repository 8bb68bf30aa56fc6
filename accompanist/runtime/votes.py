"""The votes, and how a saga ends.

A role tells the initiator that it is done, or that it is undone. The initiator counts what the others tell it. It
settles the saga when every role that was reached has voted done, and ends it when every such role is undone.

Not promised: that a role tells the truth about the roles that it has reached.
"""

from __future__ import annotations

from typing import Any

from accompanist.runtime.control import (
    closure,
    control,
)
from accompanist.runtime.events import (
    Arrived,
)
from accompanist.runtime.messages import Kind
from accompanist.runtime.peer_aborts import PeerAborts
from accompanist.runtime.ports import Phase
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.state import SessionState
from accompanist.runtime.undo import Undo


class Votes:
    """Tells and counts the votes of a session, and ends its saga."""

    def __init__(self, state: SessionState, undo: Undo, aborts: PeerAborts) -> None:
        self._state = state
        self._undo = undo
        self._aborts = aborts

    def count(self, event: Arrived) -> StepOutcome:
        """Count a vote or an answer. The initiator ends the saga when it has all of them."""
        self._state.note(event.message)
        if event.message.kind is Kind.COMPENSATED:  # it is undone here, too
            self._undo.tell_named((event.message.sender,))
        return self._conclude()

    def settled(self, event: Arrived) -> StepOutcome:
        """Finish as settled: the initiator has said so."""
        self._state.note(event.message)
        return StepOutcome.ALL_DONE

    def ended(self, event: Arrived) -> StepOutcome:
        """Finish as ended: the initiator has said so."""
        self._state.note(event.message)
        return StepOutcome.ALL_UNDONE

    def enter_done(self) -> StepOutcome:
        """Tell the initiator the vote. The initiator itself settles the saga if all others have voted done."""
        self._state.draft.forced = True
        if not self._state.is_initiator:
            contacts = list(self._state.row.contacts)
            self._state.draft.messages.append(
                control(self._state.header, Kind.DONE, self._state.role, self._state.header.initiator, contacts)
            )
            return StepOutcome.NOTHING
        outcome = self._conclude()
        if outcome is StepOutcome.NOTHING:
            self._aborts.heed_undone()
        return outcome

    def enter_undone(self) -> StepOutcome:
        """Tell the initiator that all is compensated. The initiator itself ends the saga if all others are undone. A
        session that never did anything is over at once."""
        self._state.asked = None
        self._state.draft.forced = True
        if self._state.is_initiator:
            return self._conclude()
        said: dict[str, Any] = {
            "reason": self._state.row.reason or "",
            "roles": sorted(self._state.program.projection.sends_to),
        }
        said |= {"left": True} if self._state.row.left else {}
        self._state.draft.messages.append(
            control(self._state.header, Kind.COMPENSATED, self._state.role, self._state.header.initiator, said)
        )
        return StepOutcome.ALL_UNDONE if self._state.never_began else StepOutcome.NOTHING

    def _conclude(self) -> StepOutcome:
        """End the saga if every role it reached has answered. Only the initiator does so, and only once."""
        if not self._state.is_initiator:
            return StepOutcome.NOTHING
        if self._state.row.phase is Phase.DONE:
            reached = closure(self._state.row.contacts, self._state.said_done) - {self._state.role}
            if reached <= self._state.said_done.keys():
                self._tell_all(Kind.SETTLED, reached, None)
                return StepOutcome.ALL_DONE
        elif self._state.row.phase is Phase.UNDONE:
            first = {
                *self._state.program.projection.sends_to,
                *self._state.row.contacts,
                *self._state.said_done,
                *self._state.said_undone,
            }
            reached = closure(first, self._state.said_undone) - {self._state.role}
            if reached <= self._state.said_undone.keys():
                self._tell_all(Kind.ENDED, reached, self._state.row.reason or "")
                return StepOutcome.ALL_UNDONE
        return StepOutcome.NOTHING

    def _tell_all(self, kind: Kind, roles: frozenset[str], content: Any) -> None:
        self._state.draft.messages.extend(
            control(self._state.header, kind, self._state.role, role, content) for role in sorted(roles)
        )

    def enter_settled(self) -> StepOutcome:
        """Record that the saga is settled. The initiator's record is on disk before the others are told."""
        return self._finish("settled")

    def enter_ended(self) -> StepOutcome:
        """Record that the saga is undone. The initiator's record is on disk before the others are told."""
        return self._finish("ended")

    def _finish(self, outcome: str) -> StepOutcome:
        self._state.update(outcome=outcome, parked=None)
        self._state.draft.forced |= self._state.is_initiator
        return StepOutcome.NOTHING
