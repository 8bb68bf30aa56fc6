"""Says that Postgres refuses this sidecar connections, because too many are open: everything waits, and is slower.

What was asked is asked again, with back-off, so nothing else would show it.

Not promised: that a pooler's refusals are seen. It has its own limits, and keeps whoever asks waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.log")


class RefusedConnections:
    """The refusals of one process. `counted` is called for each; `clock` gives seconds."""

    def __init__(self, counted: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._counted = counted
        self._clock = clock
        self._last_at: float | None = None

    def note(self) -> None:
        """A connection was refused. It is logged if none was refused lately."""
        self._counted()
        if not self.lately:
            logger.warning("connections.refused")
        self._last_at = self._clock()

    @property
    def lately(self) -> bool:
        """Whether one was refused within the last `slowness_told_s`."""
        return self._last_at is not None and self._clock() - self._last_at < limits.slowness_told_s
