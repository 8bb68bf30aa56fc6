"""Where a session stands, found out from the log alone: what a person can do about it, whichever replica is asked.

A session is a function of what the log holds, so one that is parked is built once more and thrown away.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec

from accompanist.runtime import operate
from accompanist.runtime.log import SessionPort
from accompanist.runtime.operate import Standing
from accompanist.runtime.ports import Memory, Phase
from accompanist.runtime.session import Session
from accompanist.runtime.unfenced import UNENDED
from accompanist.sidecar.api.rehosting import Versions, fitting
from accompanist.sidecar.sessions.believing import believable


async def to_stand_on(log: SessionPort, session: UUID, role: str) -> Memory:
    """What the log has of a session that somebody asks about. One that is parked is run again over all its messages,
    however many they are."""
    [memory] = await log.load([(session, role)])
    if memory.more and memory.session is not None and memory.session.parked is not None:
        [memory] = await log.load([(session, role)], whole=True)
    return memory


def standing_of(hosted: Versions, service: str, memory: Memory) -> Standing:
    """Where a session stands, by the log."""
    row = memory.session
    assert row is not None, "a session that is asked about has a row"
    if row.parked is not None and row.parked.code == UNENDED:
        return Standing(Phase.CLOSING, row.parked)  # which the log does not say: it is decided anew after a crash
    session = _built(hosted, service, memory)
    if session is None:
        return Standing(row.phase, row.parked)
    runs = session.row.phase is Phase.RUNNING
    versions = tuple(version for version, why in fitting(hosted, session).items() if runs and not why)
    return msgspec.structs.replace(session.standing(), versions=versions)


def versions_of(hosted: Versions, service: str, memory: Memory) -> dict[str, str]:
    """The other versions that are hosted here, with the reason why the session cannot go on under one."""
    session = _built(hosted, service, memory)
    return fitting(hosted, session) if session is not None and session.row.phase is Phase.RUNNING else {}


def _built(hosted: Versions, service: str, memory: Memory) -> Session | None:
    """A session that is parked and goes forward, built once more from what the log has, to be thrown away."""
    row = memory.session
    if row is None or row.parked is None or row.phase not in (Phase.RUNNING, Phase.DONE):
        return None
    program = hosted.program(row.version, row.role)
    if program is not None:
        inbox = tuple(message for message in memory.inbox if believable(message, row.header, service, program))
        with suppress(Exception):  # then the row is all that is known
            session, _ = Session.recover(program, msgspec.structs.replace(memory, inbox=inbox))
            return session if session.row.parked is not None and session.row.phase is row.phase else None
    return None


def exits_of(hosted: Versions, service: str, memory: Memory) -> dict[str, Any]:
    """What can be done about a parked session, for people: its verbs, the site they are about, and what `resolve`
    wants."""
    standing = standing_of(hosted, service, memory)
    assert memory.session is not None
    shown: dict[str, Any] = {"role": memory.session.role, "verbs": [verb.value for verb in operate.verbs(standing)]}
    if standing.gap is not None:
        shown["value"] = {"site": standing.gap.site, "of": standing.gap.operation, "type": standing.gap.wants}
    if standing.site:
        shown["site"] = standing.site
    if standing.versions:
        shown["versions"] = list(standing.versions)
    return shown
