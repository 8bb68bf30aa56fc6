"""What a session does while its worker is asked to refuse every later call, and what the answer leads to.

Messages that arrive meanwhile are kept, because the session may go on after all: if the fence holds the reply of the
call in doubt, or if the pivot of a worker without a fence may have been executed.

Not promised: that the phase itself survives a crash. Its cause does (`runtime.saga`).
"""

from __future__ import annotations

from accompanist.runtime.by_hand import OperatorOrders
from accompanist.runtime.events import (
    Arrived,
    CallAnswered,
    CloseAnswered,
    Name,
)
from accompanist.runtime.peer_aborts import PeerAborts
from accompanist.runtime.position import Position
from accompanist.runtime.requests import UndoRequests
from accompanist.runtime.running import ForwardRun
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.state import SessionState
from accompanist.runtime.undo import Undo


class Closing:
    """What a session does while its worker is being closed."""

    def __init__(
        self,
        state: SessionState,
        position: Position,
        undo: Undo,
        aborts: PeerAborts,
        requests: UndoRequests,
        running: ForwardRun,
        operator: OperatorOrders,
    ) -> None:
        self._state = state
        self._position = position
        self._undo = undo
        self._aborts = aborts
        self._requests = requests
        self._running = running
        self._operator = operator

    def keep(self, event: Arrived) -> StepOutcome:
        """Put a message into the mailbox: the session may go on after all."""
        self._state.put(event.message)
        return StepOutcome.NOTHING

    def late(self, event: CallAnswered) -> StepOutcome:
        """Keep the answer to the call in doubt. Where there is no fence, the answer to the close needs it."""
        self._state.late = event
        return StepOutcome.NOTHING

    def answered(self, event: CloseAnswered) -> StepOutcome:
        """The worker refuses later calls, and lists what it has executed. Without a fence it lists nothing: then the
        pivot's reply, if it came in the meantime, lets the session go on, and so does a pivot without an answer."""
        self._undo.calls_have_ended()
        if event.executed is not None:
            return self._undo.closed(event.executed, event.more)
        if (reply := self._position.pivot_through()) is not None:
            return self.held(CloseAnswered(Name.HELD, reply=reply))
        if self._position.pivot_in_doubt() is not None:
            # do not vote abort: the vote is final, and a pivot has no compensation
            return StepOutcome.GOES_ON
        return self._undo.closed_by_the_log()

    def held(self, event: CloseAnswered) -> StepOutcome:
        """The call in doubt had succeeded: keep its reply, unless the saga is undone elsewhere."""
        if self._state.told:
            return self._undo.fail(self._state.failing or "undone elsewhere")
        assert self._state.wait is not None
        self._state.answer(CallAnswered(self._state.wait.site, Name.REPLIED, event.reply), "replied")
        return StepOutcome.GOES_ON

    def go_on(self) -> StepOutcome:
        """The session is not undone after all. Hear the requests that were deferred, then run on. If nobody knows
        whether the pivot was executed, park instead."""
        self._state.failing = None
        outcome = self._requests.hear_deferred()
        if outcome is not StepOutcome.NOTHING:
            return outcome
        if (pivot := self._state.in_doubt()) is not None:
            return self._running.leave_in_doubt(pivot, "gives no answer")
        outcome = self._aborts.pivot_was_done()
        return self._running.advance() if outcome is StepOutcome.NOTHING else outcome

    def read_page(self, event: CloseAnswered) -> StepOutcome:
        """A page of what is to be compensated: the first since the session was recovered, or the next."""
        self._undo.calls_have_ended()
        self._state.pages.take(self._position.from_results() if event.executed is None else event.executed, event.more)
        outcome = self._undo.compensate_next()
        orders, self._state.orders = self._state.orders, []
        for order in orders:
            if outcome is StepOutcome.NOTHING:
                outcome = self._operator.operate(Arrived(order))
            else:  # too late: nothing is left to be compensated
                self._operator.note_order(order)
        return outcome
