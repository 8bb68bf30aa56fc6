"""Hands messages to the sidecars of peers, over a link to each (`accompanist.rpc.link`).

State. For each peer the links to its sidecars, and which of them holds which shard, as the peer's log said it. It is
asked when a message has no link, at most every `link_look_ms`, and every `link_look_cap_ms` where there was none. While
messages go over links it is asked every `lease_ms`, too: a sidecar whose lease has expired, or that stands still, is
not named any more. One that cannot be reached is tried again after `link_look_cap_ms`. A sidecar that does not hold a
shard any more says so; the next message for that shard has no link, until the peer's log has named one.

A message may also be handed over early, before its commit (docs/durability.md). After the commit it is handed over once
more: then the receiver looks for it in its log.

Not promised: that a message arrives, or once. Its receiver has it in its inbox; what is not handed over is to be
notified by the caller. Nothing waits here: a link whose peer does not read is not used until it does. What was written
to it before is found in the log, by whoever holds the shard then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from accompanist import limits
from accompanist.log.inbox import Stored
from accompanist.log.links import Link, LinkDirectory
from accompanist.rpc import link, peers
from accompanist.rpc.framing import Oversized
from accompanist.rpc.room import Room
from accompanist.rpc.stream import Connection
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import Message, shard_of
from accompanist.runtime.ports import LogUnavailable

logger = structlog.get_logger("accompanist.links")

Connect = Callable[[str, Callable[[], Connection]], Awaitable[Connection]]
"""Connects to an address with the protocol that the function makes, and returns it. Raises OSError."""


async def connect_unix(address: str, protocol: Callable[[], Connection]) -> Connection:
    """Connect to the unix socket at this path."""
    _, made = await asyncio.get_running_loop().create_unix_connection(protocol, address)
    return made


class Watcher(Protocol):
    """Whoever has volatile sessions on links."""

    def link_ended(self, link: OpenLink, reason: str) -> None:
        """A link was lost, or could not be opened."""
        ...

    def said_lost(self, service: str, link: OpenLink, lost: Sequence[Lost]) -> None:
        """The sidecar there says that volatile sessions cannot go on."""
        ...


def _is_large(message: Message) -> bool:
    return len(message.payload) > limits.handed_bytes_max


class _Nobody:
    def link_ended(self, link: OpenLink, reason: str) -> None:
        """Nobody has any."""

    def said_lost(self, service: str, link: OpenLink, lost: Sequence[Lost]) -> None:
        """Nobody has any."""


class OpenLink:
    """A link that is being opened, or is open."""

    def __init__(
        self,
        told: Link,
        ended: Callable[[OpenLink, str], None],
        moved: Callable[[Sequence[int]], None],
        opened: Callable[[], None],
        said_lost: Callable[[OpenLink, Sequence[Lost]], None],
    ) -> None:
        self.told = told
        self.ready = False
        self.takes_early = False
        self.believed = False
        """Whether the sidecar there has ever believed us."""
        self.process = ""
        """The process there, if it takes volatile sessions."""
        self._choked = False
        self._problem = ""
        """What was wrong with what came."""
        self._moved = moved
        self._ended = ended
        self._opened = opened
        self._said_lost = said_lost
        self._connection: Connection | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def open(self, connect: Connect, service: str, room: Room) -> None:
        """Connect, and say who calls. Raises OSError."""

        def protocol() -> Connection:
            return Connection(self._heard, self._lost, room, limits.told_bytes_max)

        async with asyncio.timeout(limits.link_ms / 1000):
            connection = await connect(self.told.address, protocol)
        self._connection = connection
        connection.on_write_pressure = self._choke
        connection.send(link.hello(service, self.told.proof))
        self._patience = asyncio.get_running_loop().call_later(limits.link_ms / 1000, connection.abort)

    @property
    def usable(self) -> bool:
        return self.ready and not self._choked

    def hand(self, messages: Sequence[Message], *, early: bool = False) -> None:
        """Write messages, in this turn of the event loop."""
        assert self._connection is not None
        for _, arguments in peers.calls(messages):
            self._connection.send(link.early(arguments) if early else arguments)

    def write(self, frames: Iterable[bytes]) -> bool:
        """Write frames about volatile sessions. False, and nothing is written, where the peer leaves too much unread,
        or is gone."""
        connection = self._connection
        if connection is None or not self.ready or connection.unread > limits.volatile_unread_bytes_max:
            return False
        for frame in frames:
            connection.send(frame)
        return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    def _choke(self, choked: bool) -> None:
        self._choked = choked

    def _heard(self, connection: Connection, body: bytes | Oversized) -> None:
        try:
            told = link.read_told(body if isinstance(body, bytes) else b"")
        except link.Unreadable as problem:
            self._problem = str(problem)
            connection.abort()
            return
        if told.link == link.VERSION and self._patience is not None:
            self._patience.cancel()
            self.ready = self.believed = True
            self.takes_early = told.early
            self.process = told.volatile
            self._opened()
        self._moved(told.elsewhere)
        if told.lost:
            self._said_lost(self, told.lost)

    def _lost(self, connection: Connection, reason: str) -> None:
        self.ready = False
        if self._patience is not None:
            self._patience.cancel()
        self._ended(self, self._problem or reason)


class _LinkedPeer:
    """The links to one service."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.links: dict[str, OpenLink] = {}
        self.shards: dict[int, OpenLink] = {}
        self.looks: asyncio.Task[None] | None = None
        self.look_at = 0.0
        """When its log may be asked again."""
        self.looked_at = 0.0
        """When it was asked last."""
        self.opened = asyncio.Event()
        """Set when a link was opened, and when its log was asked."""
        self.away: dict[str, float] = {}
        """The sidecars that could not be reached, and when each is tried again."""


class Links:
    """The links of one sidecar to its peers. `directory` says where they are; `connect` opens a connection; `clock` is
    monotonic."""

    def __init__(
        self,
        service: str,
        peers: Iterable[str],
        directory: LinkDirectory,
        *,
        connect: Connect = connect_unix,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._service = service
        self._peers = {name: _LinkedPeer(name) for name in peers if name != service}
        self._directory = directory
        self._connect = connect
        self._clock = clock or asyncio.get_running_loop().time
        self._room = Room()
        self._closed = False
        self._watcher: Watcher = _Nobody()

    def watch(self, watcher: Watcher) -> None:
        """Register who is told of links that end, and of volatile sessions that are lost."""
        self._watcher = watcher

    def link(self, service: str, session: UUID) -> OpenLink | None:
        """The link to the sidecar of a service that holds a session's shard, as far as is known here, if it is open and
        takes volatile sessions."""
        peer = self._peers.get(service)
        way = peer.shards.get(shard_of(session, limits.shards_count)) if peer is not None else None
        return way if way is not None and way.ready and way.process else None

    async def linked(self, service: str, session: UUID) -> OpenLink | None:
        """The same; links are opened first, if need be. Waits as long as there is none: give it a timeout. None for a
        service that has no links."""
        if (peer := self._peers.get(service)) is None:
            return None
        while (way := self.link(service, session)) is None and not self._closed:
            peer.opened.clear()
            peer.look_at = min(peer.look_at, peer.looked_at + limits.link_look_ms / 1000)
            self._look(peer)
            pause = max(0.0, peer.look_at - self._clock())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause or None):
                    await peer.opened.wait()
        return way

    def hand(self, stored: Stored) -> Stored:
        """Hand over messages that their receivers' inboxes have, each with the service it is for. Returns those that
        could not be handed over, or are large: the services are to be notified of them."""
        if self._closed:
            return stored
        groups: dict[tuple[str, int], list[Message]] = defaultdict(list)
        left: list[tuple[str, Message]] = []
        for service, message in stored:
            if _is_large(message):
                left.append((service, message))
            else:
                groups[service, shard_of(message.session, limits.shards_count)].append(message)
        for (service, shard), messages in groups.items():
            peer = self._peers.get(service)
            way = peer.shards.get(shard) if peer is not None else None
            if peer is not None and way is not None and way.usable:
                way.hand(messages)
                if self._clock() >= peer.looked_at + limits.lease_ms / 1000:
                    self._look(peer)
                continue
            left += [(service, message) for message in messages]
            if peer is not None and (way is None or not way.ready):
                self._look(peer)
        return left

    def hand_early(self, messages: Stored) -> None:
        """Hand over messages that will be committed, where there is a link that takes them."""
        for service, message in messages:
            peer = self._peers.get(service)
            way = peer.shards.get(shard_of(message.session, limits.shards_count)) if peer is not None else None
            if way is not None and way.usable and way.takes_early and not self._closed and not _is_large(message):
                way.hand([message], early=True)

    @property
    def open(self) -> int:
        """How many links are open."""
        return sum(way.ready for peer in self._peers.values() for way in peer.links.values())

    async def close(self) -> None:
        """Close all links."""
        self._closed = True
        looks = [peer.looks for peer in self._peers.values() if peer.looks is not None]
        for task in looks:
            task.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        for peer in self._peers.values():
            for way in list(peer.links.values()):
                way.close()

    def _look(self, peer: _LinkedPeer) -> None:
        """Ask the peer's log for its links, unless it was asked lately."""
        if self._closed or peer.looks is not None or self._clock() < peer.look_at:
            return
        peer.looks = asyncio.create_task(self._look_up(peer))

    async def _look_up(self, peer: _LinkedPeer) -> None:
        try:
            found = await self._directory.of(peer.name)
            self._forget(peer, {one.owner for one in found})
            for told in found:
                if self._clock() >= peer.away.get(told.owner, 0.0):
                    await self._open(peer, told)
        except LogUnavailable:
            pass  # it is asked again
        except Exception as problem:  # without links, messages go by the log
            logger.error("links.failed", peer=peer.name, problem=type(problem).__name__, exc_info=problem)
        finally:
            peer.looks = None
            peer.opened.set()
            peer.looked_at = self._clock()
            pause = limits.link_look_ms if peer.shards else limits.link_look_cap_ms
            peer.look_at = self._clock() + pause / 1000

    def _forget(self, peer: _LinkedPeer, owners: set[str]) -> None:
        """Close links to sidecars that the peer's log does not name any more."""
        for owner in peer.links.keys() - owners:
            peer.links[owner].close()
        peer.shards = {shard: way for shard, way in peer.shards.items() if way.told.owner in owners}
        peer.away = {owner: again for owner, again in peer.away.items() if owner in owners}

    async def _open(self, peer: _LinkedPeer, told: Link) -> None:
        """Use a link for its shards; open it first, if there is none."""
        way = peer.links.get(told.owner)
        if way is None:
            way = OpenLink(
                told,
                lambda ended, reason: self._ended(peer, ended, reason),
                lambda gone: self._moved(peer, gone),
                peer.opened.set,
                lambda link, lost: self._watcher.said_lost(peer.name, link, lost),
            )
            peer.links[told.owner] = way
            try:
                await way.open(self._connect, self._service, self._room)
            except (OSError, ValueError) as problem:
                self._ended(peer, way, type(problem).__name__)
                return
        peer.shards |= dict.fromkeys(told.shards, way)

    def _moved(self, peer: _LinkedPeer, shards: Sequence[int]) -> None:
        for shard in shards:
            peer.shards.pop(shard, None)

    def _ended(self, peer: _LinkedPeer, way: OpenLink, reason: str) -> None:
        """A link was lost, or could not be opened."""
        owner = way.told.owner
        if peer.links.get(owner) is way:
            del peer.links[owner]
        if not way.believed:
            peer.away[owner] = self._clock() + limits.link_look_cap_ms / 1000
        peer.shards = {shard: other for shard, other in peer.shards.items() if other is not way}
        self._watcher.link_ended(way, reason)
        if not self._closed:
            logger.info("link.closed", peer=peer.name, problem=reason)
