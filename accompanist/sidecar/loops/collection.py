"""Collection: what is over leaves the log in the background, and at last the workers' fences.

    over for `payload_after`   messages, results and values go; times, outcome and reason stay to be listed. Only where
                               that is less than `collect_after`
    over for `collect_after`   what is left goes, the session becomes a stub (id, role, outcome)
    a stub for `tombstone`     it goes; the workers of this service are told to forget the session

Each step is one bounded commit. A step that found a full batch is followed by the next almost at once, so that
collection keeps up with any load that the log keeps up with; else it waits. What a worker was told is remembered until
the log has heard that it was told, so that a crash tells it twice and never not at all.

Not promised: a time. While the log or a worker does not answer, things stay longer. After the stub has gone nothing
here remembers the session: a message that comes later than that begins it anew, and an idempotency key is free again.
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
    """The workers of this service; `calls.Calls` is them."""

    async def forget(self, sessions: Sequence[UUID]) -> bool: ...


class Collector:
    """The ages, and what the fences have acknowledged but the log has not heard of yet."""

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
        """Between two steps when nothing is left: a hundredth of the shortest age, which is so much late at most."""
        shortest = min(self._collect_after_ms, self._payload_after_ms, self._tombstone_ms)
        return max(limits.collect_pause_ms, min(limits.collect_pause_cap_ms, shortest / 100))

    async def step(self) -> bool:
        """One batch of each kind; whether there may be more at once. Raises LogUnavailable."""
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
        """A batch, from where the last one ended; now and then from the beginning, for what was passed over."""
        if self._clock() >= self._lighten_anew_at:
            self._lighten_anew_at = self._clock() + limits.lighten_anew_ms / 1000
            self._lightened_to = 0.0
        age, batch, before = self._payload_after_ms, limits.collect_rows_max, self._lightened_to
        lightened, self._lightened_to = await self._log.lighten(age, batch, before)
        return lightened if self._lightened_to > before else 0
