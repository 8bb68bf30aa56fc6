"""Everything the log holds of one session at one service: what `sessions show` prints.

A page is one statement, so it shows one moment; so does a session that fits into one page. Payloads are returned as
bytes: the caller decides what to show of them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.log import sessions
from accompanist.runtime.operator_identity import read
from accompanist.runtime.ports import AuditEntry, SessionRow, Timer


class StoryMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message and its place: "inbox" (`at`: its arrival; `service` wrote it) or "outbox" (`at`: the last attempt;
    `service` gave `answer`)."""

    site: str
    kind: str
    sender: str
    receiver: str
    payload: bytes
    place: str
    at: float
    service: str
    answer: str


class StoryResult(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's answer to a call."""

    role: str
    site: str
    kind: str
    operation: str
    outcome: str
    value: bytes
    at: float


Name = tuple[str, str, str]
Place = tuple[str, str, str, str]


def message_name(told: StoryMessage) -> Name:
    """The key of a message in the outbox."""
    return (told.site, told.sender, told.receiver)


def message_place(told: StoryMessage) -> Place:
    """The key of a message in the inbox, which includes the service that wrote it."""
    return (told.site, told.sender, told.receiver, told.service)


def result_name(answer: StoryResult) -> Name:
    """The key of a result."""
    return (answer.role, answer.site, answer.kind)


class StoryCursor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a page of a story ended: the keys of the last rows that it had of each table. A table that was not begun
    has an empty key."""

    role: str = ""
    inbox: Place = ("", "", "", "")
    outbox: Name = ("", "", "")
    results: Name = ("", "", "")


NOTHING_SEEN = StoryCursor()


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A page of everything the log has of a session, by time. `stubs`: (role, outcome) of collected roles; `audits`:
    what operators did last, oldest first; `timers`: those that are set, the next due first."""

    session: UUID
    rows: tuple[SessionRow, ...]
    messages: tuple[StoryMessage, ...]
    results: tuple[StoryResult, ...]
    stubs: tuple[tuple[str, str], ...]
    audits: tuple[AuditEntry, ...] = ()
    timers: tuple[Timer, ...] = ()

    @classmethod
    def from_columns(cls, session: UUID, row: Any, seen: StoryCursor = NOTHING_SEEN) -> Story | None:
        """The page in a row of STORY; None if the log knows nothing of the session."""
        story = cls(
            session=session,
            rows=tuple(sessions.from_columns(stored) for stored in row["sessions"]),
            messages=tuple(
                StoryMessage(**dict(zip(StoryMessage.__struct_fields__, stored, strict=True)))
                for stored in (*row["inbox"], *row["outbox"])
            ),
            results=tuple(
                StoryResult(**dict(zip(StoryResult.__struct_fields__, stored, strict=True)))
                for stored in row["results"]
            ),
            stubs=tuple((role, outcome) for role, outcome in row["stubs"]),
            audits=tuple(
                audited(at=at, session=session, role=role, verb=verb, who=who, why=why)
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
        return story.known(seen)

    def known(self, seen: StoryCursor) -> Story | None:
        """This page, or None if the log knows nothing of the session. A later page may be empty."""
        return self if seen != NOTHING_SEEN or self.rows or self.messages or self.stubs or self.audits else None


def audited(*, at: float, session: UUID, role: str, verb: str, who: bytes, why: bytes) -> AuditEntry:
    """An audit from its columns."""
    by = read(who)
    why_text = sessions.decode_text(why)
    return AuditEntry(at=at, session=session, role=role, verb=verb, who=by.proved, claimed=by.claimed, why=why_text)


def _page(table: str, key: str, after: str, weight: str) -> str:
    """SQL: as many rows of a table as fit on a page, beginning after the last one of the page before."""
    return f"""(
        SELECT p.* FROM (
            SELECT q.*, coalesce(sum(octet_length({weight}) + $10) OVER (
                ORDER BY {key} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
            FROM (SELECT * FROM {table} WHERE session = $1 AND ({key}) > ({after}) ORDER BY {key} LIMIT $11) q
        ) p WHERE p.before < $12) AS page"""  # noqa: S608 (constants)


# The columns in the order of the fields above; the parameters in the order of `parameters`.
STORY = f"""
SELECT
    ARRAY(SELECT ROW({sessions.STORED}) FROM session WHERE session = $1 AND role > $2 ORDER BY role) AS sessions,
    ARRAY(SELECT ROW(site, kind, sender, receiver, payload, 'inbox'::text,
                     extract(epoch FROM received_at)::float8, sender_service, 'stored'::text)
          FROM {_page("inbox", "site, sender, receiver, sender_service", "$3, $4, $5, $16", "payload")}
          ORDER BY received_at) AS inbox,
    ARRAY(SELECT ROW(site, kind, sender, receiver, payload, 'outbox'::text,
                     extract(epoch FROM tried_at)::float8, service, answer)
          FROM {_page("outbox", "site, sender, receiver", "$6, $7, $8", "payload")} ORDER BY tried_at) AS outbox,
    ARRAY(SELECT ROW(role, site, kind, operation, outcome, value, extract(epoch FROM answered_at)::float8)
          FROM {_page("result", "role, site, kind", "$13, $14, $15", "value")} ORDER BY answered_at) AS results,
    ARRAY(SELECT ROW(role, outcome) FROM stub WHERE session = $1 ORDER BY role) AS stubs,
    ARRAY(SELECT ROW(extract(epoch FROM at)::float8, role, verb, who, why)
          FROM (SELECT * FROM audit WHERE session = $1 ORDER BY at DESC, id DESC LIMIT $9) newest
          ORDER BY at, id) AS audits,
    ARRAY(SELECT ROW(t.role, t.site, t.operation, coalesce(s.choreography, ''), extract(epoch FROM t.set_at)::float8,
                     extract(epoch FROM t.due_at)::float8)
          FROM timer t LEFT JOIN session s ON s.session = t.session AND s.role = t.role
          WHERE t.session = $1 ORDER BY t.due_at, t.role, t.site LIMIT $9) AS timers"""  # noqa: S608 (constants)


def parameters(session: UUID, seen: StoryCursor) -> tuple[Any, ...]:
    """The parameters of STORY."""
    listed = limits.list_rows_max // 5
    bounds = (listed, limits.row_around_bytes, limits.list_rows_max, limits.message_bytes_max)
    return (session, seen.role, *seen.inbox[:3], *seen.outbox, *bounds, *seen.results, seen.inbox[3])
