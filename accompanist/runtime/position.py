"""Where a session's program stands, as far as that decides what may still be undone.

A program that has not run since its session was loaded is run again to find out: nothing is sent or called by that.
Without a fence, the log's results and the present run also say what the worker has executed.

Not promised: that a session which has lost messages to the inbox knows where it stands (`Session.has_to_know`).
"""

from __future__ import annotations

from contextlib import suppress

from accompanist.runtime.burst import CallWorker
from accompanist.runtime.events import (
    Name,
)
from accompanist.runtime.ports import Executed
from accompanist.runtime.replay import Diverged, Failed, Run, executed_by, executed_in
from accompanist.runtime.state import SessionState
from accompanist.runtime.unfenced import UNENDED


class Position:
    """Where the program of a session stands."""

    def __init__(self, state: SessionState) -> None:
        self._state = state

    def past_commit(self) -> bool:
        """Whether nothing may fail here any more: the pivot has committed, or the program stands after it or in
        parallel to it."""
        return self.committed_here(self._state.run)

    def committed_here(self, run: Run | None) -> bool:
        """The same, for a program that stands where `run` does."""
        return (run is not None and run.past_commit) or self.pivot_is_through()

    def pivot_is_through(self) -> bool:
        """Whether this role's own pivot, or the commit point's record, is in the log."""
        operations = self._state.program.projection.operations
        return any(
            result.outcome == "replied" and operations[result.operation].pivot
            for result in self._state.results.values()
            if result.operation in operations
        )

    def stand_again(self) -> None:
        """Run a parked program again if it has not run since it was loaded, to find where it stands: the pivot may have
        been called. Nothing is sent or called."""
        if self._state.row.parked is not None:
            self._take_stand()

    def _take_stand(self) -> None:
        """The same, whether it is parked or not: for a session that will be closed in any case."""
        begun = self._state.arguments is not None if self._state.is_initiator else len(self._state.mailbox) > 0
        if self._state.run is not None or not begun:
            return
        with suppress(Failed, Diverged):
            run = self._state.new_run()
            wait = run.advance()
            self._state.run, self._state.wait = run, wait
            # a row that is older than `asked` does not say whether it was called: assume so
            if wait is not None and wait.call is not None and self._state.row.asked in (None, wait.call.site):
                self._state.asked = wait.call.site

    def pivot_through(self) -> bytes | None:
        """The pivot's reply, if it came after the close was asked for. A fence would report it with the close. Without
        a fence, only this reply says that the saga has passed its commit point."""
        late, call = self._state.late, self._state.in_doubt()
        if late is None or call is None or late.name is not Name.REPLIED:
            return None
        lost = self._state.told or self._state.row.granted is not None
        return late.value if self._state.program.projection.operations[call.operation].pivot and not lost else None

    def pivot_in_doubt(self) -> CallWorker | None:
        """The pivot that was called at a worker without a fence, if its outcome is unknown and nothing else has undone
        the saga."""
        call = self._state.in_doubt()
        if call is None or not self._state.program.projection.operations[call.operation].pivot:
            return None
        declined = self._state.late is not None and self._state.late.name is Name.DECLINED
        lost = self._state.told or self._state.row.granted is not None
        asked = self._state.row.asked in (None, call.site)
        return None if declined or lost or not asked else call

    def stands_at_pivot(self) -> CallWorker | None:
        """The pivot that was called here, or may have been: the row that records the call may be written later."""
        if self._state.role != self._state.program.choreography.commit_role:
            return None
        self._take_stand()
        call = self._state.wait.call if self._state.wait is not None else None
        if call is None or call.site in self._state.results:
            return None
        operation = self._state.program.projection.operations[call.operation]
        if not operation.pivot or operation.recorded:
            return None
        self._state.asked = call.site
        return call

    def from_results(self) -> tuple[Executed, ...]:
        """What a worker without a fence has executed, as far as the log, the mailbox and its last answer tell. A call
        that was never made was not executed. A row without `asked` does not tell: then the open call counts."""
        declined = (
            self._state.late.site if self._state.late is not None and self._state.late.name is Name.DECLINED else None
        )
        live = None if self._state.mailbox.whole else self._state.run
        answered, doubtful = executed_by(self._state.new_run) if live is None else executed_in(live)
        if doubtful is None or doubtful.site == declined or self._state.row.asked not in (None, doubtful.site):
            return answered
        return (*answered, doubtful)

    def stand(self) -> Run | None:
        """A fresh run, advanced as far as it goes; None where it cannot begin."""
        run = None
        if self._state.arguments is not None or not self._state.is_initiator:
            # only where it stops matters, not why
            with suppress(Failed, Diverged):
                run = self._state.new_run()
                run.advance()
        return run

    @property
    def unended(self) -> bool:
        """Whether it is parked because a call to a worker without a fence may still be under way."""
        return self._state.row.parked is not None and self._state.row.parked.code == UNENDED
