"""An adaptive batch size for a slow log: halved after a timeout, then grown again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accompanist.runtime.ports import LogSlow


class Portion:
    """A batch size between one and `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = most

    @contextmanager
    def asked(self) -> Iterator[int]:
        """The batch size for one query. Exceptions pass through."""
        try:
            yield self._size
        except LogSlow:
            self._size = max(1, self._size // 2)
            raise
        self._size = min(self._most, self._size * 2)
