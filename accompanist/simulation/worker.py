"""A role's worker with a fence in memory: does what the SDK and its SQL do in Postgres.

The fence is durable by definition: it survives every crash of the world. `operations` maps an operation's name to a
function of its arguments' JSON bytes that returns the reply's JSON bytes or raises `Refusal`. The ledger counts what
was really executed and undone, and is the oracle that runs are judged by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from accompanist.language.program.program import Operation
from accompanist.language.values import codec
from accompanist.runtime.answers import Answer, Closed, Declined, Missing, Replied, Reused
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.events import CloseAnswered, Name
from accompanist.runtime.ports import Executed, ResultKind


class Refusal(Exception):
    """A worker's declared failure."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FencedWorker:
    """The worker of one role in one session."""

    page_rows = 1
    """Entries in one answer to a close: few, so that a saga of a few transactions has several pages."""

    def __init__(self, operations: Mapping[str, Operation], functions: Mapping[str, Callable[[bytes], bytes]]) -> None:
        self._operations = operations
        self._functions = functions
        self._answers: dict[tuple[str, ResultKind], tuple[bytes, Answer]] = {}
        self.closed = False
        self.executed: list[Executed] = []
        self.undone: list[str] = []

    def call(self, call: CallWorker) -> Answer:
        """Answer a call as the fence would: a repeat from its record, a late one with a closed door."""
        operation = self._operations.get(call.operation)
        if operation is None:
            return Missing(call.operation)
        key, digest = (call.site, call.kind), codec.digest(call.arguments)
        known = self._answers.get(key)
        if known is not None:
            return known[1] if known[0] == digest else Reused(call.site)
        if operation.kind == "query":
            return self._run(call)
        if call.kind is ResultKind.FORWARD and self.closed:
            return Closed()
        answer = self._undo(call) if call.kind is ResultKind.COMPENSATE else self._do(call)
        if isinstance(answer, Declined) and (call.firm or operation.retriable):
            return answer  # it may not decline, so that is no outcome
        self._answers[key] = (digest, answer)
        return answer

    def close(self, unless: str | None, before: str | None = None) -> CloseAnswered:
        """Shut the door and say what was executed and is not undone, a page of it; or, `unless` that site has a reply
        and the door is open, give the reply."""
        if unless is not None and not self.closed:
            held = self._answers.get((unless, ResultKind.FORWARD))
            if held is not None and isinstance(held[1], Replied):
                return CloseAnswered(Name.HELD, (), held[1].value)
        self.closed = True
        sites = [entry.site for entry in self.executed]
        earlier = self.executed if before is None else self.executed[: sites.index(before)]
        left = tuple(entry for entry in earlier if (entry.site, ResultKind.COMPENSATE) not in self._answers)
        page = left[-self.page_rows :]
        return CloseAnswered(Name.CLOSED, page, before=before, more=len(page) < len(left))

    def _do(self, call: CallWorker) -> Answer:
        answer = self._run(call)
        if isinstance(answer, Replied):
            self.executed.append(Executed(call.site, call.operation, call.arguments))
        return answer

    def _undo(self, call: CallWorker) -> Answer:
        if any(entry.site == call.site for entry in self.executed):
            self._run(call)
            self.undone.append(call.site)
        return Replied(b"null")

    def _run(self, call: CallWorker) -> Answer:
        try:
            return Replied(self._functions[call.operation](call.arguments))
        except Refusal as refusal:
            return Declined(refusal.reason)
