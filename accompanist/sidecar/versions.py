"""Versions of choreographies over the life of a deployment: kept when they are registered, brought back when a session
needs one, let go when none does.

    start           what is deployed here is registered in the log, by fingerprint, write-once
    every second    while sessions wait for a version that is not hosted here: the log is asked for it; one that it has
                    is compiled anew and hosted, and its sessions are taken up
    every hour      what is deployed is said to be so; what nobody has deployed for `tombstone`, and nothing open began
                    with, is let go

So a file is simply edited and the sidecars restarted, one by one or all at once, up or down: a replica that meets a
session of a version that only another one has deployed finds it in the log that they share.

A version that cannot be hosted (never registered, damaged, compiled otherwise by this release) is told of once and its
sessions wait, shown with the reason; one that the log gets later, from a replica that starts later, is found then.

Not promised: that a version is there for ever. A session that first reaches this service when no sidecar of it has had
its version for `tombstone`, and no open session here either, waits for somebody to deploy it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from accompanist import limits
from accompanist.errors import AccompanistError
from accompanist.runtime.log import VersionPort
from accompanist.runtime.ports import Kept
from accompanist.sidecar.hosting import Hosted

logger = structlog.get_logger("accompanist.versions")


class Sessions(Protocol):
    """The sessions of this sidecar; `driver.Driver` is them."""

    unhosted: dict[tuple[UUID, str], str]

    async def recover(self, keys: Sequence[tuple[UUID, str]]) -> None: ...


class Versions:
    """What is hosted, and the log that keeps it."""

    def __init__(
        self,
        hosted: Hosted,
        log: VersionPort,
        *,
        tombstone_ms: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosted = hosted
        self._log = log
        self._tombstone_ms = tombstone_ms
        self._clock = clock
        self._touched_at = 0.0
        self._told: set[str] = set()

    async def register(self) -> None:
        """Before anything begins with them. Raises LogUnavailable."""
        await self._log.register(self._hosted.registration())
        await self._log.keep(self._hosted.deployed)
        self._touched_at = self._clock()

    def due(self, sessions: Sessions) -> bool:
        """Whether `step` has something to do."""
        return bool(sessions.unhosted or self._told) or self._touches

    @property
    def _touches(self) -> bool:
        return self._clock() - self._touched_at >= limits.version_touch_ms / 1000

    async def step(self, sessions: Sessions) -> None:
        """Look for what is missing, and, when it is time, touch and let go. Raises LogUnavailable."""
        if sessions.unhosted:
            await self._look(sessions)
        else:
            self._told.clear()
        if self._touches:
            await self._log.keep(self._hosted.deployed)
            self._touched_at = self._clock()
            gone = await self._log.forget_versions(self._tombstone_ms, limits.versions_rows_max)
            if gone:
                logger.info("versions.forgotten", count=gone)
            # messages without a session go after a while; whoever writes such with versions that never were fills
            # nobody's memory
            await sessions.recover(list(sessions.unhosted))

    async def _look(self, sessions: Sessions) -> None:
        missing = [one for one in sorted(set(sessions.unhosted.values())) if not self._hosted.knows(one)]
        for at in range(0, len(missing), limits.versions_rows_max):
            for version in await self._log.kept(missing[at : at + limits.versions_rows_max]):
                await self._bring_back(version)
        ready = [key for key, version in sessions.unhosted.items() if self._hosted.hosts(version, key[1])]
        for key in ready:
            del sessions.unhosted[key]
        await sessions.recover(ready)
        self._tell(sessions)

    async def _bring_back(self, version: Kept) -> None:
        told = {"choreography": version.choreography, "fingerprint": version.fingerprint}
        try:
            # compiling takes its time, and leases are to be renewed meanwhile
            await asyncio.to_thread(self._hosted.add_kept, version)
        except AccompanistError as problem:
            self._hosted.refused[version.fingerprint] = f"{problem.code} {problem.text}"
        else:
            logger.info("version.brought_back", **told)

    def _tell(self, sessions: Sessions) -> None:
        """Once of each version that stays away."""
        now = {fingerprint: role for (_, role), fingerprint in sessions.unhosted.items()}
        self._told &= now.keys()
        for fingerprint in sorted(now.keys() - self._told)[: limits.versions_rows_max]:
            self._told.add(fingerprint)
            problem = self._hosted.why(fingerprint, now[fingerprint])
            logger.warning("version.unhostable", fingerprint=fingerprint, problem=problem)
