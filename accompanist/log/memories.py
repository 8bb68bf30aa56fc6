"""Loads sessions for a replay: row, inbox, results and timers, within a bound on bytes.

One query returns as many sessions as fit into `load_bytes_max` together. If a session is larger than that by itself,
its data and selections are left out, and are read in pages as its program asks for them.

A page begins with the message that is asked for and goes on in the order of (length of the site, site). So "2[9]" comes
before "2[10]", as a loop asks for them. If the program takes another path, the next page begins there.

Not promised: that a page is cheap. It examines every later message of its session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from accompanist.log import inbox, results, sessions
from accompanist.runtime.messages import Message, spoken_by
from accompanist.runtime.ports import Memory, ResultRow

# octet_length does not read values that are stored out of line (TOAST).
LOAD = f"""
WITH weighed AS MATERIALIZED (
    SELECT k.*,
        (SELECT coalesce(sum(octet_length(i.payload) + $4), 0) FROM inbox i
         WHERE i.session = k.session AND i.receiver = k.role) AS inbox,
        (SELECT coalesce(sum(octet_length(r.value) + $4), 0) FROM result r
         WHERE r.session = k.session AND r.role = k.role) AS results
    FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS k (session, role, n)
), placed AS (
    SELECT session, role, n, inbox > $3 AND NOT $5 AS more,
        coalesce(sum(CASE WHEN inbox > $3 AND NOT $5 THEN results ELSE inbox + results END) OVER (
            ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM weighed
)
SELECT
    k.more,
    (SELECT ROW({sessions.STORED}) FROM session s WHERE s.session = k.session AND s.role = k.role) AS session,
    ARRAY(SELECT ROW({inbox.STORED}, sender_service) FROM inbox i
          WHERE i.session = k.session AND i.receiver = k.role
            AND NOT (k.more AND kind IN ('data', 'choice'))) AS inbox,
    ARRAY(SELECT ROW({results.STORED}) FROM result r WHERE r.session = k.session AND r.role = k.role) AS results,
    ARRAY(SELECT site FROM timer t WHERE t.session = k.session AND t.role = k.role) AS timers
FROM placed k WHERE k.before < $3
ORDER BY k.n"""  # noqa: S608 (constants of this package)

PAGE = f"""
WITH near AS MATERIALIZED (
    SELECT i.site, i.sender, i.receiver, i.sender_service, octet_length(i.payload) + $5 AS weight,
        (i.site, i.sender) <> ($3, $4) AS later
    FROM inbox i
    WHERE i.session = $1 AND i.receiver = $2 AND i.kind IN ('data', 'choice')
      AND (length(i.site), i.site COLLATE "C") >= (length($3), $3)
      AND EXISTS (SELECT FROM inbox w WHERE (w.session, w.site, w.sender, w.receiver) = ($1, $3, $4, $2))
    ORDER BY later, length(i.site), i.site COLLATE "C", i.sender COLLATE "C", i.sender_service COLLATE "C"
    LIMIT $6
), placed AS (
    SELECT n.*, coalesce(sum(weight) OVER (
        ORDER BY later, length(site), site COLLATE "C", sender COLLATE "C", sender_service COLLATE "C"
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM near n
)
SELECT {", ".join(f"i.{column}" for column in inbox.STORED.split(", "))}, i.sender_service
FROM placed p
JOIN inbox i ON (i.session, i.site, i.sender, i.receiver, i.sender_service)
    = ($1, p.site, p.sender, p.receiver, p.sender_service)
WHERE p.before < $7
ORDER BY p.later, length(p.site), p.site COLLATE "C", p.sender COLLATE "C", p.sender_service COLLATE "C"
"""  # noqa: S608 (constants of this package)


def memory(session: UUID, row: asyncpg.Record, *, whole: bool) -> Memory:
    """A row of LOAD as a Memory."""
    return Memory(
        session=None if row["session"] is None else sessions.from_columns(row["session"]),
        inbox=tuple(readable(row["inbox"])),
        results=tuple(_results(session, row["results"])),
        timers=tuple(row["timers"]),
        more=row["more"],
        whole=whole,
    )


def readable(rows: Sequence[Sequence[Any]]) -> Sequence[Message]:
    """The messages of rows (the columns of STORED, and the writing service), without forged and unreadable ones."""
    read = ((inbox.from_columns(stored), service) for *stored, service in rows)
    return [message for message, service in read if message is not None and spoken_by(message, service)]


def _results(session: UUID, stored: Sequence[Any]) -> Sequence[ResultRow]:
    return [results.from_columns(session, row) for row in stored]
