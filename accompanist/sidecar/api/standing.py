"""Finds in the log where a parked session stands and which verbs apply, so that any replica can answer.

A session is a function of the log, so a parked one is rebuilt from it, examined and thrown away.
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
from accompanist.sidecar.api.rehosting import HostedPrograms, fitting
from accompanist.sidecar.sessions.believing import believable


async def to_stand_on(log: SessionPort, session: UUID, role: str) -> Memory:
    """Load a session to find its standing. A parked one needs all its messages, however many they are."""
    [memory] = await log.load([(session, role)])
    if memory.more and memory.session is not None and memory.session.parked is not None:
        [memory] = await log.load([(session, role)], whole=True)
    return memory


def standing_of(hosted: HostedPrograms, service: str, memory: Memory) -> Standing:
    """Where a session stands, according to the log."""
    row = memory.session
    assert row is not None, "a session that is asked about has a row"
    if row.parked is not None and row.parked.code == UNENDED:
        return Standing(Phase.CLOSING, row.parked)  # the log does not keep this phase; recovery closes again
    session = _built(hosted, service, memory)
    if session is None:
        return Standing(row.phase, row.parked)
    runs = session.row.phase is Phase.RUNNING
    versions = tuple(version for version, why in fitting(hosted, session).items() if runs and not why)
    return msgspec.structs.replace(session.standing(), versions=versions)


def versions_of(hosted: HostedPrograms, service: str, memory: Memory) -> dict[str, str]:
    """The other hosted versions, each with the reason why the session cannot go on under it; empty if it can."""
    session = _built(hosted, service, memory)
    return fitting(hosted, session) if session is not None and session.row.phase is Phase.RUNNING else {}


def _built(hosted: HostedPrograms, service: str, memory: Memory) -> Session | None:
    """A parked session that is running or done, rebuilt from the log; None for any other."""
    row = memory.session
    if row is None or row.parked is None or row.phase not in (Phase.RUNNING, Phase.DONE):
        return None
    program = hosted.program(row.version, row.role)
    if program is not None:
        inbox = tuple(message for message in memory.inbox if believable(message, row.header, service, program))
        with suppress(Exception):  # if it cannot be rebuilt, only the row is known
            session, _ = Session.recover(program, msgspec.structs.replace(memory, inbox=inbox))
            return session if session.row.parked is not None and session.row.phase is row.phase else None
    return None


def exits_of(hosted: HostedPrograms, service: str, memory: Memory) -> dict[str, Any]:
    """What an operator can do about a parked session: the verbs, the site they apply to, and the value that `resolve`
    needs."""
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
