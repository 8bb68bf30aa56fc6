"""What a worker's fence decides: the rules of `accompanist/worker/fence.sql` as values and functions, with no database.

The functions have the names that they have there. `enter` answers a call from what is recorded, or lets it in; `leave`
records what the worker did; `close` shuts the session's door and lists what is still to be undone. Each returns a new
state and changes nothing. The fake worker (`simulation.worker`), the search (`simulation.search.fence`) and the test
kit all ask here. The fake worker passes the conformance suite's cases of a fence, as the workers with `fence.sql` do.

A state is durable by definition: no simulated crash touches it. Each rule can be switched off, to see what it is there
for (`Fencing`).

Not promised: anything about calls under way at the same time. Here a call enters and leaves in one step; the locks that
make it so in Postgres are not modelled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import orjson

from accompanist import limits
from accompanist.language.program.program import Operation
from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Replied, Reused
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import CloseAnswered, Name
from accompanist.runtime.ports import Executed, ResultKind

_UNDONE = Replied(b"null")
"""The answer to a compensation that is done, or that had nothing to undo."""
_ENTRY_BYTES = len(b'{"site":,"operation":,"arguments":},')
"""What an entry of a page takes beside its site, operation and arguments, as fence.sql counts it."""


class Record(NamedTuple):
    """The outcome of a call. `site` and `kind` are the call's key within its session and role."""

    site: str
    kind: ResultKind
    operation: str
    arguments: bytes
    answer: Answer


class FenceState(NamedTuple):
    """All that is durable at one worker for one session and role.

    `executed`: the transactions that were done, in commit order. `undone`: the sites that a compensation ran for.
    `memory`: the worker's own data, as bytes. `doubled`: the sites whose transaction was done a second time; none,
    unless a rule is switched off.
    """

    closed: bool = False
    executed: tuple[Executed, ...] = ()
    undone: tuple[str, ...] = ()
    records: frozenset[Record] = frozenset()
    memory: bytes = b""
    doubled: tuple[str, ...] = ()

    def record(self, site: str, kind: ResultKind) -> Record | None:
        """The record under a key."""
        for record in self.records:
            if record.site == site and record.kind == kind:
                return record
        return None


class Fencing(NamedTuple):
    """The fence's rules. `door`: a closed session takes no forward call, nor does a site whose compensation came.
    `replies_kept`: a repeated call is answered from its record."""

    door: bool = True
    replies_kept: bool = True


FENCED = Fencing()


def enter(
    state: FenceState, call: CallWorker, operation: Operation, rules: Fencing = FENCED
) -> tuple[Answer | None, FenceState]:
    """The answer to a call as far as the fence decides it. None: the worker does its work now, then calls `leave`."""
    if operation.kind == "query":
        return None, state
    recorded = state.record(call.site, call.kind)
    forward = call.kind is ResultKind.FORWARD
    done = recorded if forward else state.record(call.site, ResultKind.FORWARD)
    replied = done is not None and isinstance(done.answer, Replied)
    if forward:
        if rules.door and (state.closed or state.record(call.site, ResultKind.COMPENSATE) is not None):
            return Closed(), state
    elif replied and done is not None and done.arguments != call.arguments:
        return Reused(call.site), state
    if recorded is not None and (rules.replies_kept or not forward):
        same = recorded.operation == call.operation and recorded.arguments == call.arguments
        return recorded.answer if same else Reused(call.site), state
    if forward or replied:
        return None, state
    return _UNDONE, _recorded(state, call, _UNDONE)  # nothing is there to undo, and from now on nothing can be done


def leave(
    state: FenceState, call: CallWorker, operation: Operation, told: Answer, memory: bytes = b""
) -> tuple[Answer, FenceState]:
    """The answer to a call that the worker has worked on, and what its commit leaves. `told` is the outcome of the
    work, `memory` the worker's data after it. What decides nothing leaves nothing: it is rolled back."""
    if operation.kind == "query":
        return told, state
    if isinstance(told, Declined):
        if call.kind is ResultKind.COMPENSATE:
            return Fault("a compensation declined"), state
        may_not = call.firm or operation.retriable
        return told, state if may_not else _recorded(state, call, told)
    if not isinstance(told, Replied):
        return told, state
    if call.kind is ResultKind.COMPENSATE:
        undone = (*state.undone, call.site)
        return _UNDONE, _recorded(state, call, _UNDONE)._replace(undone=undone, memory=memory)
    if any(entry.site == call.site for entry in state.executed):
        return told, state._replace(doubled=(*state.doubled, call.site), memory=memory)
    executed = (*state.executed, Executed(call.site, call.operation, call.arguments))
    return told, _recorded(state, call, told)._replace(executed=executed, memory=memory)


def close(
    state: FenceState,
    asked: CloseWorker,
    page_rows: int = limits.fence_page_rows_max,
    page_bytes: int = limits.fence_page_bytes_max,
) -> tuple[CloseAnswered, FenceState]:
    """Shut the session's door, and list a page of what was executed and is not compensated. If the call `unless` has
    replied and the door is open, it stays open, and the reply is the answer."""
    if asked.unless is not None and not state.closed:
        held = state.record(asked.unless, ResultKind.FORWARD)
        if held is not None and isinstance(held.answer, Replied):
            return CloseAnswered(Name.HELD, (), held.answer.value), state
    compensated = {record.site for record in state.records if record.kind is ResultKind.COMPENSATE}
    told = page(state.executed, compensated, asked.before, page_rows, page_bytes)
    return told, state._replace(closed=True)


def page(
    executed: Sequence[Executed],
    compensated: Collection[str],
    before: str | None,
    rows: int,
    size: int = limits.fence_page_bytes_max,
) -> CloseAnswered:
    """The last entries that are not compensated and were committed before the site `before`, in commit order: at most
    `rows`, and `size` bytes in all, but at least one. A site that was not executed bounds nothing."""
    bounded = before is not None and any(entry.site == before for entry in executed)
    listed: list[Executed] = []
    for entry in reversed(executed):
        if bounded:
            bounded = entry.site != before
        elif entry.site not in compensated:
            size -= _bytes(entry)
            if listed and (len(listed) == rows or size < 0):
                return CloseAnswered(Name.CLOSED, tuple(reversed(listed)), before=before, more=True)
            listed.append(entry)
    return CloseAnswered(Name.CLOSED, tuple(reversed(listed)), before=before)


def _recorded(state: FenceState, call: CallWorker, answer: Answer) -> FenceState:
    record = Record(call.site, call.kind, call.operation, call.arguments, answer)
    return state._replace(records=state.records | {record})


def _bytes(entry: Executed) -> int:
    named = len(orjson.dumps(entry.site)) + len(orjson.dumps(entry.operation))
    return _ENTRY_BYTES + named + len(entry.arguments)
