"""A session that cannot decide is set aside: parked, with what was raised, while all others go on."""

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
    "Accompanist met an error of its own while it decided what follows for this session. Nothing of that decision has "
    "left; the session is parked as it stood before, and all others go on.",
    "Report it with the line `session.broken` of the sidecar's log. Under a release that mends it, let the session go "
    "on with `accompanist sessions resume`.",
)


def parked(session: Session, problem: BaseException, event: Event | None = None) -> Burst:
    """What parks a session that raised, when it heard `event`. The error's kind is told and not what it says, which may
    quote a payload."""
    told = {"session": str(session.header.session), "role": session.role}
    if isinstance(problem, Bug):
        logger.error("session.impossible", **told, problem=problem.text)
        if event is not None and not session.spoilt:
            return session.impossible(event, problem)
        return session.park(problem.code, problem.text)
    logger.error("session.broken", **told, exc_info=problem)
    return session.park(BROKEN, f"{type(problem).__name__} was raised")
