"""Ways to the sidecars of peers, for the messages of volatile sessions.

A way leads to one process and is lost with it. `id` of that process comes with everything that it says, so that another
process that takes its place is not taken for it.

Not promised: that what was sent arrived. A way that is not lost delivers it, in order, once or more often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import Message


class Way(Protocol):
    """A way to one process of a peer. `sessions`: those that are lost with it."""

    service: str
    process: str
    sessions: set[UUID]

    def join(self, session: UUID) -> None:
        """Add a session: from now on it is noticed that the process is lost, also while nothing is sent."""
        ...

    def leave(self, session: UUID) -> None:
        """Remove a session."""
        ...

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages, in this turn of the event loop. Nothing is raised: who cannot send is lost."""
        ...

    def tell(self, lost: Lost) -> None:
        """Tell of a lost session, after all that was sent."""
        ...


class Ways(Protocol):
    """Finds ways."""

    def find(self, service: str, session: UUID) -> Way | None:
        """The way to the process of a service that has, or would have, this session; None if there is none yet."""
        ...

    async def reach(self, service: str, session: UUID) -> Way | None:
        """The same; a way is opened first, if need be. None if that takes longer than `volatile_reach_ms`."""
        ...


class WayListener(Protocol):
    """Whoever is told what comes over ways: `sessions.VolatileSessions`. `process`: our own id."""

    process: str

    def heard(
        self, service: str, process: str, messages: Sequence[Message], lost: Sequence[Lost], *, by_shard: bool = True
    ) -> Sequence[Lost]:
        """Take what a process of an authenticated service says. Returns the sessions that cannot go on here.
        `by_shard`: messages come to the sidecar that holds the shard of their session, else to the only one."""
        ...

    def way_lost(self, way: Way, reason: str) -> None:
        """A way is lost, and every session on it."""
        ...


class JoinedWays:
    """Ways of two kinds: for each service that `far` names, that one; for the others `near`, if there is one."""

    def __init__(self, near: Ways | None, far: Mapping[str, Ways]) -> None:
        self._near = near
        self._far = far

    def find(self, service: str, session: UUID) -> Way | None:
        ways = self._far.get(service, self._near)
        return None if ways is None else ways.find(service, session)

    async def reach(self, service: str, session: UUID) -> Way | None:
        ways = self._far.get(service, self._near)
        return None if ways is None else await ways.reach(service, session)
