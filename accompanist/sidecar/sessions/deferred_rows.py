"""Deferred writes of session rows that are only caches; several changes of a session are merged into one write.

Not promised: that such a row is in the log at once, or at all before a crash. Records that others depend on are
committed with their burst instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from accompanist import limits
from accompanist.runtime.session import Session


class DeferredRows:
    """The sessions whose rows `write` will write soon."""

    def __init__(self, write: Callable[[Session], None]) -> None:
        self._write = write
        self._due: dict[tuple[UUID, str], Session] = {}
        self._final: dict[tuple[UUID, str], Session] = {}
        """Those of them that are over. They are kept apart, since each flush asks for them."""
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def __contains__(self, key: object) -> bool:
        return key in self._due

    def __len__(self) -> int:
        return len(self._due)

    def soon(self, session: Session) -> None:
        self._due[session.key] = session
        if session.final:
            self._final[session.key] = session
        if self._timer is None and not self._stopped:
            self._timer = asyncio.get_running_loop().call_later(limits.lazy_write_ms / 1000, self.now)

    def forget(self, session: Session) -> None:
        """Cancel a deferred write: the row is written otherwise, or the session is not held any more."""
        self._due.pop(session.key, None)
        self._final.pop(session.key, None)

    def now(self) -> None:
        """Write all deferred rows now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due, self._due, self._final = self._due, {}, {}
        for session in due.values():
            self._write(session)

    def final_now(self) -> None:
        """Write the last rows of sessions that are over now. For when a flush begins anyway: they share it, and nothing
        that comes later would have been merged with them."""
        for session in list(self._final.values()):
            self.forget(session)
            self._write(session)

    def stop(self) -> None:
        """Write no more rows: nothing would wait for the writes to finish."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
