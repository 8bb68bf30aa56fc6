"""Session search: turns a filter into SQL, and, for the fake, into a test of one row.

The statement has only the conditions that are asked for, so that Postgres plans each search by itself. Pages follow a
cursor over (started_at, session, role), newest first. So a session that starts in the meantime shifts no page, and the
index on `started_at` is read from its end.

Not promised: speed for a rare state among very many sessions. Such a search should also give an age or a choreography.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accompanist.log import sessions
from accompanist.runtime.ports import Cursor, Phase, SessionFilter, SessionRow, SessionSummary

_COLUMNS = """
SELECT session, role, choreography, phase, outcome, reason, body, started_at, updated_at, attributes,
    (SELECT extract(epoch FROM min(t.due_at))::float8 FROM timer t
     WHERE t.session = session.session AND t.role = session.role) AS due_at FROM session"""

_CONDITIONS = {
    "session": "session = ${}",
    "role": "role = ${}",
    "choreography": "choreography = ${}",
    "phase": "phase = ${}",
    "outcome": "outcome = ${}",
    "open": "open = ${}",
    "parked": "parked = ${}",
    "retrying": "(retrying > 0) = ${}",
    "waiting": "position(lower(${}) in lower(waiting)) > 0",
    "older_s": "started_at < extract(epoch FROM clock_timestamp()) - ${}::float8",
    "attributes": "attributes @> ${}::text[]",
    "idle_s": "updated_at < clock_timestamp() - ${}::float8 * interval '1 second'",
}


def statement(search: SessionFilter, after: Cursor | None, limit: int) -> tuple[str, list[Any]]:
    """The SQL statement of a search, and its parameters."""
    values: list[Any] = []
    conditions = []
    for field, condition in _CONDITIONS.items():
        value = getattr(search, field)
        if value is not None and value != {}:
            values.append(_parameter(value))
            conditions.append(condition.format(len(values)))
    if after is not None:
        at = len(values)
        values += [after.started_at, after.session, after.role]
        conditions.append(
            f"started_at <= ${at + 1} AND (started_at < ${at + 1} OR (session, role) > (${at + 2}, ${at + 3}))"
        )
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    values.append(limit)
    return f"{_COLUMNS}{where} ORDER BY started_at DESC, session, role LIMIT ${len(values)}", values


def _parameter(value: Any) -> Any:
    if isinstance(value, dict):
        return [sessions.searchable(f"{name}={text}") for name, text in value.items()]
    return sessions.searchable(value) if isinstance(value, str) else value


def fits(search: SessionFilter, row: SessionRow, updated_at: float, now: float) -> bool:
    """Whether a row matches a search."""
    asked = (
        (search.session, row.header.session),
        (search.role, row.role),
        (search.choreography, row.header.choreography),
        (search.phase, row.phase),
        (search.outcome, row.outcome),
        (search.open, sessions.is_open(row)),
        (search.parked, row.parked is not None),
        (search.retrying, row.retrying > 0),
    )
    return (
        all(wanted in (None, found) for wanted, found in asked)
        and (search.attributes or {}).items() <= row.header.attributes.items()
        and (search.waiting is None or search.waiting.lower() in row.waiting.lower())
        and (search.older_s is None or row.header.started_at < now - search.older_s)
        and (search.idle_s is None or updated_at < now - search.idle_s)
    )


def beyond(after: Cursor | None, line: SessionSummary) -> bool:
    """Whether a line comes after the cursor."""
    return after is None or order(line.cursor) > order(after)


def order(cursor: Cursor) -> tuple[Any, ...]:
    """The sort key of a cursor: newest first."""
    return (-cursor.started_at, cursor.session, cursor.role)


def summary(record: Mapping[str, Any]) -> SessionSummary:
    """A line of `sessions list` from a row of the statement."""
    rest = sessions.decode_body(record["body"])
    reason = record["reason"]
    return SessionSummary(
        session=record["session"],
        role=record["role"],
        choreography=record["choreography"],
        phase=Phase(record["phase"]),
        outcome=record["outcome"],
        reason=None if reason is None else sessions.decode_text(reason),
        parked=rest.parked,
        waiting=rest.waiting,
        started_at=record["started_at"],
        updated_at=record["updated_at"].timestamp(),
        retrying=rest.retrying,
        trouble=rest.trouble,
        due_at=record["due_at"],
        attributes=dict(attribute.split("=", 1) for attribute in record["attributes"] or ()),
    )
