"""Rows and filters of the lists that people read: sessions, timers, events, audits. `runtime.ports` re-exports them."""

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
    """A line of `events list`: an event from outside. `early`: its session is not known at this service yet. Its
    payload is in the inbox."""

    session: UUID
    role: str
    name: str
    at: float
    early: bool


class Cursor(msgspec.Struct, frozen=True):
    """The position at which a page of summaries ended."""

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


class CorrelatedSession(msgspec.Struct, frozen=True):
    """A session that a client's attributes stand for. `open`: it is not over at every role of this service."""

    session: UUID
    open: bool


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter for sessions: one matches if it fits every field that is given. `waiting`: a part of that text, ignoring
    case; `open`: neither settled nor ended; `older_s`: started at least so long ago; `idle_s`: not written for so long,
    both by the log's clock; `attributes`: the session has all of these."""

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


EVERY_SESSION = SessionFilter()


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the audit: what an operator did to a session. `why` is in the operator's words. `who` was
    authenticated; `claimed` is the name that the caller gave (`runtime.operator_identity`)."""

    at: float
    session: UUID
    role: str
    verb: str
    who: str
    claimed: str
    why: str
