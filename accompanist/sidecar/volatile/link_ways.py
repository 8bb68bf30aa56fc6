"""Ways over links, to peers whose logs are in our database (`accompanist.sidecar.links`).

A link is lost when its connection is: at once when the process there ends.

Not promised: that a process that stands still is noticed. Sessions on it end by their bound in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from accompanist import limits
from accompanist.rpc import link as frames
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import Message
from accompanist.sidecar.links.sending import Links, OpenLink
from accompanist.sidecar.volatile.ways import Way, WayListener


class LinkWay:
    """A way over one link."""

    def __init__(self, service: str, link: OpenLink, listener: WayListener) -> None:
        self.service = service
        self.process = link.process
        self.sessions: set[UUID] = set()
        self._link = link
        self._listener = listener

    def join(self, session: UUID) -> None:
        self.sessions.add(session)

    def leave(self, session: UUID) -> None:
        self.sessions.discard(session)

    def send(self, messages: Sequence[Message]) -> None:
        self._write(messages, ())

    def tell(self, lost: Lost) -> None:
        self._write((), (lost,))

    def _write(self, messages: Sequence[Message], lost: Sequence[Lost]) -> None:
        if not self._link.write(frames.volatile(self._listener.process, messages, lost)):
            # in the next turn: whoever sends is in the middle of a decision
            asyncio.get_running_loop().call_soon(self._listener.way_lost, self, "it takes no more messages")


class LinkWays:
    """The ways over the links of one sidecar."""

    def __init__(self, links: Links, listener: WayListener) -> None:
        self._links = links
        self._listener = listener
        self._ways: dict[OpenLink, LinkWay] = {}
        links.watch(self)

    def find(self, service: str, session: UUID) -> Way | None:
        link = self._links.link(service, session)
        return None if link is None else self._over(service, link)

    async def reach(self, service: str, session: UUID) -> Way | None:
        try:
            async with asyncio.timeout(limits.volatile_reach_ms / 1000):
                link = await self._links.linked(service, session)
        except TimeoutError:
            return None
        return None if link is None else self._over(service, link)

    def _over(self, service: str, link: OpenLink) -> LinkWay:
        if (way := self._ways.get(link)) is None:
            way = self._ways[link] = LinkWay(service, link, self._listener)
        return way

    def link_ended(self, link: OpenLink, reason: str) -> None:
        """A link was lost."""
        if (way := self._ways.pop(link, None)) is not None:
            self._listener.way_lost(way, reason)

    def said_lost(self, service: str, link: OpenLink, lost: Sequence[Lost]) -> None:
        """The sidecar at the other end says that sessions cannot go on there."""
        self._listener.heard(service, link.process, (), lost)
