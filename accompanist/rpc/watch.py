"""How long a connection may keep a server waiting, and how many there may be.

Three kinds of connections have their places apart, so that none takes another's:

    a stranger   has asked for nothing yet, or showed no token where one is needed
    a probe      has asked for health, readiness or the like, for which no token is needed
    known        has asked for something that it may ask for

Everybody begins as a stranger, and those are few: where there is no room for one more, the one that is there longest
goes. So whoever opens connections and says nothing loses them to whoever speaks. Among the probes, and among the known,
the one that is idle longest goes; where none is idle, the new one is refused.

What else ends a connection:

    a stranger's first request is not there after `first_request_ms`
    a message that has begun does not come on: nothing of it for `stall_ms`, or too little for its time
    answers that nobody reads for `unread_ms`                         they lie in our memory
    nothing at all for `idle_ms`, or `probe_idle_ms`, and no call under way

Calls under way are their own business: they have a time-out of their own, and a saga may be waited for long. A
connection ended like this was owed nothing that is not asked for again.

One look at all lines every `watch_ms`, instead of a timer a line, costs nothing on the way of a message.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.rpc")


class Standing(Enum):
    """What is known of who is at the other end."""

    STRANGER = "stranger"
    PROBE = "probe"
    KNOWN = "known"


@dataclass(slots=True)
class Coming:
    """A message that has begun: since when, how much of it has come, and when the last of that."""

    since: float
    heard_at: float
    size: int = 0

    def more(self, size: int, now: float) -> None:
        self.size += size
        self.heard_at = now

    @property
    def due(self) -> float:
        """When it is given up, unless more of it comes."""
        steps = 1 + self.size / limits.body_step_bytes
        return min(self.since + steps * limits.body_ms / 1000, self.heard_at + limits.stall_ms / 1000)


@dataclass(eq=False, slots=True)
class Line:
    """What is known of one connection: since when it is there, and nothing was said, and nobody reads; the message that
    comes; how many calls are under way; how it is ended."""

    end: Callable[[], None]
    since: float
    quiet_since: float
    standing: Standing = Standing.STRANGER
    coming: Coming | None = None
    choked_since: float | None = None
    calls: int = 0
    readable: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while somebody reads our answers."""

    def __post_init__(self) -> None:
        self.readable.set()

    def overdue(self, now: float) -> bool:
        if self.coming is not None and now > self.coming.due:
            return True
        if self.choked_since is not None and now - self.choked_since > limits.unread_ms / 1000:
            return True
        if self.calls:
            return False
        if self.standing is Standing.STRANGER:
            return now - self.since > min(limits.first_request_ms, limits.idle_ms) / 1000
        idle_ms = limits.probe_idle_ms if self.standing is Standing.PROBE else limits.idle_ms
        return now - self.quiet_since > min(idle_ms, limits.idle_ms) / 1000

    def came(self, size: int, now: float) -> None:
        """Bytes came that are no whole message yet."""
        self.quiet_since = now
        if self.coming is None:
            self.coming = Coming(now, now)
        self.coming.more(size, now)

    def whole(self, now: float) -> None:
        """A message is there."""
        self.quiet_since = now
        self.coming = None

    def choked(self, choked: bool, now: float) -> None:
        self.choked_since = now if choked else None
        (self.readable.clear if choked else self.readable.set)()

    def called(self) -> None:
        self.calls += 1

    def answered(self, now: float) -> None:
        self.calls -= 1
        self.quiet_since = now


class Watch:
    """The lines of one server."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.now = clock or asyncio.get_running_loop().time
        self._lines: dict[Standing, dict[Line, None]] = {standing: {} for standing in Standing}
        self._task: asyncio.Task[None] | None = None

    def add(self, end: Callable[[], None]) -> Line | None:
        """The line of a new connection, a stranger's; None where there is no place for it."""
        if not self._make_room(Standing.STRANGER):
            return None
        line = Line(end, self.now(), self.now())
        self._lines[Standing.STRANGER][line] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        return line

    def is_now(self, line: Line, standing: Standing) -> bool:
        """Give a line a place among its like; False where there is none, and it should go. Whoever is known stays so:
        one that looks after its own health is not taken for a probe."""
        if standing is line.standing or line.standing is Standing.KNOWN:
            return True
        if not self._make_room(standing):
            return False
        self.remove(line)
        line.standing = standing
        self._lines[standing][line] = None
        return True

    def remove(self, line: Line) -> None:
        self._lines[line.standing].pop(line, None)
        line.readable.set()  # who waits for that is told that it is over

    def look(self) -> None:
        """End what is overdue."""
        now = self.now()
        for line in [line for lines in self._lines.values() for line in lines if line.overdue(now)]:
            self._end(line)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(limits.watch_ms / 1000)
            self.look()

    def _make_room(self, standing: Standing) -> bool:
        most = {
            Standing.STRANGER: limits.strangers_connections_max,
            Standing.PROBE: limits.probes_connections_max,
            Standing.KNOWN: limits.connections_max,
        }[standing]
        lines = self._lines[standing]
        if len(lines) < most:
            return True
        if standing is Standing.STRANGER:
            idle = next((line for line in lines if not line.calls), None)  # they stand in the order they came
        else:
            quiet = (line for line in lines if not line.calls and line.coming is None)
            idle = min(quiet, key=lambda line: line.quiet_since, default=None)
        if idle is None:
            return False
        self._end(idle)
        return True

    def _end(self, line: Line) -> None:
        self.remove(line)
        try:
            line.end()
        except Exception as problem:  # the others are still looked after
            logger.warning("line.not_ended", problem=type(problem).__name__)
