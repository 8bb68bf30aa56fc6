"""What people ask a log for: lines of lists, and what narrows them. `runtime.ports` has these names, too."""

from __future__ import annotations

from uuid import UUID

import msgspec

from accompanist.runtime.phases import Parked, Phase


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `timers list`. Times are seconds since the epoch, by the log's clock."""

    session: UUID
    role: str
    site: str
    operation: str
    choreography: str
    set_at: float
    due_at: float


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `events list`: something that was told from outside. `early`: no session of this service has asked for
    it yet. What it says is in the inbox."""

    session: UUID
    role: str
    name: str
    at: float
    early: bool


class Cursor(msgspec.Struct, frozen=True):
    """Where a page of summaries ended."""

    started_at: float
    session: UUID
    role: str


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `sessions list`."""

    session: UUID
    role: str
    choreography: str
    phase: Phase
    outcome: str | None
    reason: str | None
    parked: Parked | None
    waiting: str
    started_at: float
    updated_at: float
    retrying: int = 0
    trouble: str = ""
    due_at: float | None = None
    """When the first of its timers is due, if one is set."""
    attributes: dict[str, str] = {}

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.started_at, self.session, self.role)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions are meant: all that fit every field that is given. `waiting` is a part of the text, whatever its
    case; `open`: neither settled nor ended; `older_s`: started longer ago than that; `idle_s`: not written for so long;
    both by the log's clock; `attributes`: all of these are among the session's."""

    session: UUID | None = None
    role: str | None = None
    choreography: str | None = None
    phase: Phase | None = None
    outcome: str | None = None
    open: bool | None = None
    parked: bool | None = None
    retrying: bool | None = None
    waiting: str | None = None
    older_s: float | None = None
    idle_s: float | None = None
    attributes: dict[str, str] | None = None


EVERY_SESSION = Search()


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator did to a session: `verb` is the program's word, `why` the operator's. `who` was proved, and
    `claimed` is what he says he is (`runtime.who`)."""

    at: float
    session: UUID
    role: str
    verb: str
    who: str
    claimed: str
    why: str
