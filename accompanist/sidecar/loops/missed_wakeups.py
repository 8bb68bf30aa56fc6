"""Counts work that a poll found although a wake-up should have told of it: wake-ups are lost, and all is slower.

Messages. A poll says that there are some, the inbox loop was not woken for them, and takes some: if no wake-up comes
within `wakeup_late_ms` of that, it was lost. Ends that clients wait for are counted by `sidecar.api.waiters`.

Not promised: that each lost wake-up is counted. What comes meanwhile for other messages stands for it.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.wakeups")


class LateMessages:
    """The messages that polls found. All times are in seconds, by any one clock."""

    def __init__(self) -> None:
        self._by_poll = False
        """Whether the next `take` is there only because a poll has asked for it."""
        self._found_at: float | None = None
        self._missed = 0

    def polled(self) -> None:
        """A poll says that there are messages, and the inbox loop was idle."""
        self._by_poll = True

    def woken(self) -> None:
        """A wake-up has come."""
        self._by_poll, self._found_at = False, None

    def took(self, messages: int, now: float) -> None:
        """The inbox loop has taken so many messages."""
        if self._by_poll and messages:
            self._overdue(now)
            self._found_at = now if self._found_at is None else self._found_at
        self._by_poll = False

    def overdue(self, now: float) -> int:
        """How often polls found messages that nobody told of since; each time is counted once."""
        self._overdue(now)
        missed, self._missed = self._missed, 0
        return missed

    def _overdue(self, now: float) -> None:
        if self._found_at is not None and now - self._found_at >= limits.wakeup_late_ms / 1000:
            self._found_at = None
            self._missed += 1


class MissedWakeUps:
    """All lost wake-ups of a sidecar. `counted` is called with what they were for, and how many there were."""

    def __init__(self, counted: Callable[[str, int], None]) -> None:
        self._counted = counted
        self._last_at: float | None = None

    def note(self, messages: int, ends: int, now: float) -> None:
        """Count what was missed since the last call. It is logged each time, and once when it is over."""
        for kind, count in (("message", messages), ("end", ends)):
            if count:
                self._counted(kind, count)
                self._last_at = now
                logger.warning("wakeups.missed", kind=kind, count=count)
        if self._last_at is not None and not self.lately(now):
            self._last_at = None
            logger.info("wakeups.back")

    def lately(self, now: float) -> bool:
        """Whether one was missed within the last `slowness_told_s`."""
        return self._last_at is not None and now - self._last_at < limits.slowness_told_s
