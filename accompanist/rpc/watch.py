"""Connection quotas and timeouts of a server, against slow and idle clients.

Three kinds of connections have separate quotas, so that none can starve another:

    a stranger   has made no request yet, or has no token where one is needed
    a probe      has asked for health, readiness or the like, which needs no token
    known        has made a permitted request

Every connection begins as a stranger. Their quota is small: when it is full, the oldest stranger is closed. So silent
connections lose their places to those that make requests. Among probes, and among known connections, the one that is
idle longest is closed; if none is idle, the new one is refused.

A connection is also closed if:

    a stranger's first request has not arrived after `first_request_ms`
    a message stalls: no byte of it for `stall_ms`, or too few for its time
    answers stay unread for `unread_ms`, since they are in our memory
    it is silent for `idle_ms`, or `probe_idle_ms`, without a call under way

A call under way keeps its connection: it has its own timeout, and waiting for a saga may take long. Closing a
connection loses nothing that the peer cannot retry.

One check of all connections every `watch_ms`, instead of a timer for each, adds no cost to a message.
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


class ConnectionKind(Enum):
    """The kind of a connection, which has its own quota."""

    STRANGER = "stranger"
    PROBE = "probe"
    KNOWN = "known"


@dataclass(slots=True)
class Coming:
    """A message that is arriving: since when, when its last bytes came, and how many came."""

    since: float
    heard_at: float
    size: int = 0

    def more(self, size: int, now: float) -> None:
        self.size += size
        self.heard_at = now

    @property
    def due(self) -> float:
        """When it times out, unless more bytes come."""
        steps = 1 + self.size / limits.body_step_bytes
        return min(self.since + steps * limits.body_ms / 1000, self.heard_at + limits.stall_ms / 1000)


@dataclass(eq=False, slots=True)
class WatchedConnection:
    """The state of one connection: since when it exists, is silent (`quiet_since`), and does not read our answers
    (`choked_since`); the message that is arriving; the calls under way; and `end`, which closes it."""

    end: Callable[[], None]
    since: float
    quiet_since: float
    standing: ConnectionKind = ConnectionKind.STRANGER
    coming: Coming | None = None
    choked_since: float | None = None
    calls: int = 0
    readable: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the peer reads our answers."""

    def __post_init__(self) -> None:
        self.readable.set()

    def overdue(self, now: float) -> bool:
        if self.coming is not None and now > self.coming.due:
            return True
        if self.choked_since is not None and now - self.choked_since > limits.unread_ms / 1000:
            return True
        if self.calls:
            return False
        if self.standing is ConnectionKind.STRANGER:
            return now - self.since > min(limits.first_request_ms, limits.idle_ms) / 1000
        idle_ms = limits.probe_idle_ms if self.standing is ConnectionKind.PROBE else limits.idle_ms
        return now - self.quiet_since > min(idle_ms, limits.idle_ms) / 1000

    def came(self, size: int, now: float) -> None:
        """Note bytes of a message that is not complete yet."""
        self.quiet_since = now
        if self.coming is None:
            self.coming = Coming(now, now)
        self.coming.more(size, now)

    def whole(self, now: float) -> None:
        """Note that a message is complete."""
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
    """The connections of one server, with their quotas and timeouts."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.now = clock or asyncio.get_running_loop().time
        self._lines: dict[ConnectionKind, dict[WatchedConnection, None]] = {standing: {} for standing in ConnectionKind}
        self._task: asyncio.Task[None] | None = None

    def add(self, end: Callable[[], None]) -> WatchedConnection | None:
        """Add a new connection, as a stranger; None if its quota is full."""
        if not self._make_room(ConnectionKind.STRANGER):
            return None
        line = WatchedConnection(end, self.now(), self.now())
        self._lines[ConnectionKind.STRANGER][line] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        return line

    def is_now(self, line: WatchedConnection, standing: ConnectionKind) -> bool:
        """Move a connection to another kind. False if that quota is full, and the connection should be closed. A known
        connection stays known, even if it asks for health."""
        if standing is line.standing or line.standing is ConnectionKind.KNOWN:
            return True
        if not self._make_room(standing):
            return False
        self.remove(line)
        line.standing = standing
        self._lines[standing][line] = None
        return True

    def remove(self, line: WatchedConnection) -> None:
        self._lines[line.standing].pop(line, None)
        line.readable.set()  # release a waiter

    def look(self) -> None:
        """Close the connections that are overdue."""
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

    def _make_room(self, standing: ConnectionKind) -> bool:
        most = {
            ConnectionKind.STRANGER: limits.strangers_connections_max,
            ConnectionKind.PROBE: limits.probes_connections_max,
            ConnectionKind.KNOWN: limits.connections_max,
        }[standing]
        lines = self._lines[standing]
        if len(lines) < most:
            return True
        if standing is ConnectionKind.STRANGER:
            idle = next((line for line in lines if not line.calls), None)  # in order of arrival
        else:
            quiet = (line for line in lines if not line.calls and line.coming is None)
            idle = min(quiet, key=lambda line: line.quiet_since, default=None)
        if idle is None:
            return False
        self._end(idle)
        return True

    def _end(self, line: WatchedConnection) -> None:
        self.remove(line)
        try:
            line.end()
        except Exception as problem:  # go on with the other connections
            logger.warning("line.not_ended", problem=type(problem).__name__)
