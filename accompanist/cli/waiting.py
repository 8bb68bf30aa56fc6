"""`accompanist signal | timers | events`: sends events to sessions, and lists and moves timers.

An event goes to the service that plays its role; lists are fetched from every service. The output names services that
do not answer.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from accompanist import terminal
from accompanist.cli.api import ask
from accompanist.cli.output import show, table
from accompanist.cli.services import NOWHERE, ask_all, knowing, meant, session_id, silence, unknown_session
from accompanist.cli.sessions import NOT_JSON, clock_time
from accompanist.client.answers import Refused
from accompanist.errors import AuthorError, PeerError, catalogue
from accompanist.sidecar import config as configuration

NO_TIME = catalogue(
    "ACC840",
    "not a time",
    "A timer is moved to a time, or to so many seconds from now.",
    "Give --at 2026-01-31T12:00:00Z, or --in SECONDS.",
)
_elsewhere = frozenset({"ACC740", "ACC710", "ACC744"})
"""The codes by which a service says that a role or a session belongs to another service."""


class Event(NamedTuple):
    role: str
    name: str
    value: str


class Moving(NamedTuple):
    """The move of a timer. `at` and `in_s` as given; neither means now."""

    role: str
    site: str
    at: str
    in_s: float | None
    who: str
    why: str


def signal(config: Path | None, session: str, event: Event, as_json: bool) -> None:
    """Send an event to the service that plays the role. Raises AccompanistError."""
    deployment = configuration.load(config, os.environ)
    try:
        value = json.loads(event.value)
    except ValueError:
        raise AuthorError(NOT_JSON, f"the value of {event.name} is not JSON", "quote it for the shell") from None
    session = meant(deployment, session)
    params = {"session": session, "role": event.role, "name": event.name, "value": value}
    answer, service = _first(knowing(deployment), "session.signal", params)
    told = "told" if answer["new"] else "had been told the same before"
    early = "; the session is not known there yet" if answer["early"] else ""
    show(answer, as_json, f"{event.name}: {service} {told}{early}; see `accompanist sessions show {session}`")


def list_timers(config: Path | None, session: str, limit: int, as_json: bool) -> None:
    """Raises AccompanistError."""
    rows, silent = _listed(config, "timer.list", "timers", session, limit)
    rows.sort(key=lambda row: float(row["due_at"]))
    text = table(
        ("session", "role", "site", "waits for", "until", "choreography"),
        [
            (
                row["session"],
                row["role"],
                row["site"],
                row["operation"] if row["operation"] == "deadline" else row["waiting"],
                clock_time(row["due_at"]),
                row["choreography"],
            )
            for row in terminal.told(rows)
        ],
    )
    show({"timers": rows, "silent": silent}, as_json, text + silence(silent))


def list_events(config: Path | None, session: str, limit: int, as_json: bool) -> None:
    """Raises AccompanistError."""
    rows, silent = _listed(config, "event.list", "events", session, limit)
    rows.sort(key=lambda row: -float(row["at"]))
    text = table(
        ("session", "role", "event", "told", ""),
        [
            (row["session"], row["role"], row["name"], clock_time(row["at"]), "early" if row["early"] else "")
            for row in terminal.told(rows)
        ],
    )
    show({"events": rows, "silent": silent}, as_json, text + silence(silent))


def move_timer(config: Path | None, session: str, moving: Moving, as_json: bool) -> None:
    """Raises AccompanistError."""
    deployment = configuration.load(config, os.environ)
    params: dict[str, Any] = {"session": meant(deployment, session), "role": moving.role}
    params |= {"who": moving.who, "why": moving.why}
    if moving.site:
        params["site"] = moving.site
    at = _moment(moving)
    if at is not None:
        params["at"] = at
    answer, service = _first(knowing(deployment), "timer.move", params)
    text = f"{answer['waiting']} at {answer['site']}, told {service}: due {clock_time(answer['due_at'])}"
    show(answer, as_json, text)


def _moment(moving: Moving) -> float | None:
    if moving.at and moving.in_s is not None:
        raise AuthorError(NO_TIME, "a timer is moved to one time", "--at or --in")
    if moving.in_s is not None:
        return time.time() + moving.in_s
    if not moving.at:
        return None
    try:
        parsed = datetime.fromisoformat(moving.at)
    except ValueError:
        raise AuthorError(NO_TIME, f"{moving.at!r} is not a time", "--at 2026-01-31T12:00:00Z") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _listed(
    config: Path | None, method: str, name: str, session: str, limit: int
) -> tuple[list[dict[str, Any]], list[str]]:
    deployment = configuration.load(config, os.environ)
    params: dict[str, Any] = {"limit": limit} | ({"session": session_id(session)} if session else {})
    answers, silent = ask_all(knowing(deployment), method, params)
    return [{"service": service, **row} for service, answer in answers.items() for row in answer[name]], silent


def _first(services: list[Any], method: str, params: dict[str, Any]) -> tuple[Any, str]:
    """The answer of the first service that knows the session and role; else the most informative refusal."""
    refusals: list[Refused] = []
    for service in services:
        try:
            return ask(service, method, params), service.name
        except Refused as refused:
            if refused.code not in _elsewhere:
                raise
            refusals.append(refused)
    # who plays the role knows what it can be told, and who plays the session what it waits for
    telling = [one for one in refusals if one.code != unknown_session and one.hint and "no role" not in one.hint]
    if telling or refusals:
        raise (telling or refusals)[0]
    raise PeerError(NOWHERE, "no service of the configuration has an API")
