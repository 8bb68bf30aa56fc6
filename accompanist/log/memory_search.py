"""The fake's version of `log.search` and `log.correlation`: sessions by what people and clients know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from accompanist.log import correlation, sessions
from accompanist.log import search as searching
from accompanist.log.memory_tables import Tables
from accompanist.runtime.control import CLIENT
from accompanist.runtime.messages import Header, Kind
from accompanist.runtime.ports import CorrelatedSession, Cursor, SessionFilter, SessionRow, SessionSummary


def summaries(
    tables: Tables, search: SessionFilter, after: Cursor | None, limit: int, now: float
) -> Sequence[SessionSummary]:
    """What the statement of a search returns. `now`: in seconds since the epoch."""
    found = [
        _summary(tables, key, row)
        for key, row in tables.sessions.items()
        if searching.fits(search, row, tables.updated_at[key], now)
    ]
    lines = [line for line in found if searching.beyond(after, line)]
    return sorted(lines, key=lambda line: searching.order(line.cursor))[:limit]


def _summary(tables: Tables, key: tuple[UUID, str], row: SessionRow) -> SessionSummary:
    return SessionSummary(
        attributes=row.header.attributes,
        session=key[0],
        role=row.role,
        choreography=row.header.choreography,
        phase=row.phase,
        outcome=row.outcome,
        reason=row.reason,
        parked=row.parked,
        waiting=row.waiting,
        started_at=row.header.started_at,
        updated_at=tables.updated_at[key],
        retrying=row.retrying,
        trouble=row.trouble,
        due_at=min((t.due_at for k, t in tables.timers.items() if k[:2] == key), default=None),
    )


def correlated(tables: Tables, attributes: Mapping[str, str], choreography: str | None) -> Sequence[CorrelatedSession]:
    """What the statements of `log.correlation` return."""

    def meant(header: Header) -> bool:
        alike = attributes.items() <= header.attributes.items()
        return alike and correlation.fits(header.choreography, choreography)

    rows = sorted((row for row in tables.sessions.values() if meant(row.header)), key=lambda row: row.header.session)
    begun = (
        message.session
        for message, service, _ in tables.inbox.values()
        if message.kind is Kind.START and message.sender == CLIENT and service == tables.service
        if (message.session, message.receiver) not in tables.sessions
        if (message.session, message.receiver) not in tables.stubs and meant(message.header)
    )
    is_open = (*(row.header.session for row in rows if sessions.is_open(row)), *begun)
    return correlation.first(is_open, (row.header.session for row in rows))
