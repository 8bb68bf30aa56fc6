"""Everything the log holds of one session at one service: what `sessions show` prints.

Read in one statement, so that it is of one moment. Bytes are bytes: who shows them decides what may be seen.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from accompanist.log import sessions
from accompanist.runtime.ports import Audited, SessionRow, Timer


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A message and where it is: "inbox" (at: its arrival, from `service`) or "outbox" (at: the last trial, to
    `service`, which gave `answer`)."""

    site: str
    kind: str
    sender: str
    receiver: str
    payload: bytes
    place: str
    at: float
    service: str
    answer: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's answer to a call."""

    role: str
    site: str
    kind: str
    operation: str
    outcome: str
    value: bytes
    at: float


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """`stubs`: (role, outcome) of what was collected; `audits`: what operators did, oldest first; `timers`:
    those that are set, the next due first."""

    session: UUID
    rows: tuple[SessionRow, ...]
    messages: tuple[Told, ...]
    results: tuple[Answered, ...]
    stubs: tuple[tuple[str, str], ...]
    audits: tuple[Audited, ...] = ()
    timers: tuple[Timer, ...] = ()

    @classmethod
    def from_columns(cls, session: UUID, row: Any) -> Story | None:
        """The row of STORY; None if the log knows nothing of the session."""
        story = cls(
            session=session,
            rows=tuple(sessions.from_columns(stored) for stored in row["sessions"]),
            messages=tuple(
                Told(**dict(zip(Told.__struct_fields__, stored, strict=True)))
                for stored in (*row["inbox"], *row["outbox"])
            ),
            results=tuple(
                Answered(**dict(zip(Answered.__struct_fields__, stored, strict=True))) for stored in row["results"]
            ),
            stubs=tuple((role, outcome) for role, outcome in row["stubs"]),
            audits=tuple(
                Audited(
                    at=at,
                    session=session,
                    role=role,
                    verb=verb,
                    who=sessions.decode_text(who),
                    why=sessions.decode_text(why),
                )
                for at, role, verb, who, why in row["audits"]
            ),
            timers=tuple(
                Timer(
                    session=session,
                    role=role,
                    site=site,
                    operation=operation,
                    choreography=choreography,
                    set_at=set_at,
                    due_at=due_at,
                )
                for role, site, operation, choreography, set_at, due_at in row["timers"]
            ),
        )
        return story if story.rows or story.messages or story.stubs or story.audits else None


# The columns in the order of the fields above.
STORY = f"""
SELECT
    ARRAY(SELECT ROW({sessions.STORED}) FROM session WHERE session = $1 ORDER BY role) AS sessions,
    ARRAY(SELECT ROW(site, kind, sender, receiver, payload, 'inbox'::text,
                     extract(epoch FROM received_at)::float8, sender_service, 'stored'::text)
          FROM inbox WHERE session = $1 ORDER BY received_at) AS inbox,
    ARRAY(SELECT ROW(site, kind, sender, receiver, payload, 'outbox'::text,
                     extract(epoch FROM tried_at)::float8, service, answer)
          FROM outbox WHERE session = $1 ORDER BY tried_at) AS outbox,
    ARRAY(SELECT ROW(role, site, kind, operation, outcome, value, extract(epoch FROM answered_at)::float8)
          FROM result WHERE session = $1 ORDER BY answered_at) AS results,
    ARRAY(SELECT ROW(role, outcome) FROM stub WHERE session = $1 ORDER BY role) AS stubs,
    ARRAY(SELECT ROW(extract(epoch FROM at)::float8, role, verb, who, why)
          FROM audit WHERE session = $1 ORDER BY at, id) AS audits,
    ARRAY(SELECT ROW(t.role, t.site, t.operation, coalesce(s.choreography, ''), extract(epoch FROM t.set_at)::float8,
                     extract(epoch FROM t.due_at)::float8)
          FROM timer t LEFT JOIN session s ON s.session = t.session AND s.role = t.role
          WHERE t.session = $1 ORDER BY t.due_at, t.role, t.site) AS timers"""  # noqa: S608 (constants)
