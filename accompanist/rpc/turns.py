"""Limits the event loop to decoding one large message per turn.

Decoding a message of the maximum size takes milliseconds. Forty that arrive at once would be decoded in the same turn
of the loop and block it: no lease would be renewed, no health probe answered. So they queue here, and the loop serves
its sockets and timers after each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from accompanist import limits


class Turns:
    """The queue of large messages of one server or client."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Wait for the turn to decode a message of that many bytes. Small ones do not wait."""
        if size <= limits.small_bytes:
            yield
            return
        async with self._one_at_a_time:
            yield
            await asyncio.sleep(0)
