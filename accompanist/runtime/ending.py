"""The steps that end a saga at one role: close, vote, tell the others, compensate, conclude.

`Session` decides when they run; nothing here handles an event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from accompanist.errors import catalogue
from accompanist.runtime.authority import ends_by_hand
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.control import because, closure, control
from accompanist.runtime.messages import Kind
from accompanist.runtime.operate import ENDED_HERE
from accompanist.runtime.ports import Executed, Phase, ResultKind
from accompanist.runtime.saga import Outcome
from accompanist.runtime.state import State

UNDO_STUCK = catalogue(
    "ACC204",
    "compensation does not succeed",
    "A compensation has used up its retry budget and still fails. The session stays parked; no other session waits "
    "for it.",
    "Repair the worker, then retry, skip or resolve the session.",
)


class Ending(State):
    """A session that can be undone and ended."""

    def _close(self, reason: str, unless: str | None = None) -> Outcome:
        """Note why the saga is to be undone. `unless`: the call in doubt, if the fence decides by its reply.

        The cause must be stable before the close leaves (Rule 0). Else a successor would not find it, might go on past
        the commit point, and find its session closed there. Two causes need no record: an abort from another role is in
        the inbox; and where the fence decides, by whether it holds a reply for the call in doubt, it gives the same
        answer when asked again. Every other cause becomes a record here."""
        self._failing = self._failing or reason
        if not self._told and unless is None and self.row.granted is None:
            self._update(granted=self._failing)
            self._draft.forced = True
        self._unless = unless
        return Outcome.FAILED

    def _enter_closing(self) -> Outcome:
        """Close the session at the worker before any role is told (docs/protocol.md). A role without transactions has
        nothing to close."""
        self._update(waiting=f"worker: close, before it is undone: {self._failing}")
        if self._has_door:
            self._draft.calls.append(CloseWorker(self._unless))
            return Outcome.NOTHING
        return self._closed(())

    def _closed(self, executed: Iterable[Executed], more: bool = False) -> Outcome:
        """The worker refuses later calls and has executed these. `more`: the fence has earlier entries, which are read
        when they are due."""
        self._undoing.take(executed, more)
        return Outcome.CLOSED

    def _enter_undoing(self) -> Outcome:
        """Vote abort, tell the others, and begin to compensate what was executed, or nothing if an operator ended the
        saga."""
        self._asked, self._requests = None, []
        vote = self.row.vote or ("abort" if not self._told else None)
        if self.row.left:
            self._undoing.leave_the_rest()
        self._update(vote=vote, reason=self._failing)
        self._draft.forced = True
        told = set(self.program.projection.sends_to)
        if self.is_initiator:
            told |= {*self.row.contacts, *self._said_done, *self._said_undone}
        else:
            told.add(self.header.initiator)
        self._send_abort(sorted(told - {self.role}))
        self._tell_named(self._said_undone)
        return self._compensate_next()

    def _closed_by_the_log(self) -> Outcome:
        """The worker was closed without a fence: the results say what was executed. Whether the call without an answer
        counts as executed is decided now and recorded."""
        executed = self._from_results()
        self._update(asked=next((entry.site for entry in executed if entry.site not in self._results), ""))
        return self._closed(executed)

    def _send_abort(self, roles: Iterable[str]) -> None:
        self._draft.forced = True
        self._draft.messages.extend(
            control(self.header, Kind.ABORT, self.role, role, because(self.row.reason or "", self.row.left))
            for role in roles
        )

    def _tell_named(self, senders: Iterable[str]) -> None:
        """As the initiator, send the abort to roles that others say they may have reached. After the commit point these
        believe the initiator only (`runtime.undone`)."""
        if self.is_initiator and self.program.choreography.commit_role is not None:
            named = set[str]().union(*(self._said_undone.get(sender, ()) for sender in senders))
            told = {self.role, *self.program.projection.sends_to, *self.row.contacts}
            heard = self._said_undone.keys() | self._said_done.keys()
            self._send_abort(sorted(named - told - heard))

    def _mark(self, entry: Executed, outcome: str, value: bytes = b"null") -> None:
        """Record that an executed transaction is undone. The mark is stable before the next compensation is asked
        for."""
        operation = self.program.projection.operations.get(entry.operation)
        name = operation.compensation if operation is not None else None
        result = self._result(entry.site, ResultKind.COMPENSATE, name or "", entry.arguments, outcome, value)
        self._remember(result)
        self._draft.results.append(result)
        self._draft.forced = True

    def _compensate_next(self) -> Outcome:
        """Ask for the next compensation, in reverse order of commit, once the mark of the one before is stable. A
        parked session still reads the next page: that changes nothing at the worker, and the operator has to know which
        compensation is due."""
        entry = self._undoing.next(self._marks)
        if (page := self._undoing.read_on()) is not None:
            self._draft.calls.append(page)
        if (parked := self.row.parked) is not None:
            if entry is not None and not parked.site:  # show the operator which compensation a `skip` would skip
                self._update(parked=msgspec.structs.replace(parked, site=entry.site))
            return Outcome.NOTHING
        if self._undoing.asked is not None:
            self._update(waiting="worker: what is to be undone")
        elif entry is not None:
            self._compensate(entry)
        elif self._awaits_word:
            self._update(waiting="the initiator's word whether what was done stays")
        else:
            return Outcome.COMPENSATED
        return Outcome.NOTHING

    @property
    def _awaits_word(self) -> bool:
        """Whether an operator ended the saga at this role, this role may not decide that, and the initiator has not
        said yet whether what was done stays or is undone."""
        own = ENDED_HERE in self.row.verbs
        return own and self.row.left and not self._decided and not ends_by_hand(self.program.choreography, self.role)

    def _compensate(self, entry: Executed) -> None:
        operation = self.program.projection.operations.get(entry.operation)
        if operation is None or operation.compensation is None:
            what = f"{entry.operation} at {entry.site}"
            self._park(UNDO_STUCK, f"{what} was executed, as far as is known, and has no compensation", entry.site)
            return
        self._asked = entry.site
        self._update(waiting=f"worker: {operation.compensation} at {entry.site}")
        self._draft.calls.append(CallWorker(entry.site, ResultKind.COMPENSATE, operation.compensation, entry.arguments))

    def _enter_undone(self) -> Outcome:
        """Tell the initiator that all is compensated. The initiator itself ends the saga if all others are undone."""
        self._asked = None
        self._update(waiting="the others' compensation")
        self._draft.forced = True
        if self.is_initiator:
            return self._conclude()
        said: dict[str, Any] = {"reason": self.row.reason or "", "roles": sorted(self.program.projection.sends_to)}
        said |= {"left": True} if self.row.left else {}
        self._draft.messages.append(control(self.header, Kind.COMPENSATED, self.role, self.header.initiator, said))
        return Outcome.NOTHING

    # -- the initiator's part ----------------------------------------------------------------------

    def _conclude(self) -> Outcome:
        """End the saga if every role it reached has answered. Only the initiator does so, and only once."""
        if not self.is_initiator:
            return Outcome.NOTHING
        if self.row.phase is Phase.DONE:
            reached = closure(self.row.contacts, self._said_done) - {self.role}
            if reached <= self._said_done.keys():
                self._tell_all(Kind.SETTLED, reached, None)
                return Outcome.ALL_DONE
        elif self.row.phase is Phase.UNDONE:
            first = {*self.program.projection.sends_to, *self.row.contacts, *self._said_done, *self._said_undone}
            reached = closure(first, self._said_undone) - {self.role}
            if reached <= self._said_undone.keys():
                self._tell_all(Kind.ENDED, reached, self.row.reason or "")
                return Outcome.ALL_UNDONE
        return Outcome.NOTHING

    def _tell_all(self, kind: Kind, roles: frozenset[str], content: Any) -> None:
        self._draft.messages.extend(control(self.header, kind, self.role, role, content) for role in sorted(roles))

    def _enter_settled(self) -> Outcome:
        """Record that the saga is settled. The initiator's record is on disk before the others are told."""
        return self._finish("settled")

    def _enter_ended(self) -> Outcome:
        """Record that the saga is undone. The initiator's record is on disk before the others are told."""
        return self._finish("ended")

    def _finish(self, outcome: str) -> Outcome:
        self._update(outcome=outcome, waiting="", parked=None)
        self._draft.forced |= self.is_initiator
        return Outcome.NOTHING
