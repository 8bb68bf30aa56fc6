"""How long a connection may keep a server waiting, and how many there may be.

A server's connections are few (`connections_max`), so each has to be worth its place. What ends one:

    a message that has begun and is not there after `body_ms`      slowly or never: the sender holds the place
    answers that nobody reads for `unread_ms`                      they lie in our memory
    nothing at all for `idle_ms`, and no call under way            whoever wants more connects again

Calls under way are their own business: they have a time-out of their own, and a saga may be waited for long. A
connection ended like this was owed nothing that is not asked for again.

One look at all lines every `watch_ms`, instead of a timer a line, costs nothing on the way of a message.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.rpc")


@dataclass(eq=False, slots=True)
class Line:
    """What is known of one connection: since when a message has begun (None: none has), since when nobody reads, since
    when nothing was said; how many calls are under way; how it is ended."""

    end: Callable[[], None]
    quiet_since: float
    partial_since: float | None = None
    choked_since: float | None = None
    calls: int = 0

    def overdue(self, now: float) -> bool:
        if self.partial_since is not None and now - self.partial_since > limits.body_ms / 1000:
            return True
        if self.choked_since is not None and now - self.choked_since > limits.unread_ms / 1000:
            return True
        return not self.calls and now - self.quiet_since > limits.idle_ms / 1000

    def began(self, now: float) -> None:
        """Bytes came that are no whole message yet."""
        self.quiet_since = now
        if self.partial_since is None:
            self.partial_since = now

    def whole(self, now: float) -> None:
        """A message is there."""
        self.quiet_since = now
        self.partial_since = None

    def choked(self, choked: bool, now: float) -> None:
        self.choked_since = now if choked else None

    def called(self) -> None:
        self.calls += 1

    def answered(self, now: float) -> None:
        self.calls -= 1
        self.quiet_since = now


class Watch:
    """The lines of one server."""

    def __init__(self) -> None:
        self._lines: set[Line] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        return len(self._lines) >= limits.connections_max

    def add(self, end: Callable[[], None]) -> Line:
        line = Line(end, self.now())
        self._lines.add(line)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        return line

    def remove(self, line: Line) -> None:
        self._lines.discard(line)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(limits.watch_ms / 1000)
            now = self.now()
            for line in [line for line in self._lines if line.overdue(now)]:
                self.remove(line)
                try:
                    line.end()
                except Exception as problem:  # the others are still looked after
                    logger.warning("line.not_ended", problem=type(problem).__name__)
