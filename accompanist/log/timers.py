"""Timer rows, and the list of events that people read.

An event is a message in the inbox like others. The list reads it from there, without its payload.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from accompanist import limits
from accompanist.limits import shards_count
from accompanist.log.composites import TimerWrite
from accompanist.runtime.control import EVENT_SITE
from accompanist.runtime.messages import shard_of
from accompanist.runtime.ports import DueTimers, EventRow, Timer, TimerRow

AGAIN = timedelta(milliseconds=limits.timer_again_ms)
DUE = "SELECT session, role, site, seconds FROM due($1, $2, $3)"
LISTED = """
SELECT t.session, t.role, t.site, t.operation, coalesce(s.choreography, '') AS choreography,
    extract(epoch FROM t.set_at)::float8 AS set_at, extract(epoch FROM t.due_at)::float8 AS due_at
FROM timer t LEFT JOIN session s ON s.session = t.session AND s.role = t.role{}
ORDER BY t.due_at, t.session, t.role, t.site LIMIT $1"""
MOVE = """
WITH moved AS (
    UPDATE timer SET due_at = moved.due_at, ask_at = moved.due_at
    FROM (SELECT coalesce(to_timestamp($4::float8), clock_timestamp()) AS due_at) AS moved
    WHERE (session, role, site) = ($1, $2, $3)
    RETURNING session, role
)
INSERT INTO audit (session, role, verb, who, why) SELECT session, role, $5, $6, $7 FROM moved
RETURNING true"""
FIRED, MOVED = "fire timer", "move timer"
END = "DELETE FROM timer WHERE (session, role, site) = ($1, $2, $3)"
EVENTS = """
SELECT i.session, i.receiver AS role, substr(i.site, 8) AS name, extract(epoch FROM i.received_at)::float8 AS at,
    s.session IS NULL AS early
FROM inbox i LEFT JOIN session s ON s.session = i.session AND s.role = i.receiver
WHERE i.kind = 'event'{} ORDER BY i.received_at DESC LIMIT $1"""
EARLY = """
SELECT count(*) FROM (
    SELECT FROM arrival WHERE early AND site LIKE '!event/%' LIMIT $1) AS waiting"""

assert EVENT_SITE == "!event/", "the statements above and those of revision 0003 rely on it"


def record(row: TimerRow) -> TimerWrite:
    """The row as `flush` is given it."""
    return TimerWrite(
        session=row.session,
        role=row.role,
        site=row.site,
        shard=shard_of(row.session, shards_count),
        operation=row.operation,
        seconds=row.seconds,
    )


def due(rows: Iterable[Any]) -> DueTimers:
    """Rows of DUE as DueTimers."""
    timers, next_s = [], None
    for session, role, site, seconds in rows:
        if session is None:
            next_s = seconds
        else:
            timers.append((session, role, site))
    return DueTimers(tuple(timers), next_s)


def listed(rows: Iterable[Any]) -> Sequence[Timer]:
    """Rows of LISTED as timers."""
    return [Timer(**dict(row)) for row in rows]


def events(rows: Iterable[Any]) -> Sequence[EventRow]:
    """Rows of EVENTS as event rows."""
    return [EventRow(**dict(row)) for row in rows]
