"""Garbage collection: deletes sessions that are over from the log, and at last from the workers' fences.

    over for `payload_after`   delete messages, results and values; times, outcome and reason stay for lists. Only if it
                               is less than `collect_after`
    over for `collect_after`   delete the rest; the session becomes a stub (id, role, outcome)
    a stub for `tombstone`     delete it, and tell this service's workers to forget the session

Each step is one bounded commit. After a full batch the next step follows almost at once, so that collection keeps up
with the load; else it waits. The log remembers which sessions a worker has to forget until it records that the worker
was told. So after a crash a worker is told twice, but never not at all.

Not promised: a time. While the log or a worker does not answer, data stays longer. Once the stub is deleted, nothing
here remembers the session: a later message begins it again, and its idempotency key is free again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from accompanist import limits
from accompanist.runtime.log import UpkeepPort

logger = structlog.get_logger("accompanist.collection")
MS_A_DAY = 86_400_000


class Fences(Protocol):
    """The workers of this service, implemented by `calls.Calls`."""

    async def forget(self, sessions: Sequence[UUID]) -> bool: ...


class Collector:
    """Runs the steps of collection. Its state: the sessions that the fences have forgotten, but the log does not know
    yet."""

    def __init__(
        self,
        log: UpkeepPort,
        fences: Fences,
        *,
        collect_after_ms: int = limits.collect_after_ms,
        payload_after_ms: int | None = None,
        tombstone_ms: int = limits.tombstone_days * MS_A_DAY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._fences = fences
        self._collect_after_ms = collect_after_ms
        self._payload_after_ms = collect_after_ms if payload_after_ms is None else payload_after_ms
        self._tombstone_ms = tombstone_ms
        self._clock = clock
        self._lightened_to = 0.0
        self._lighten_anew_at = 0.0
        self._told: Sequence[UUID] = ()

    @property
    def pause_ms(self) -> float:
        """The pause after a step that found nothing: a hundredth of the shortest age, so collection is at most that
        late."""
        shortest = min(self._collect_after_ms, self._payload_after_ms, self._tombstone_ms)
        return max(limits.collect_pause_ms, min(limits.collect_pause_cap_ms, shortest / 100))

    async def step(self) -> bool:
        """Collect one batch of each kind. Returns whether there may be more. Raises LogUnavailable."""
        lightened = await self._lighten() if self._payload_after_ms < self._collect_after_ms else 0
        collected = await self._log.collect(self._collect_after_ms, limits.collect_rows_max)
        due = await self._log.forget(self._tombstone_ms, limits.forget_rows_max, self._told)
        self._told = ()
        forgotten = bool(due) and await self._fences.forget(due)
        if forgotten:
            self._told = due
        if collected or due:
            logger.debug("sessions.collected", collected=collected, forgotten=len(due) if forgotten else 0)
        return limits.collect_rows_max in (lightened, collected) or (forgotten and len(due) == limits.forget_rows_max)

    async def _lighten(self) -> int:
        """Lighten a batch, continuing after the last one; now and then from the beginning, for sessions that were
        passed over."""
        if self._clock() >= self._lighten_anew_at:
            self._lighten_anew_at = self._clock() + limits.lighten_anew_ms / 1000
            self._lightened_to = 0.0
        age, batch, before = self._payload_after_ms, limits.collect_rows_max, self._lightened_to
        lightened, self._lightened_to = await self._log.lighten(age, batch, before)
        return lightened if self._lightened_to > before else 0
