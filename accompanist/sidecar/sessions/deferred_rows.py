"""Session rows that only cache what the inbox and the results say: written when there is time, and many changes of one
session as one.

Not promised: that such a row is in the log at once, or at all before a crash. Whatever anything may depend on is
committed with its burst instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from accompanist import limits
from accompanist.runtime.session import Session


class Lazily:
    """What is to be written soon, by `write`."""

    def __init__(self, write: Callable[[Session], None]) -> None:
        self._write = write
        self._due: dict[tuple[UUID, str], Session] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def __contains__(self, key: object) -> bool:
        return key in self._due

    def __len__(self) -> int:
        return len(self._due)

    def soon(self, session: Session) -> None:
        self._due[session.key] = session
        if self._timer is None and not self._stopped:
            self._timer = asyncio.get_running_loop().call_later(limits.lazy_write_ms / 1000, self.now)

    def forget(self, session: Session) -> None:
        """It is written otherwise, or is not ours any more."""
        self._due.pop(session.key, None)

    def now(self) -> None:
        """Write all that is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due, self._due = self._due, {}
        for session in due.values():
            self._write(session)

    def stop(self) -> None:
        """Nothing is written any more: what began now would have nobody who waits for its end."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
