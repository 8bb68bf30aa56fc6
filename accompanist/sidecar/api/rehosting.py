"""Finds the other versions of a choreography under which a parked session can go on.

A version fits at one role if the programs of all other roles are the same in both versions, and if the session has the
same past under it (`runtime.same_past`). The session's messages keep the version it began with; only its row records
the version that it runs on here.

Not promised: a version that changes several roles, since all of them would have to switch at once.
"""

from __future__ import annotations

from typing import Protocol

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.messages import Header
from accompanist.runtime.session import Session


class HostedPrograms(Protocol):
    """The part of `hosting.Hosted` that is used here."""

    def program(self, header: Header, role: str) -> RoleProgram | None: ...

    def playing(self, role: str) -> list[RoleProgram]: ...


def fitting(hosted: HostedPrograms, session: Session) -> dict[str, str]:
    """The other hosted versions, by fingerprint, each with the reason why the session cannot go on under it; empty if
    it can."""
    old = session.program
    others = [one for one in hosted.playing(session.role) if one.choreography.name == old.choreography.name]
    return {
        one.choreography.fingerprint: _unlike(old, one) or session.passes(one)
        for one in others
        if one.choreography.fingerprint != old.choreography.fingerprint
    }


def _unlike(old: RoleProgram, new: RoleProgram) -> str:
    """How the saga as a whole differs between the two versions; empty if it does not."""
    was, now = old.choreography, new.choreography
    if was.roles != now.roles or was.initiator != now.initiator:
        return "it has other roles"
    if was.commit_role != now.commit_role or was.result_owners != now.result_owners:
        return "its commit point or its result is at another role"
    changed = [
        role for role in was.roles if role != old.role and was.projections[role].digest != now.projections[role].digest
    ]
    return f"it changes the program of {', '.join(changed)}, too" if changed else ""
