"""One large message a turn of the event loop.

To read one that is as large as it may be takes milliseconds. Forty of them that came at once would be read one right
after the other, since all of them are ready in the same turn of the loop, and nothing else would be heard meanwhile:
no lease renewed, no health answered. So they queue here, and the loop looks at its sockets and timers after each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from accompanist import limits


class Turns:
    """The queue of one server, or of one client."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Within it a message of that many bytes is read. Small ones do not wait."""
        if size <= limits.small_bytes:
            yield
            return
        async with self._one_at_a_time:
            yield
            await asyncio.sleep(0)
