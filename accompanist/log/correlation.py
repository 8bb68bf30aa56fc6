"""Finds the session that attributes stand for, whether it has a row yet or has only begun.

A session has a row once its first burst is committed. Until then its attributes are in the header of its start, and
that start waits in the queue `arrival`. So a session is found as soon as its start is on disk, at any replica.

Not promised: speed where very many sessions have the attributes, since each of them is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from accompanist.log import sessions
from accompanist.log.connection import Connections, reach
from accompanist.runtime.control import CLIENT, site_of
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import CorrelatedSession

ENOUGH = 2
"""So many sessions are found at most: one is meant, two are too many."""

_WITH_ROW = """
SELECT session, bool_or(open) AS open FROM session
WHERE attributes @> $1::text[] AND ($2::text IS NULL OR choreography = $2)
GROUP BY session ORDER BY open DESC, session LIMIT $3"""

# The range is of one value. Postgres knows most services that speak from its statistics, and believes of one that it
# does not know that all rows are from it; of a range it believes that few are. So it reads its own service's rows only.
_BEGUN = """
WITH own AS MATERIALIZED (
    SELECT session, site, sender, receiver, sender_service FROM arrival
    WHERE sender_service BETWEEN (SELECT service FROM setting) AND (SELECT service FROM setting)
        AND site = $2 AND sender = $3)
SELECT i.session, convert_from(i.header, 'UTF8')::jsonb ->> 'choreography' AS choreography
FROM own JOIN inbox i USING (session, site, sender, receiver, sender_service)
WHERE attributes_of(i.header) @> $1::text[]
    AND NOT EXISTS (SELECT FROM session s WHERE s.session = own.session AND s.role = own.receiver)"""


async def correlated(
    pool: Connections, attributes: Mapping[str, str], choreography: str | None
) -> Sequence[CorrelatedSession]:
    """See `QueryPort.correlated`."""
    wanted = [sessions.searchable(f"{name}={text}") for name, text in attributes.items()]
    async with reach(), pool.acquire() as connection:
        begun = await connection.fetch(_BEGUN, wanted, site_of(Kind.START), CLIENT)
        rows = await connection.fetch(_WITH_ROW, wanted, choreography, ENOUGH)
    started = (row["session"] for row in begun if fits(row["choreography"], choreography))
    return first((*(row["session"] for row in rows if row["open"]), *started), (row["session"] for row in rows))


def fits(found: str, wanted: str | None) -> bool:
    """Whether a session of the choreography `found` may be meant."""
    return wanted is None or wanted == found


def first(is_open: Iterable[UUID], known: Iterable[UUID]) -> Sequence[CorrelatedSession]:
    """The first of these sessions, the open ones first, each once."""
    found = dict.fromkeys(is_open, True)
    for session in known:
        found.setdefault(session, False)
    return [CorrelatedSession(session, one) for session, one in found.items()][:ENOUGH]
