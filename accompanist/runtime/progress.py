"""What people read in a session's row about its progress: what it waits for, and how often a call was retried.

Nothing is decided by it, so it is written with the next commit that has another reason.

Not promised: that it is up to date in the log.
"""

from __future__ import annotations

from accompanist.runtime.ports import Phase
from accompanist.runtime.state import SessionState


def retried(state: SessionState, attempts: int, trouble: str = "") -> None:
    """Note how many attempts of the open call have failed, and why the last one did. 0: it is answered."""
    if (state.row.retrying, state.row.trouble) != (attempts, trouble):
        state.update(retrying=attempts, trouble=trouble)


def note_wait(state: SessionState) -> None:
    """Note in the row what the session waits for now."""
    words = waiting(state)
    if words != state.row.waiting:
        state.update(waiting=words)


def waiting(state: SessionState) -> str:
    """What a session waits for, in words."""
    row = state.row
    if row.parked is not None:
        return "an operator"
    match row.phase:
        case Phase.RUNNING if state.outdated:
            return f"version {(row.hosted or '')[:12]}"
        case Phase.RUNNING:
            return str(state.wait) if state.wait is not None else row.waiting
        case Phase.DONE:
            return "settlement"
        case Phase.CLOSING:
            return f"worker: close, before it is undone: {state.failing}"
        case Phase.UNDOING:
            return _undoing(state)
        case Phase.UNDONE:
            return "the others' compensation"
        case Phase.SETTLED | Phase.ENDED:
            return ""


def _undoing(state: SessionState) -> str:
    if state.pages.asked is not None:
        return "worker: what is to be undone"
    entry = state.pages.next(state.marks)
    if entry is None:  # not even the first page is requested while a session is being recovered
        return "the initiator's word whether what was done stays" if state.pages.known else state.row.waiting
    operation = state.program.projection.operations.get(entry.operation)
    return f"worker: {operation.compensation if operation is not None else ''} at {entry.site}"
