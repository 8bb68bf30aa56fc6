"""What people see of sessions that wait for a place under a limit of calls (`sidecar.calls.limiting`).

It is not written to the log: a session that waits so changes from one moment to the next. Not promised: what is seen at
another sidecar of the service than the one that runs the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from accompanist.runtime.ports import SessionSummary
from accompanist.sidecar.calls.limiting import CallLimits


def noted(lines: Iterable[SessionSummary], limits: CallLimits) -> Sequence[SessionSummary]:
    """Lines of `session.list`; what waits says so."""
    waited_for = limits.waited_for
    return [_noted(line, waited_for.get((line.session, line.role))) for line in lines]


def _noted(line: SessionSummary, operation: str | None) -> SessionSummary:
    if operation is None:
        return line
    return msgspec.structs.replace(line, waiting=f"a place under the limit of {operation}")


def told(session: UUID, limits: CallLimits) -> Sequence[dict[str, str]]:
    """The roles of one session that wait, each with its operation."""
    return [
        {"role": role, "operation": operation} for (one, role), operation in limits.waited_for.items() if one == session
    ]
