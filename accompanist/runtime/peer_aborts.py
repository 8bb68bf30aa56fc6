"""Which roles a role believes when they say that the saga is undone, and what it does then (docs/protocol.md).

An honest role aborts only before the commit point: at every role, everything that may fail happens before it. So an
abort after the commit point is forged. Whom a role believes depends on where it stands:

    its pivot has committed     an initiator that is another role. The log, or the worker's fence, has the reply, so the
                                decision is the same after a restart
    it stands at its pivot      the fence decides: it closes the session, unless it holds the pivot's reply. Without a
                                fence nobody knows whether the pivot was executed, and an operator has to say so
                                (`runtime.unfenced`)
    it runs, and another role   the initiator and the owner of the commit point. The owner may have passed that point
    owns the commit point       already: this role may have done its part in an earlier life, and have forgotten it
                                (early release, docs/durability.md). So it does not matter where it stands
    it runs, and owns that      everybody: its log knows that the pivot was called, before it is
    point, or there is none
    it has voted done           the initiator. Another sender may have voted done, too, and the saga may have settled on
                                both votes
    the saga is settled         the initiator only; that is an impossible event and parks the session

The initiator is told of every abort, and believes it until its own pivot has committed. It forwards it to all roles it
knows of, so that no role waits for an abort that it would not believe from another sender. A role that has not begun
believes the same ones (`runtime.beginning`): it may have done its part and have forgotten that it began.

An operator may have to end a saga by hand at any role, with what was done left as it is. Only the initiator and the
owner of the commit point decide that. Any other role stops, undoes nothing yet, tells the initiator only, and waits for
its decision. The initiator tells every role that what was done stays. If the initiator owns the commit point and has
not passed it, everything can still be undone, and is, at that role, too.

A `compensated` from a role that is not believed still counts: the saga may be ended later, and its sender will not vote
done any more. So if the initiator's own pivot has committed, the saga cannot settle: its session is parked for an
operator, who ends the saga or waits. An honest role never gets there: a failure in parallel to the commit point, or
where it is unknown whether it comes before, is parked where it happens.

Not promised:

- An initiator that does not own the commit point does not know when it is passed. It believes an abort, and others
  believe it: everything is undone but the pivot, whose session is parked.
- That a role hears of an abort at once. A participant's abort reaches the other participants by the initiator. Until
  then they run on, and what they do is undone later.
- If the initiator does not own the commit point, an operator may end the saga while a role undoes it. The two do not
  agree: each goes on with what it has begun.
"""

from __future__ import annotations

from accompanist.errors import catalogue
from accompanist.runtime.authority import ends_by_hand, leaves
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.compensation_pages import CompensationPages
from accompanist.runtime.control import (
    left_in,
    reason_in,
    site_of,
)
from accompanist.runtime.events import (
    Arrived,
)
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import BY_HAND
from accompanist.runtime.ports import Phase
from accompanist.runtime.position import Position
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.state import SessionState
from accompanist.runtime.undo import Undo

UNDONE_ELSEWHERE = catalogue(
    "ACC210",
    "a role is undone after the commit point",
    "A role says that it has undone its part, but the saga has passed its commit point. What was committed cannot be "
    "undone, and the saga cannot settle before that role votes done. A failure after the commit point parks the "
    "session where it happens, so this was no failure: the role believed an abort from another role, or its service "
    "lies.",
    "`accompanist sessions show ID` has the role's reason. `accompanist sessions end ID` ends the saga at every role: "
    "what was done stays, and you see to the rest. `accompanist sessions resume ID` goes on and waits for that role.",
)


class PeerAborts:
    """What a session does about other roles' messages that the saga is undone."""

    def __init__(self, state: SessionState, position: Position, undo: Undo) -> None:
        self._state = state
        self._position = position
        self._undo = undo

    def believes(self, message: Message) -> bool:
        if message.sender == self._state.header.initiator:
            return True
        if self._state.row.phase is Phase.SETTLED or (
            self._says_left(message) and not self._hears_of_left(message.sender)
        ):
            return False
        if self._position.pivot_is_through():
            return self._state.is_initiator and self._left_by(message)
        if self._state.is_initiator:
            return True
        if self._state.row.phase is Phase.DONE:
            return False
        return self._hears_abort_of(message.sender)

    def _hears_abort_of(self, sender: str) -> bool:
        """Whether this role believes that sender, as long as it has not voted done."""
        choreography = self._state.program.choreography
        return choreography.commit_role in (None, self._state.role) or ends_by_hand(choreography, sender)

    def _says_left(self, message: Message) -> bool:
        """Whether a message says that an operator ended the saga with everything left as it is, and can be true."""
        return leaves(self._state.program.choreography) and left_in(message)

    def _hears_of_left(self, sender: str) -> bool:
        return self._state.is_initiator or ends_by_hand(self._state.program.choreography, sender)

    def _left_by(self, message: Message) -> bool:
        """Whether nothing is to be undone, because a message that is believed says so."""
        behind = self._state.role != self._state.program.choreography.commit_role or self._position.pivot_is_through()
        decided = ends_by_hand(self._state.program.choreography, message.sender)
        return self._says_left(message) and (decided or (self._state.is_initiator and behind))

    def told(self, event: Arrived) -> StepOutcome:
        """Close, if the message that the saga is undone is believed. At a pivot in doubt the fence decides."""
        message = event.message
        if not self.believes(message):
            self._count_only(message)
            self.heed_undone()
            return StepOutcome.NOTHING
        pivot = self._position.stands_at_pivot() if message.sender != self._state.header.initiator else None
        parked = self._state.row.parked
        if parked is not None and parked.code != BY_HAND:
            parked = None  # an undone saga need not repair its fault; only an operator's own park stays
        self._state.update(parked=parked)
        if pivot is not None:
            return self._asks_fence(event, pivot)
        self._state.note(message)
        self._state.told = True
        self._state.update(left=self._left_by(message))
        return self._undo.fail(reason_in(message))

    def _asks_fence(self, event: Arrived, pivot: CallWorker) -> StepOutcome:
        """Close unless the pivot has committed. If it has, a message that an operator ended the saga still counts."""
        self._count_only(event.message)
        if self._says_left(event.message):
            self._state.left_if_through = event
        return self._undo.fail(reason_in(event.message), unless=pivot.site)

    def pivot_was_done(self) -> StepOutcome:
        """Handle the messages that were deferred while the pivot was in doubt, as a restart would."""
        if not self._position.pivot_is_through():
            return StepOutcome.NOTHING
        said, self._state.left_if_through = self._state.left_if_through, None
        outcome = self.told(said) if said is not None else StepOutcome.NOTHING
        if outcome is StepOutcome.NOTHING:
            self.heed_undone()
        return outcome

    def heed_undone(self) -> None:
        """Park if a role says that it is undone after the commit point, once for each role. A session that is parked
        already stays parked for that first."""
        heard = {role: f"{site_of(Kind.COMPENSATED)} from {role}" for role in self.undone_elsewhere}
        new = [role for role, mark in heard.items() if mark not in self._state.row.verbs]
        if not new or self._state.row.parked is not None or self._state.row.phase not in (Phase.RUNNING, Phase.DONE):
            return
        self._state.update(verbs=(*self._state.row.verbs, *(heard[role] for role in new)))
        text = "has undone its part" if len(new) == 1 else "have undone their parts"
        self._state.park(UNDONE_ELSEWHERE, f"{', '.join(new)} {text}, and the commit point is passed here")

    @property
    def undone_elsewhere(self) -> list[str]:
        """The roles that say they are undone, and have not voted done, although the commit point is passed here."""
        if (
            not self._state.is_initiator
            or not self._position.pivot_is_through()
            or self._state.row.phase not in (Phase.RUNNING, Phase.DONE)
        ):
            return []
        return sorted(self._state.said_undone.keys() - self._state.said_done.keys())

    def told_again(self, event: Arrived) -> StepOutcome:
        """Record another message that the saga is undone while the close is under way."""
        message = event.message
        undecided = self._state.unless is not None and self._position.stands_at_pivot() is not None
        if not self.believes(message) or (undecided and message.sender != self._state.header.initiator):
            self._count_only(message)
            if undecided and self._says_left(message) and self._hears_of_left(message.sender):
                self._state.left_if_through = event
            return StepOutcome.NOTHING
        if message.kind is Kind.COMPENSATED or not self._state.told:
            self._state.note(message)
        self._state.told = True
        self._hear_word(message)
        if (
            self._left_by(message) and not self._state.row.left
        ):  # nothing is undone yet, nor would it be after a restart
            self._state.update(left=True)
        return StepOutcome.NOTHING

    def decided(self, event: Arrived) -> StepOutcome:
        """The session is being undone. If an operator ended it at this role, the initiator's abort decides whether what
        was done stays."""
        if self._undo.awaits_word and self._hear_word(event.message):
            self._state.note(event.message)
            self._state.pages = CompensationPages()  # nothing was read yet
            if self._state.row.left or not self._state.has_door:
                self._state.pages.leave_the_rest()
            return self._undo.compensate_next()
        return StepOutcome.NOTHING

    def _hear_word(self, message: Message) -> bool:
        if message.sender != self._state.header.initiator or not self._undo.awaits_word:
            return False
        self._state.decided = True
        if not self._left_by(message):
            self._state.update(left=False)
            self._state.draft.forced = True
        return True

    def _count_only(self, message: Message) -> None:
        """Count a `compensated`, believed or not: it is its sender's answer to the initiator."""
        if message.kind is Kind.COMPENSATED:
            self._state.note(message)
