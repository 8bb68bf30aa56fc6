"""Serving persistent connections: many calls under way on each, answered as they end, by id.

A connection is read only while fewer than the bound of its calls are under way and while the peer reads our answers.
What was read beyond the bound in one go waits in order. A peer that sends what is no frame loses its connection, and
so does one that keeps us waiting (`rpc.watch`); one that sends frames that are no requests is told so and may go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from accompanist import limits
from accompanist.rpc import envelope
from accompanist.rpc.envelope import RpcError
from accompanist.rpc.framing import Oversized
from accompanist.rpc.listening import Listening
from accompanist.rpc.server import Dispatcher
from accompanist.rpc.stream import Connection
from accompanist.rpc.watch import Line, Watch

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
        connection = Connection(self._received, self._lost)
        if self._watch.full:
            connection.refuse()
            return connection
        line = self._watch.add(connection.abort)
        self._peers[connection] = _Peer(connection, self._dispatcher, self._sent, line, self._watch.now)
        return connection

    def _received(self, connection: Connection, body: bytes | Oversized) -> None:
        peer = self._peers.get(connection)
        if peer is not None:
            peer.take(body)

    def _lost(self, connection: Connection, reason: str) -> None:
        peer = self._peers.pop(connection, None)
        if peer is not None:
            self._watch.remove(peer.line)


class _Peer:
    """One connection and the calls under way on it. They go on when it breaks: what they do is asked for again."""

    def __init__(
        self,
        connection: Connection,
        dispatcher: Dispatcher,
        sent: Callable[[str], None] | None,
        line: Line,
        now: Callable[[], float],
    ) -> None:
        self.connection = connection
        self.line = line
        self._now = now
        self._dispatcher = dispatcher
        self._sent = sent
        self._tasks: set[asyncio.Task[None]] = set()
        self._backlog: deque[bytes] = deque()
        self._draining = False
        self._choked = False
        self._reading = True
        connection.on_write_pressure = self._choke
        connection.on_chunk = self._heard

    def take(self, body: bytes | Oversized) -> None:
        self.line.whole(self._now())
        if self._draining:
            return
        if isinstance(body, Oversized):
            id = envelope.id_at_edge(body.head, body.tail)
            text = f"{body.length} bytes, the limit is {limits.message_bytes_max}"
            self.connection.send(envelope.write_error(id, RpcError(envelope.INVALID_REQUEST, "too large", text)))
        elif len(self._tasks) < self._dispatcher.calls_in_flight_max:
            self._begin(body)
        else:
            self._backlog.append(body)
        self._read_or_wait()

    def drain(self) -> set[asyncio.Task[None]]:
        """Begin nothing more; the tasks that still run."""
        self._draining = True
        self._backlog.clear()
        self.connection.pause_reading()
        return set(self._tasks)

    def _begin(self, body: bytes) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(body))
        self._tasks.add(task)
        self.line.called()
        task.add_done_callback(self._ended)

    async def _answer(self, body: bytes) -> None:
        answer = await self._dispatcher.answer(body)
        if answer.body is None or self.connection.lost:
            return
        sent = self._sent
        self.connection.send(answer.body, None if sent is None else lambda: sent(answer.method))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.line.answered(self._now())
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("answer.failed", problem=type(problem).__name__, exc_info=problem)
            self.connection.abort()  # who asked must not wait for what never comes
        if self._backlog:
            self._begin(self._backlog.popleft())
        self._read_or_wait()

    def _heard(self, midway: bool) -> None:
        if midway and self._reading:
            self.line.began(self._now())

    def _choke(self, choked: bool) -> None:
        self._choked = choked
        self.line.choked(choked, self._now())
        self._read_or_wait()

    def _read_or_wait(self) -> None:
        read = not (self._choked or self._draining or self._backlog)
        if read != self._reading:
            self._reading = read
            self.line.whole(self._now())  # while we do not read, nobody is late
            (self.connection.resume_reading if read else self.connection.pause_reading)()
