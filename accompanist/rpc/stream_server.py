"""The stream server: concurrent calls on persistent connections, answered by id as they finish.

A connection is only read while fewer than the maximum of its calls are under way and the peer reads our answers. Calls
that were read beyond that wait in order, and none is begun for a peer that does not read. If there is no room for an
answer, the caller gets an error instead. A peer that breaks the framing, or keeps us waiting (`rpc.watch`), is
disconnected; one that sends invalid requests gets an error and may go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from accompanist import limits
from accompanist.rpc import envelope
from accompanist.rpc.dispatch import Dispatcher, unsent
from accompanist.rpc.envelope import RpcError
from accompanist.rpc.framing import Oversized
from accompanist.rpc.listening import Listening
from accompanist.rpc.room import Room, Share
from accompanist.rpc.stream import Connection
from accompanist.rpc.watch import ConnectionKind, Watch, WatchedConnection

logger = structlog.get_logger("accompanist.rpc")


class StreamServer:
    """The Server for `unix:` and `tcp:`."""

    def __init__(self, dispatcher: Dispatcher, listening: Listening, sent: Callable[[str], None] | None) -> None:
        self._dispatcher = dispatcher
        self._listening = listening
        self._sent = sent
        self._server: asyncio.Server | None = None
        self._peers: dict[Connection, _Peer] = {}
        self._watch = Watch()
        self._room = Room()
        self.url = listening.url

    @classmethod
    async def start(
        cls, dispatcher: Dispatcher, listening: Listening, sent: Callable[[str], None] | None
    ) -> StreamServer:
        server = cls(dispatcher, listening, sent)
        loop = asyncio.get_running_loop()
        if listening.address.path:
            server._server = await loop.create_unix_server(server._accept, sock=listening.socket)
        else:
            server._server = await loop.create_server(server._accept, sock=listening.socket)
        return server

    async def stop(self, within_ms: int = limits.drain_ms) -> None:
        if self._server is not None:
            self._server.close()
        self._listening.remove()
        await self._watch.close()
        peers = list(self._peers.values())
        tasks = [task for peer in peers for task in peer.drain()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=within_ms / 1000)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=limits.end_s)
        for peer in peers:
            peer.connection.close()

    def _accept(self) -> Connection:
        connection = Connection(self._received, self._lost, self._room)
        line = self._watch.add(connection.abort)
        if line is None:
            connection.refuse()
            return connection
        self._peers[connection] = _Peer(connection, self._dispatcher, self._sent, line, self._watch, self._room)
        return connection

    def _received(self, connection: Connection, body: bytes | Oversized) -> None:
        peer = self._peers.get(connection)
        if peer is not None:
            peer.take(body)

    def _lost(self, connection: Connection, reason: str) -> None:
        peer = self._peers.pop(connection, None)
        if peer is not None:
            self._watch.remove(peer.line)
            peer.gone()


class _Peer:
    """One connection and the calls under way on it. They go on if it breaks, because the caller will retry them."""

    def __init__(
        self,
        connection: Connection,
        dispatcher: Dispatcher,
        sent: Callable[[str], None] | None,
        line: WatchedConnection,
        watch: Watch,
        room: Room,
    ) -> None:
        self.connection = connection
        self.line = line
        self._watch = watch
        self._room = room
        self._dispatcher = dispatcher
        self._sent = sent
        self._tasks: dict[asyncio.Task[None], Share | None] = {}
        self._backlog: deque[tuple[bytes, Share | None]] = deque()
        self._unread: list[Share] = []
        """The shares of the room for answers that are being sent."""
        self._draining = False
        self._choked = False
        self._reading = True
        connection.on_write_pressure = self._choke
        connection.on_chunk = self._heard

    def take(self, body: bytes | Oversized) -> None:
        self.line.whole(self._watch.now())
        if self._draining:
            return
        if not self._watch.is_now(self.line, ConnectionKind.KNOWN):
            self.connection.abort()
        elif isinstance(body, Oversized):
            id = envelope.id_at_edge(body.head, body.tail)
            text = f"{body.length} bytes, the limit is {limits.message_bytes_max}"
            self.connection.send(envelope.write_error(id, RpcError(envelope.INVALID_REQUEST, "too large", text)))
        else:
            self._backlog.append((body, self.connection.claim_share()))
            self._go_on()

    def drain(self) -> set[asyncio.Task[None]]:
        """Begin no more calls. Returns the tasks that still run."""
        self._draining = True
        self._clear_backlog()
        self.connection.pause_reading()
        return set(self._tasks)

    def gone(self) -> None:
        """The connection is lost: drop the calls that have not begun."""
        self._draining = True
        self._clear_backlog()
        self._give_back_unread()

    def _clear_backlog(self) -> None:
        while self._backlog:
            _, share = self._backlog.popleft()
            if share is not None:
                share.give_back()

    def _go_on(self) -> None:
        """Begin waiting calls, while there are places and room and the peer reads our answers."""
        while self._backlog and not self._choked and len(self._tasks) < self._dispatcher.calls_in_flight_max:
            body, share = self._backlog[0]
            if share is None and len(body) > limits.small_bytes:  # it came in one chunk with its header
                share = self._room.ask(len(body), self._go_on)
                self._backlog[0] = body, share
            if share is not None and not share.held:
                break
            self._backlog.popleft()
            self._begin(body, share)
        self._read_or_wait()

    def _begin(self, body: bytes, share: Share | None) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(body))
        self._tasks[task] = share
        self.line.called()
        task.add_done_callback(self._ended)

    async def _answer(self, body: bytes) -> None:
        answer = await self._dispatcher.answer(body)
        said = answer.body
        if said is None or self.connection.lost:
            return
        if len(said) > limits.small_bytes:
            share = self._room.take(len(said))
            if share is None:
                said = unsent(answer.id)
            else:
                self._unread.append(share)
        self.connection.send(said, lambda: self._handed_over(answer.method))

    def _handed_over(self, method: str) -> None:
        if not self._choked:
            self._give_back_unread()
        if self._sent is not None:
            self._sent(method)

    def _give_back_unread(self) -> None:
        shares, self._unread = self._unread, []
        for share in shares:
            share.give_back()

    def _ended(self, task: asyncio.Task[None]) -> None:
        share = self._tasks.pop(task)
        self.line.answered(self._watch.now())
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("answer.failed", problem=type(problem).__name__, exc_info=problem)
            self.connection.abort()  # the caller must not wait for an answer that never comes
        if share is not None:
            share.give_back()
        self._go_on()

    def _heard(self, size: int) -> None:
        if not self._reading or self.connection.cramped:
            self.line.whole(self._watch.now())  # the peer is not late while we do not read
        else:
            self.line.came(size, self._watch.now())

    def _choke(self, choked: bool) -> None:
        self._choked = choked
        self.line.choked(choked, self._watch.now())
        if not choked:
            self._give_back_unread()
        self._go_on()

    def _read_or_wait(self) -> None:
        read = not (self._choked or self._draining or self._backlog)
        if read != self._reading:
            self._reading = read
            (self.connection.resume_reading if read else self.connection.pause_reading)()
            self.line.whole(self._watch.now())
            if self.connection.midway:
                self._heard(0)
