"""Clients that wait for the end of a session at this sidecar.

If the session runs here, its end is told with its row. If it runs at another sidecar of the service, that one notifies
(`log.wakeups`), and the client's wait looks at the log. `overdue` counts ends that a wait found by its poll, and that
nobody told of within `wakeup_late_ms`: wake-ups are lost.

Not promised: that every end is told. Who waits has to look at the log all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from accompanist import limits
from accompanist.runtime.messages import last_byte
from accompanist.runtime.ports import SessionRow


class Waiter:
    """A client that waits for a session: for its end, or with `early` for the initiator's vote."""

    def __init__(self, early: bool) -> None:
        self.early = early
        self.row: SessionRow | None = None
        """The row with which the session ended, if it ended here."""
        self._told = asyncio.Event()

    async def told_within(self, seconds: float) -> bool:
        """Wait until there is something to look at, or the time has passed. Returns which of the two."""
        try:
            async with asyncio.timeout(seconds):
                await self._told.wait()
        except TimeoutError:
            return False
        self._told.clear()
        return True

    @property
    def is_told(self) -> bool:
        """Whether there is something to look at that was not waited for yet."""
        return self._told.is_set()

    def look(self) -> None:
        """The session may have ended."""
        self._told.set()

    def ended(self, row: SessionRow) -> None:
        """The session has ended at its initiator, or voted: that is what an early client waits for."""
        if self.row is None and (self.early or row.outcome is not None):
            self.row = row
            self._told.set()


class Waiters:
    """Clients that wait for the end of a session. Each gets the row with which it ended, once that is in the log."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[Waiter]] = {}
        self._untold: dict[UUID, float] = {}
        """When a wait found by its poll that a session was over."""

    @property
    def count(self) -> int:
        return sum(map(len, self._waiting.values()))

    def ended(self, row: SessionRow) -> None:
        """A role has voted, or the saga is over: answer those who wait for that."""
        if row.role != row.header.initiator:
            return
        self._untold.pop(row.header.session, None)
        for waiter in self._waiting.get(row.header.session, ()):
            waiter.ended(row)

    def look(self, last_bytes: Collection[int] | None) -> None:
        """Sessions whose ids have these last bytes may have ended at other sidecars, or any may have (None): let those
        who wait for them look."""
        for session in [one for one in self._untold if last_bytes is None or last_byte(one) in last_bytes]:
            del self._untold[session]
        for session, waiting in self._waiting.items():
            if last_bytes is None or last_byte(session) in last_bytes:
                for waiter in waiting:
                    waiter.look()

    def found_by_poll(self, session: UUID, now: float) -> None:
        """A wait has found by its poll that a session is over. `now`: in seconds, by any clock."""
        self._untold.setdefault(session, now)

    def overdue(self, now: float) -> int:
        """How many ends were found by polls and not told of since; each is counted once."""
        late = [session for session, at in self._untold.items() if now - at >= limits.wakeup_late_ms / 1000]
        for session in late:
            del self._untold[session]
        return len(late)

    @contextmanager
    def wait(self, session: UUID, early: bool) -> Iterator[Waiter]:
        """A client that waits for the session while the block runs."""
        waiter = Waiter(early)
        waiters = self._waiting.setdefault(session, [])
        waiters.append(waiter)
        try:
            yield waiter
        finally:
            waiters.remove(waiter)
            if not waiters:
                self._waiting.pop(session, None)
