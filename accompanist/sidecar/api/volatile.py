"""What clients and people see of volatile sessions (docs/volatile.md).

`session.start` with `volatile` begins one; `session.result`, `session.cancel`, `session.get` and `session.list` find it
at this sidecar as long as it is open, and `session.result` for `volatile_kept_s` longer. No other sidecar of the
service knows it.

Not promised: pages. What is listed of volatile sessions stands before the first page of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from accompanist import limits
from accompanist.errors import AuthorError, catalogue
from accompanist.language import waits
from accompanist.language.program.program import Choreography
from accompanist.log.story import Story
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import SessionFilter, SessionRow, SessionSummary
from accompanist.sidecar.api.waiters import Waiters
from accompanist.sidecar.volatile.sessions import VolatileSessions

NOT_VOLATILE = catalogue(
    "ACC763",
    "this cannot be volatile",
    "A volatile session has no log. So it has no idempotency key, which is kept there, and its choreography waits for "
    "no event from outside, which would be kept there until the session asks for it. Nothing was begun.",
    "Start it without `volatile`; or without a key, where it does not matter that it may be started twice.",
)


def check_start(choreography: Choreography, key: str | None) -> None:
    """Raises AuthorError for a start that cannot be volatile."""
    if key is not None:
        raise AuthorError(NOT_VOLATILE, f"a volatile session of {choreography.name} cannot have a key")
    for role, projection in choreography.projections.items():
        for name in projection.operations:
            if (event := waits.event_in(name)) is not None:
                raise AuthorError(NOT_VOLATILE, f"{role} of {choreography.name} waits for the event {event}")


class VolatileView:
    """The volatile sessions of one sidecar, for its API. `monotonic` gives seconds."""

    def __init__(self, sessions: VolatileSessions, waiters: Waiters, monotonic: Callable[[], float]) -> None:
        self.sessions = sessions
        self._waiters = waiters
        self._monotonic = monotonic

    async def over(self, session: UUID, wait_ms: int, *, early: bool = False) -> SessionRow | None:
        """The row of a session at its initiator, once it is over or the time has passed; with `early`, once its
        initiator has voted. None if it is not known here any more."""
        patient = self._waiters.count < limits.waiting_clients_max
        until = self._monotonic() + (min(wait_ms, limits.wait_ms_max) / 1000 if patient else 0.0)
        with self._waiters.wait(session, early) as waiter:
            row = self.sessions.row(session)
            while row is not None and not _over(row, early) and (left := until - self._monotonic()) > 0:
                await waiter.told_within(left)
                row = waiter.row or self.sessions.row(session)
        return row

    def cancel(self, row: SessionRow, reason: str) -> None:
        """Request that a session be undone."""
        self.sessions.request(control(row.header, Kind.CANCEL, CLIENT, row.role, reason))

    def lines(self, search: SessionFilter, now: float) -> Sequence[SessionSummary]:
        """The sessions that are here now and fit a search. `now`: in seconds since the epoch."""
        return [_summary(row) for row in self.sessions.rows() if _fits(row, search, now)]

    def story(self, session: UUID) -> Story | None:
        """What is here of a session; None if nothing is."""
        rows = self.sessions.rows(session)
        if not rows and (row := self.sessions.row(session)) is not None:
            rows = [row]
        return Story(session=session, rows=tuple(rows), messages=(), results=(), stubs=()) if rows else None


def _over(row: SessionRow, early: bool) -> bool:
    return row.outcome is not None or (early and row.vote is not None)


def _fits(row: SessionRow, search: SessionFilter, now: float) -> bool:
    header = row.header
    asked = (
        (search.role, row.role),
        (search.choreography, header.choreography),
        (search.phase, row.phase),
        (search.outcome, row.outcome),
        (search.open, row.outcome is None),
        (search.parked, row.parked is not None),
        (search.retrying, row.retrying > 0),
        (search.session, header.session),
    )
    return (
        all(wanted is None or wanted == found for wanted, found in asked)
        and (search.waiting is None or search.waiting.lower() in row.waiting.lower())
        and (search.older_s is None or header.started_at <= now - search.older_s)
        and not search.idle_s
        and (search.attributes or {}).items() <= header.attributes.items()
    )


def _summary(row: SessionRow) -> SessionSummary:
    header = row.header
    return SessionSummary(
        session=header.session,
        role=row.role,
        choreography=header.choreography,
        phase=row.phase,
        outcome=row.outcome,
        reason=row.reason,
        parked=row.parked,
        waiting=f"volatile; {row.waiting}" if row.waiting else "volatile",
        started_at=header.started_at,
        updated_at=header.started_at,
        retrying=row.retrying,
        trouble=row.trouble,
        attributes=header.attributes,
    )
