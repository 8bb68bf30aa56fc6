"""A memory quota for large messages, shared by all connections of a server or a client.

A message that is still arriving is in memory, and so is an answer that its caller does not read. The size of each is
bounded elsewhere; this bounds their sum. Small messages need no room, so ordinary calls never wait for large ones.

Requests for room are served in order. One owner (the token's name, if there are tokens) may have half of the room at
most, so it cannot starve the others. Room that is given back is granted to the next waiter at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from accompanist import limits


class Share:
    """A part of the room: `held`, or still waited for. Giving it back is idempotent."""

    def __init__(self, room: Room, size: int, owner: str | None, granted: Callable[[], None]) -> None:
        self.size = size
        self.owner = owner
        self.granted = granted
        self.held = False
        self._room: Room | None = room

    def give_back(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room._take_back(self)


class Room:
    """A number of bytes, and the queue of shares that wait for some of them."""

    def __init__(self, bytes_max: int | None = None) -> None:
        self._bytes_max = limits.room_bytes if bytes_max is None else bytes_max
        self.taken = 0
        self._by_owner: Counter[str] = Counter()
        self._waiting: deque[Share] = deque()

    def ask(self, size: int, granted: Callable[[], None], owner: str | None = None) -> Share:
        """Request a share of that size. If it is not held at once, `granted` is called when it is. A size above the
        maximum is reduced to it."""
        most = self._bytes_max if owner is None else self._bytes_max // 2
        share = Share(self, min(size, most), owner, granted)
        if not self._overtakes(share) and self._fits(share):
            self._hold(share)
        else:
            self._waiting.append(share)
        return share

    def take(self, size: int, owner: str | None = None) -> Share | None:
        """A share of that size, or None if there is no room now."""
        share = self.ask(size, _nobody_waits, owner)
        if share.held:
            return share
        share.give_back()
        return None

    async def wait(self, size: int, owner: str | None = None) -> Share:
        """Wait for a share of that size."""
        granted = asyncio.get_running_loop().create_future()

        def tell() -> None:
            if not granted.done():
                granted.set_result(None)

        share = self.ask(size, tell, owner)
        try:
            if not share.held:
                await granted
        except BaseException:
            share.give_back()
            raise
        return share

    def _overtakes(self, share: Share) -> bool:
        """Whether another share has to be served first. A share that waits for its own owner's quota blocks only that
        owner."""
        return any(other.owner == share.owner or self._within(other) for other in self._waiting)

    def _fits(self, share: Share) -> bool:
        return self.taken + share.size <= self._bytes_max and self._within(share)

    def _within(self, share: Share) -> bool:
        return share.owner is None or self._by_owner[share.owner] + share.size <= self._bytes_max // 2

    def _hold(self, share: Share) -> None:
        share.held = True
        self.taken += share.size
        if share.owner is not None:
            self._by_owner[share.owner] += share.size

    def _take_back(self, share: Share) -> None:
        if share.held:
            share.held = False
            self.taken -= share.size
            if share.owner is not None:
                self._by_owner[share.owner] -= share.size
                self._by_owner += Counter()  # drop owners that hold nothing
        else:
            self._waiting.remove(share)
        self._give_on()

    def _give_on(self) -> None:
        granted = []
        for share in list(self._waiting):
            if self._fits(share):
                self._waiting.remove(share)
                self._hold(share)
                granted.append(share)
            elif self._within(share):
                break  # it is next, once there is room
        for share in granted:
            share.granted()


def _nobody_waits() -> None:
    """Do nothing: a share that was not held at once is given back."""
