"""What a session does once it was rebuilt from the log: it closes again, or runs on.

The log does not keep the phase CLOSING. Its cause is found again: in the row, in the inbox, or at the fence.

Not promised: that the bursts are the same as before the crash. What has left already leaves again, with the same
identity.
"""

from __future__ import annotations

from accompanist.runtime.events import (
    Recovered,
)
from accompanist.runtime.ports import Phase
from accompanist.runtime.position import Position
from accompanist.runtime.running import ForwardRun
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.state import SessionState
from accompanist.runtime.undo import Undo


class Resumption:
    """Takes a session up again that was rebuilt from the log."""

    def __init__(self, state: SessionState, position: Position, undo: Undo, running: ForwardRun) -> None:
        self._state = state
        self._position = position
        self._undo = undo
        self._running = running

    def due(self, lost: bool) -> bool:
        """Whether something follows from the log's rows before the inbox is heard. `lost`: it holds an abort."""
        return self.closes_again() or (not lost and (self._position.unended or self.runs_on()))

    def begin_again(self, event: Recovered) -> StepOutcome:
        """Close again what was closing; else run on, unless the inbox says that the saga is undone."""
        if self._position.unended and not event.lost and (outcome := self._close_again()) is not StepOutcome.NOTHING:
            return outcome
        if self.closes_again():
            assert self._state.row.granted is not None
            return self._undo.fail(self._state.row.granted)
        return StepOutcome.NOTHING if event.lost else self.run_on(event)

    def closes_again(self) -> bool:
        """Whether its row says that it was closing, and why."""
        return self._state.row.granted is not None and self._state.row.phase in (Phase.RUNNING, Phase.DONE)

    def _close_again(self) -> StepOutcome:
        """Close again a session that was parked in CLOSING for a call that had not ended. The log does not keep that
        phase. The call itself is not repeated, because it may still be under way."""
        if self._state.row.phase is Phase.RUNNING and self._state.row.granted is None:
            self._position.stand_again()
        self._state.update(parked=None)
        if (call := self._state.in_doubt()) is not None:
            return self._undo.fail(f"{call.operation} gives no answer", unless=call.site)
        return StepOutcome.NOTHING

    def runs_on(self) -> bool:
        """Whether its program has not run yet, or its next compensation has not been asked for."""
        heard = len(self._state.mailbox) > 0 or self._state.mailbox.spilled
        begun = self._state.arguments is not None if self._state.is_initiator else heard
        runs = self._state.row.phase is Phase.RUNNING and self._state.run is None and begun
        return runs or (self._state.row.phase is Phase.UNDOING and self._state.asked is None)

    def run_on(self, event: Recovered) -> StepOutcome:
        """Run the program from the top, or ask for the next compensation."""
        if not self.runs_on():
            return StepOutcome.NOTHING
        if self._state.row.phase is Phase.RUNNING:
            return self._running.advance()
        if self._state.row.left or not self._state.has_door:
            self._state.pages.leave_the_rest()
        return self._undo.compensate_next()
