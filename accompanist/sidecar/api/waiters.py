"""Clients that wait for the end of a session at this sidecar."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from accompanist.runtime.ports import SessionRow


class Waiters:
    """Clients that wait for the end of a session. Each gets the row with which it ended, once that is in the log."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[tuple[bool, asyncio.Future[SessionRow]]]] = {}

    @property
    def count(self) -> int:
        return sum(map(len, self._waiting.values()))

    def ended(self, row: SessionRow) -> None:
        """A role has voted, or the saga is over: answer those who wait for that."""
        if row.role != row.header.initiator:
            return
        for early, future in self._waiting.get(row.header.session, ()):
            if not future.done() and (early or row.outcome is not None):
                future.set_result(row)

    @contextmanager
    def wait(self, session: UUID, early: bool) -> Iterator[asyncio.Future[SessionRow]]:
        """A future of the session's end, registered while the block runs."""
        entry = (early, asyncio.get_running_loop().create_future())
        entries = self._waiting.setdefault(session, [])
        entries.append(entry)
        try:
            yield entry[1]
        finally:
            entries.remove(entry)
            if not entries:
                self._waiting.pop(session, None)
