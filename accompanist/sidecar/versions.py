"""The life of a choreography's version: stored in the log, loaded when a session needs it, deleted when none does.

    start           register the deployed versions in the log, by fingerprint, write-once
    every second    while sessions wait for a version that is not hosted here: ask the log for it; if it has one,
    compile
                    and host it, and load its sessions
    every hour      record which versions are deployed; delete those that were not deployed for `tombstone` and that no
                    open session began with

So to deploy, edit the file and restart the sidecars, one by one or all at once, forwards or backwards. A replica that
gets a session of a version that only another one has deployed finds it in their common log.

A version that cannot be hosted (never registered, damaged, compiled differently by this release) is logged once. Its
sessions wait, and show the reason. If the log gets the version later, from another replica, it is found then.

Not promised: that a version is stored for ever. If no sidecar has had it deployed for `tombstone`, and no session here
is open with it, a session of it that arrives later waits until it is deployed again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from accompanist import limits
from accompanist.errors import AccompanistError
from accompanist.runtime.log import VersionPort
from accompanist.runtime.ports import KeptVersion
from accompanist.sidecar.hosting import Hosted

logger = structlog.get_logger("accompanist.versions")


class Sessions(Protocol):
    """The sessions of this sidecar, implemented by `driver.Driver`."""

    @property
    def unhosted(self) -> Mapping[tuple[UUID, str], str]: ...

    def found_version(self, key: tuple[UUID, str]) -> None: ...

    async def recover(self, keys: Sequence[tuple[UUID, str]]) -> None: ...


class Versions:
    """Keeps hosted versions and the log in step."""

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
        """Store the deployed versions in the log, before any session begins with them. Raises LogUnavailable."""
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
        """Load missing versions; every hour, record the deployed ones and delete old ones. Raises LogUnavailable."""
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
            # messages without a session are deleted after a while, so made-up versions in them do not fill memory
            await sessions.recover(list(sessions.unhosted))

    async def _look(self, sessions: Sessions) -> None:
        missing = [one for one in sorted(set(sessions.unhosted.values())) if not self._hosted.knows(one)]
        for at in range(0, len(missing), limits.versions_rows_max):
            for version in await self._log.kept(missing[at : at + limits.versions_rows_max]):
                await self._bring_back(version)
        ready = [key for key, version in sessions.unhosted.items() if self._hosted.hosts(version, key[1])]
        for key in ready:
            sessions.found_version(key)
        await sessions.recover(ready)
        self._tell(sessions)

    async def _bring_back(self, version: KeptVersion) -> None:
        told = {"choreography": version.choreography, "fingerprint": version.fingerprint}
        try:
            # compiling takes long, and leases have to be renewed in the meantime
            await asyncio.to_thread(self._hosted.add_kept, version)
        except AccompanistError as problem:
            self._hosted.refused[version.fingerprint] = f"{problem.code} {problem.text}"
        else:
            logger.info("version.brought_back", **told)

    def _tell(self, sessions: Sessions) -> None:
        """Log each version that cannot be hosted, once."""
        now = {fingerprint: role for (_, role), fingerprint in sessions.unhosted.items()}
        self._told &= now.keys()
        for fingerprint in sorted(now.keys() - self._told)[: limits.versions_rows_max]:
            self._told.add(fingerprint)
            problem = self._hosted.why(fingerprint, now[fingerprint])
            logger.warning("version.unhostable", fingerprint=fingerprint, problem=problem)
