"""Requests to undo a saga: a client's cancel, and a deadline that has passed.

One role decides about them (`runtime.beginning.owner_of`), before the commit point only; the initiator passes on what
it is asked. They are heard in every phase. While the session is closing they wait: the fence may say that the call in
doubt had succeeded, and the session goes on.
"""

from __future__ import annotations

from accompanist.runtime import undelivered
from accompanist.runtime.beginning import owner_of
from accompanist.runtime.control import DEADLINE_SITE, control, reason_in
from accompanist.runtime.ending import Ending
from accompanist.runtime.events import Arrived, Clashed, Deadline
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Phase
from accompanist.runtime.state import ILL_TOLD

CANCELLED = "cancelled: "
DEADLINE = "deadline"


class Requests(Ending):
    """A session that can be asked to undo its saga."""

    def _on_consider(self, event: Arrived) -> None:
        """A cancel, or a deadline that has become one: a request, granted by the owner of the commit point and before
        it, or by the initiator where there is none; others pass it on.

        Whether it is heard before the commit point is an accident of arrival, so a grant is a record, and stable before
        the close that follows from it leaves (Rule 0): a successor that heard the data first would go past the commit
        point, and a late close would shut the door on what has to be done there. Not so where the pivot was asked: then
        the close leaves the decision to the fence, and asked twice that decides once."""
        reason = reason_in(event.message)
        if self.role != self._owner:
            if self.is_initiator:
                self._ask_owner(control(self.header, Kind.CANCEL, self.role, self._owner, reason))
            return
        if self.row.phase is Phase.CLOSING:
            self._defer(event)
            return
        self._stand_again()
        if self._past_commit() or (self.row.vote is not None and not self.is_initiator):
            # on a path that came to no commit point, the initiator may have settled on this role's done vote
            return
        if self.row.parked is not None and self.row.parked.code == ILL_TOLD:
            self._update(parked=None)  # who gives the saga up need not say what was meant
        in_doubt = self._in_doubt()
        asked = self.program.projection.operations[in_doubt.operation] if in_doubt is not None else None
        # a pivot may be through at its worker, whose fence knows; a record is through when it is here
        doubtful = asked is not None and asked.pivot and not asked.recorded
        reason = reason if reason == DEADLINE else f"{CANCELLED}{reason}"
        if in_doubt and doubtful:
            self._close(reason, unless=in_doubt.site)
            return
        self._close(reason)

    def _on_expire(self, event: Deadline) -> None:
        """The deadline has passed here; another sidecar's clock may see it otherwise. So nothing is done about it
        until it is a message that is stable (Rule 0): a close that left on a timer's word alone could arrive after a
        successor has gone past the pivot."""
        if self.hears_deadline:
            self._ask_owner(control(self.header, Kind.CANCEL, self.role, self._owner, DEADLINE, DEADLINE_SITE))

    def _ask_owner(self, request: Message) -> None:
        """Pass a request on. Who is asked is reached: it may begin with that, grants then, and has to be heard of
        before the saga is over."""
        self._draft.messages.append(request)
        self._draft.forced = True
        if request.receiver != self.role:
            self._update(contacts=tuple(sorted({*self.row.contacts, request.receiver})))

    @property
    def hears_deadline(self) -> bool:
        """Whether this role decides about a deadline, or is asked for it by those who started the session."""
        return self.is_initiator or self.role == self._owner

    @property
    def _owner(self) -> str:
        """The role that decides about a request to undo."""
        return owner_of(self.program.choreography, self.header)

    def _on_clashed(self, event: Clashed) -> None:
        """Park: a message of this session will never be taken. While closing it waits to be heard."""
        if self.row.phase is Phase.CLOSING:
            self._defer(event)
            return
        self._park(*undelivered.reason(event, self.header))

    def _defer(self, event: Arrived | Clashed) -> None:
        """The fence may say that the session goes on after all."""
        if event not in self._requests:
            self._requests.append(event)

    def _hear_requests(self) -> None:
        """What came while the session was closing, now that it goes on: before it asks for more."""
        waiting, self._requests = self._requests, []
        for event in waiting:
            if isinstance(event, Clashed):
                self._on_clashed(event)
            else:
                self._on_consider(event)
