"""How much to ask of a log that may be slow: less after each question that took it too long, then more again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accompanist.runtime.ports import LogSlow


class Portion:
    """At most `most`, at least one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = most

    @contextmanager
    def asked(self) -> Iterator[int]:
        """Ask for so much; what is raised passes on."""
        try:
            yield self._size
        except LogSlow:
            self._size = max(1, self._size // 2)
            raise
        self._size = min(self._most, self._size * 2)
