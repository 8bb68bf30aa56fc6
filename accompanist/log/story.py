"""Everything the log holds of one session at one service: what `sessions show` prints.

Read in one statement, so that it is of one moment. Bytes are bytes: who shows them decides what may be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from accompanist.log import inbox, results, sessions
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import ResultRow, SessionRow


class Told(msgspec.Struct, frozen=True):
    """A message and where it is: "inbox" (at, sender_service) or "outbox" (at: last trial, why it waits)."""

    message: Message
    place: str
    at: float
    sender_service: str
    answer: str


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """`stubs`: (role, outcome) of what was collected."""

    session: UUID
    rows: tuple[SessionRow, ...]
    messages: tuple[Told, ...]
    results: tuple[ResultRow, ...]
    stubs: tuple[tuple[str, str], ...]

    @classmethod
    def from_columns(cls, session: UUID, row: Any) -> Story:
        """The row of STORY."""
        return cls(
            session=session,
            rows=tuple(sessions.from_columns(stored) for stored in row["sessions"]),
            messages=(*_told("inbox", row["inbox"]), *_told("outbox", row["outbox"])),
            results=tuple(results.from_columns(session, stored) for stored in row["results"]),
            stubs=tuple((role, outcome) for role, outcome in row["stubs"]),
        )


def _told(place: str, rows: Iterable[Sequence[Any]]) -> Iterable[Told]:
    for *stored, at, service, answer in rows:
        message = inbox.from_columns(stored)
        if message is not None:
            yield Told(message, place, at, service, answer)


STORY = f"""
SELECT
    ARRAY(SELECT ROW({sessions.STORED}) FROM session WHERE session = $1 ORDER BY role) AS sessions,
    ARRAY(SELECT ROW({inbox.STORED}, extract(epoch FROM received_at)::float8, sender_service, 'stored'::text)
          FROM inbox WHERE session = $1 ORDER BY received_at) AS inbox,
    ARRAY(SELECT ROW({inbox.STORED}, extract(epoch FROM tried_at)::float8, ''::text, answer)
          FROM outbox WHERE session = $1 ORDER BY tried_at) AS outbox,
    ARRAY(SELECT ROW({results.STORED}) FROM result WHERE session = $1 ORDER BY answered_at) AS results,
    ARRAY(SELECT ROW(role, outcome) FROM stub WHERE session = $1 ORDER BY role) AS stubs"""  # noqa: S608 (constants of this package)
