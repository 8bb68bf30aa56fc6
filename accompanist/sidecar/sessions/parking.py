"""Parks a session whose core has raised an exception, while all others go on."""

from __future__ import annotations

import structlog

from accompanist.errors import Bug, catalogue
from accompanist.runtime.burst import Burst
from accompanist.runtime.events import Event
from accompanist.runtime.session import Session

logger = structlog.get_logger("accompanist.driver")

BROKEN = catalogue(
    "ACC219",
    "deciding about a session failed",
    "Accompanist raised an unexpected error while handling an event of this session. Nothing of that event's outcome "
    "has left; the session is parked as it was before, and all others go on.",
    "Report a bug, with the line `session.broken` of the sidecar's log. Under a release that fixes it, let the session "
    "go on with `accompanist sessions resume`.",
)


def parked(session: Session, problem: BaseException, event: Event | None = None) -> Burst:
    """The burst that parks a session which raised while handling `event`. Only the error's class is shown; its text may
    quote a payload."""
    told = {"session": str(session.header.session), "role": session.role}
    if isinstance(problem, Bug):
        logger.error("session.impossible", **told, problem=problem.text)
        if event is not None and not session.spoilt:
            return session.impossible(event, problem)
        return session.park(problem.code, problem.text)
    logger.error("session.broken", **told, exc_info=problem)
    return session.park(BROKEN, f"{type(problem).__name__} was raised")
