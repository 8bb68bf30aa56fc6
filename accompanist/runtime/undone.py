"""Whose word that the saga is undone a role believes, and what follows from it (docs/protocol.md).

An honest role aborts before the commit point only: everything that may fail happens before it, at every role. So an
abort after it is no abort, but the word of one that lies. What a role knows of that, and whom it believes then:

    its pivot is through        an initiator that is another role. The log, or the worker's fence, has the reply, so a
                                restart decides alike
    it stands at its pivot      the fence decides: the door is shut unless it holds the pivot's reply. Without a fence
                                nobody knows whether it was done, and a person says so (`runtime.unfenced`)
    it waits, or goes on,       the initiator and the owner of the commit point, who may have passed it: all that this
    behind the commit point     role does before is done. What was believed before it came so far is kept as a record
    it has voted done           the initiator: who says so may have voted done, too, and the saga be settled on both
    the saga is settled         the initiator, whose word would be impossible then

The initiator is told of every abort and believes it until its own pivot is through. It tells all that it hears of, so
that nobody waits for a word which it does not believe of others.

"Ended by hand: what was done stays" is for those to say whose decision the end is, the initiator and the owner of the
commit point. A person may have to say so at any role. That role stops, undoes nothing yet, and waits for the
initiator's word; of the others only the initiator hears of it. The initiator tells all how it ends: what was done
stays. Where it owns the commit point and has not passed it, everything can be undone, and so is, at that role, too.

Who is not believed is counted all the same where it says that it is undone: the saga may be ended later. It will not
vote done any more. So where the initiator's own pivot is through, the saga cannot settle, and its session is parked for
a person, who ends the saga or lets it wait. An honest role does not say so: what fails beside the commit point, or
where nobody can say whether it comes before, is parked where it fails.

Not promised: that an initiator which does not own the commit point knows when that is passed. It believes an abort, and
is believed: everything is undone but the pivot, whose session is parked. Nor does a role that only works beside the
commit point know of it, before it waits for something that comes after, nor one that has not begun: an abort leaves a
tombstone there, whoever says it. Nor, where the initiator does not own the commit point, that a person who ends the
saga and a role that undoes it at the same time agree: each keeps to what it has begun.
"""

from __future__ import annotations

from accompanist.errors import catalogue
from accompanist.runtime.authority import ends_by_hand, leaves
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.by_hand import ByHand
from accompanist.runtime.control import left_in, reason_in, site_of
from accompanist.runtime.events import Arrived
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import BY_HAND
from accompanist.runtime.ports import Phase
from accompanist.runtime.undoing import Undoing

UNDONE_ELSEWHERE = catalogue(
    "ACC210",
    "a role is undone after the commit point",
    "A role says that it has undone its part, and the commit point of the saga is passed. What was committed cannot be "
    "undone, and as long as that role does not vote done the saga cannot settle. A program that fails there is parked "
    "where it fails, so this was no failure: the role believed another's word that the saga is undone, or its service "
    "does not tell the truth.",
    "`accompanist sessions show ID` has the role's reason. `accompanist sessions end ID` ends the saga at every role: "
    "what was done stays, and the rest is yours. `accompanist sessions resume ID` goes on and waits for that role.",
)


class Undone(ByHand):
    """A session that may hear that its saga is undone."""

    def _on_operate(self, event: Arrived) -> None:
        """Carry out a person's verb, once, if it applies where the session stands."""
        super()._on_operate(event)
        self._heed_undone()

    def _believes(self, message: Message) -> bool:
        if message.sender == self.header.initiator:
            return True
        if self.row.phase is Phase.SETTLED or (self._says_left(message) and not self._hears_of_left(message.sender)):
            return False
        if self._pivot_is_through():
            return self.is_initiator and self._left_by(message)
        if self.is_initiator:
            return True
        decided = message.sender == self.program.choreography.commit_role
        return self.row.phase is not Phase.DONE and (decided or not self._waits_behind_commit())

    def _waits_behind_commit(self) -> bool:
        """Whether all that this role does before the commit point is done, and its owner may have passed it."""
        if self.row.phase is not Phase.RUNNING:
            return False
        run = self._run or self._stand()
        return run is not None and run.behind_commit

    def _says_left(self, message: Message) -> bool:
        """Whether it says that a person ended the saga and nothing is to be undone, and can be right."""
        return leaves(self.program.choreography) and left_in(message)

    def _hears_of_left(self, sender: str) -> bool:
        return self.is_initiator or ends_by_hand(self.program.choreography, sender)

    def _left_by(self, message: Message) -> bool:
        """Whether nothing is to be undone, because of a word that is believed."""
        behind = self.role != self.program.choreography.commit_role or self._pivot_is_through()
        decided = ends_by_hand(self.program.choreography, message.sender)
        return self._says_left(message) and (decided or (self.is_initiator and behind))

    def _on_told(self, event: Arrived) -> None:
        """Close, if the word that the saga is undone is believed here; at a pivot in doubt let the fence decide."""
        message = event.message
        if not self._believes(message):
            self._count_only(message)
            self._heed_undone()
            return
        pivot = self._stands_at_pivot() if message.sender != self.header.initiator else None
        parked = self.row.parked
        if parked is not None and parked.code != BY_HAND:
            parked = None  # what stood in its way does not matter any more; who stopped it lets it go on
        self._update(parked=parked)
        if pivot is not None:
            self._asks_fence(event, pivot)
            return
        self._note(message)
        self._told = True
        self._keep_cause(message)
        self._update(left=self._left_by(message))
        self._close(reason_in(message))

    def _asks_fence(self, event: Arrived, pivot: CallWorker) -> None:
        """Close unless the pivot was done. If it was, the word counts that what was done stays."""
        self._count_only(event.message)
        if self._says_left(event.message):
            self._left_if_through = event
        self._close(reason_in(event.message), unless=pivot.site)

    def _pivot_was_done(self) -> None:
        """What was heard while it was in doubt counts as it would after a restart."""
        if self.row.phase is not Phase.RUNNING or not self._pivot_is_through():
            return
        said, self._left_if_through = self._left_if_through, None
        if said is not None:
            self._on_told(said)
        self._heed_undone()

    def _heed_undone(self) -> None:
        """Leave it to a person, once for each role that says so. What it is parked for already comes first."""
        heard = {role: f"{site_of(Kind.COMPENSATED)} from {role}" for role in self._undone_elsewhere}
        new = [role for role, mark in heard.items() if mark not in self.row.verbs]
        if not new or self.row.parked is not None or self.row.phase not in (Phase.RUNNING, Phase.DONE):
            return
        self._update(verbs=(*self.row.verbs, *(heard[role] for role in new)))
        text = "has undone its part" if len(new) == 1 else "have undone their parts"
        self._park(UNDONE_ELSEWHERE, f"{', '.join(new)} {text}, and the commit point is passed here")

    def _on_told_again(self, event: Arrived) -> None:
        """Note another word that the saga is undone while the close is under way."""
        message = event.message
        undecided = self._unless is not None and self._stands_at_pivot() is not None
        if not self._believes(message) or (undecided and message.sender != self.header.initiator):
            self._count_only(message)
            if undecided and self._says_left(message) and self._hears_of_left(message.sender):
                self._left_if_through = event
            return
        if message.kind is Kind.COMPENSATED or not self._told:
            self._note(message)
        self._told = True
        self._hear_word(message)
        self._keep_cause(message)
        if self._left_by(message) and not self.row.left:  # nothing is undone yet, nor would it be after a restart
            self._update(left=True)

    def _on_decided(self, event: Arrived) -> None:
        """The session is being undone. Where a person ended it here, the initiator has the last word."""
        if self._awaits_word and self._hear_word(event.message):
            self._note(event.message)
            self._undoing = Undoing()  # nothing was read yet
            if self.row.left or not self._has_door:
                self._undoing.leave_the_rest()
            self._compensate_next()

    def _hear_word(self, message: Message) -> bool:
        if message.sender != self.header.initiator or not self._awaits_word:
            return False
        self._decided = True
        if not self._left_by(message):
            self._update(left=False)
            self._draft.forced = True
        return True

    def _keep_cause(self, message: Message) -> None:
        """A successor may have heard more, stand behind the commit point, and not believe the same word any more."""
        choreography = self.program.choreography
        beside = not any(ends_by_hand(choreography, role) for role in (self.role, message.sender))
        if beside and leaves(choreography) and self.row.granted is None:
            self._update(granted=reason_in(message))
            self._draft.forced = True

    def _count_only(self, message: Message) -> None:
        """What its sender owes the initiator is told with it, believed or not."""
        if message.kind is Kind.COMPENSATED:
            self._note(message)

    def _stands_at_pivot(self) -> CallWorker | None:
        """The pivot that was asked for here, or may have been: a row that only says what was asked may come late."""
        if self.role != self.program.choreography.commit_role:
            return None
        self._take_stand()
        call = self._wait.call if self._wait is not None else None
        if call is None or call.site in self._results:
            return None
        operation = self.program.projection.operations[call.operation]
        if not operation.pivot or operation.recorded:
            return None
        self._asked = call.site
        return call
