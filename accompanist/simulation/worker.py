"""A role's worker with a fence in memory, for one session. What it decides is `simulation.fence`.

`operations` maps an operation's name to a function of its arguments' JSON bytes that returns the reply's JSON bytes or
raises `Refusal`. What was really executed and undone is the oracle that runs are judged by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from accompanist import limits
from accompanist.language.program.program import Operation
from accompanist.runtime.answers import Answer, Declined, Missing, Replied
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import CloseAnswered, Name
from accompanist.runtime.ports import Executed
from accompanist.simulation import fence
from accompanist.simulation.fence import FENCED, FenceState


class Refusal(Exception):
    """A worker's declared failure."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FencedWorker:
    """The worker of one role in one session."""

    rules = FENCED
    page_rows = 1
    """Entries in one answer to a close: few, so that a saga of a few transactions has several pages."""
    page_bytes = limits.fence_page_bytes_max

    def __init__(self, operations: Mapping[str, Operation], functions: Mapping[str, Callable[[bytes], bytes]]) -> None:
        self._operations = operations
        self._functions = functions
        self._fence = FenceState()

    @property
    def closed(self) -> bool:
        """Whether the session's door is shut."""
        return self._fence.closed

    @property
    def executed(self) -> list[Executed]:
        """The transactions that were done, in order."""
        return list(self._fence.executed)

    @property
    def undone(self) -> list[str]:
        """The sites that were compensated, in order."""
        return list(self._fence.undone)

    def call(self, call: CallWorker) -> Answer:
        """Answer a call from the fence, or run its function. What the function raises beside `Refusal` is raised, and
        leaves nothing in the fence."""
        operation = self._operations.get(call.operation)
        if operation is None:
            return Missing(call.operation)
        answer, self._fence = fence.enter(self._fence, call, operation, self.rules)
        if answer is None:
            answer, self._fence = fence.leave(self._fence, call, operation, self._run(call))
        return answer

    def close(self, unless: str | None, before: str | None = None) -> CloseAnswered:
        """Close the session, unless a call has replied, and list a page of what is to be undone."""
        asked = CloseWorker(unless, before)
        told, self._fence = fence.close(self._fence, asked, self.page_rows, self.page_bytes)
        return told

    def _run(self, call: CallWorker) -> Answer:
        try:
            return Replied(self._functions[call.operation](call.arguments))
        except Refusal as refusal:
            return Declined(refusal.reason)


def close_reply(told: CloseAnswered) -> bytes:
    """The answer to a close as JSON, as the worker contract has it."""
    if told.name is Name.HELD:
        return orjson.dumps({"closed": False, "reply": orjson.Fragment(told.reply)})
    executed = [
        {"site": entry.site, "operation": entry.operation, "arguments": orjson.Fragment(entry.arguments)}
        for entry in told.executed or ()
    ]
    return orjson.dumps({"closed": True, "executed": executed} | ({"more": True} if told.more else {}))
