"""Queries that people make: lists of sessions, timers and events, one session's page, and the audit.

No session depends on them. An audit row is written in the same commit as the action: with the message that carries a
verb, or with the timer that is moved. The sidecar's login may insert audit rows and read them, but not change them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from accompanist import limits
from accompanist.log import correlation, timers
from accompanist.log import search as searching
from accompanist.log.connection import Connections, reach
from accompanist.log.sessions import encode
from accompanist.log.story import NOTHING_SEEN, STORY, Story, StoryCursor, audited, parameters
from accompanist.runtime.operate import verb_at
from accompanist.runtime.operator_identity import Operator, write
from accompanist.runtime.ports import (
    EVERY_SESSION,
    AuditEntry,
    CorrelatedSession,
    Cursor,
    EventRow,
    SessionFilter,
    SessionSummary,
    Timer,
)

_AUDITS = """
SELECT extract(epoch FROM at)::float8 AS at, session, role, verb, who, why FROM audit{}
ORDER BY at DESC, id DESC LIMIT $1
"""


class PostgresQueries:
    """The queries, over a pool of connections to the service's schema."""

    def __init__(self, pool: Connections) -> None:
        self._pool = pool

    async def summaries(
        self, search: SessionFilter = EVERY_SESSION, *, after: Cursor | None = None, limit: int = 100
    ) -> Sequence[SessionSummary]:
        query, values = searching.statement(search, after, limit)
        async with reach(), self._pool.acquire() as connection:
            return [searching.summary(row) for row in await connection.fetch(query, *values)]

    async def correlated(
        self, attributes: Mapping[str, str], choreography: str | None = None
    ) -> Sequence[CorrelatedSession]:
        return await correlation.correlated(self._pool, attributes, choreography)

    async def show(self, session: UUID, seen: StoryCursor = NOTHING_SEEN) -> Story | None:
        """One session at this service, continued after the rows that were `seen`; None if the log has none of it."""
        async with reach(), self._pool.acquire() as connection:
            row = await connection.fetchrow(STORY, *parameters(session, seen))
        return Story.from_columns(session, row, seen)

    async def timers(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[Timer]:
        async with reach(), self._pool.acquire() as connection:
            if session is None:
                return timers.listed(await connection.fetch(timers.LISTED.format(""), limit))
            return timers.listed(await connection.fetch(timers.LISTED.format(" WHERE t.session = $2"), limit, session))

    async def move_timer(self, session: UUID, role: str, site: str, at: float | None, who: Operator, why: str) -> bool:
        verb = verb_at(timers.FIRED if at is None else timers.MOVED, site)
        async with reach(), self._pool.acquire() as connection:
            told = (verb, write(who), encode(why.replace("\0", "\ufffd")))
            return bool(await connection.fetchval(timers.MOVE, session, role, site, at, *told))

    async def events(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[EventRow]:
        async with reach(), self._pool.acquire() as connection:
            if session is None:
                return timers.events(await connection.fetch(timers.EVENTS.format(""), limit))
            return timers.events(await connection.fetch(timers.EVENTS.format(" AND i.session = $2"), limit, session))

    async def early_events(self) -> int:
        async with reach(), self._pool.acquire() as connection:
            return int(await connection.fetchval(timers.EARLY, limits.early_events_max))

    async def audits(self, session: UUID | None = None, *, limit: int = 100) -> Sequence[AuditEntry]:
        async with reach(), self._pool.acquire() as connection:
            if session is None:
                rows = await connection.fetch(_AUDITS.format(""), limit)
            else:
                rows = await connection.fetch(_AUDITS.format(" WHERE session = $2"), limit, session)
        return [audited(**dict(row)) for row in rows]
