"""A proxy on each edge of the deployment, which injects faults on request.

An edge listens at the address that its client connects to (a Unix socket, or TCP on loopback), and opens an onward
connection for each one that comes. Without a fault it passes everything on. The faults:

    delay_s            every chunk is delayed by this time, each way
    hold(up, down)     nothing passes this way: both ways is a black hole, one way a one-way partition; what was held is
                       passed on, late, when the edge is healed
    cut_after(text)    the next connections on which a statement that contains `text` is *done* are closed instead of
                       answered: the commit happened, and the client is not told
    cut_answers        on other edges: the next answers are dropped and their connections closed
    mute               notifications are dropped
    refusing           new connections are closed at once
    sever()            every connection is closed now
    freeze()           every present connection is dead for ever, without a sign: what is sent is lost; new ones work
    only               restricts the faults above to connections of this application

All edges run on one thread of their own, so they serve before the event loop of a run begins and after it ends. A run
sets plain attributes; each fault counts how often it hit.

Not promised: faults of single packets. A connection is a stream here, so nothing in it is reordered or altered.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.chaos.wire import Conversation

CHUNK_BYTES = 65_536
LOOK_S = 0.01
FOR_EVER_S = 86_400.0
FROZEN_END_S = 40.0
"""When a server is rid of a connection that its client has given up on a frozen line: beyond every time-out of ours."""


class _Line:
    """One connection through an edge."""

    def __init__(self, near: asyncio.StreamWriter, talk: Conversation | None) -> None:
        self.near = near
        self.far: asyncio.StreamWriter | None = None
        self.frozen = False
        self.talk = talk

    def abort(self) -> None:
        for writer in (self.near, self.far):
            if writer is not None:
                writer.transport.abort()


@dataclass
class Edge:
    """Between `name`'s client and the address behind it. `postgres`: its protocol is understood."""

    name: str
    upstream: str
    postgres: bool
    delay_s: float = 0.0
    held_up: bool = False
    held_down: bool = False
    mute: bool = False
    refusing: bool = False
    only: str = ""
    cut_text: str = ""
    cuts_left: int = 0
    cuts: int = 0
    held_chunks: int = 0
    delayed_chunks: int = 0
    muted: int = 0
    refused: int = 0
    severed: int = 0
    lost_chunks: int = 0
    lines: set[_Line] = field(default_factory=set)

    def hold(self, *, up: bool = True, down: bool = True) -> None:
        self.held_up, self.held_down = up, down

    def cut_after(self, text: str, times: int) -> None:
        self.cut_text, self.cuts_left = text, times

    def cut_answers(self, times: int) -> None:
        self.cut_text, self.cuts_left = "", times

    def heal(self) -> None:
        self.delay_s, self.cuts_left, self.only = 0.0, 0, ""
        self.held_up = self.held_down = self.mute = self.refusing = False

    def concerns(self, line: _Line) -> bool:
        return not self.only or (line.talk is not None and line.talk.application == self.only)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side or a fault ends it."""
        if self.refusing:
            self.refused += 1
            writer.transport.abort()
            return
        line = _Line(writer, Conversation() if self.postgres else None)
        self.lines.add(line)
        try:
            far_reader, line.far = await _connect(self.upstream)
            pumps = (self._pump(line, reader, line.far, up=True), self._pump(line, far_reader, writer, up=False))
            _, left = await asyncio.wait([asyncio.ensure_future(p) for p in pumps], return_when="FIRST_COMPLETED")
            for pump in left:
                pump.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # cancelled: the edges are being closed, and the stream's own callback would print it
        finally:
            self.lines.discard(line)
            line.abort()

    async def _pump(self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        """Returns when the line is over; a side that closes in order has what it said delivered first."""
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if line.frozen:
                    self.lost_chunks += 1
                    continue
                passed = self._looked_at(line, data, up=up)
                if passed is None:
                    return
                await self._hindered(line, up=up)
                writer.write(passed)
                await writer.drain()
            if line.frozen:  # nor does either side hear that the other has given up
                await asyncio.sleep(FROZEN_END_S if up else FOR_EVER_S)
            writer.close()
            await writer.wait_closed()

    async def _hindered(self, line: _Line, *, up: bool) -> None:
        if self.delay_s and self.concerns(line):
            self.delayed_chunks += 1
            await asyncio.sleep(self.delay_s)
        if (self.held_up if up else self.held_down) and self.concerns(line):
            self.held_chunks += 1
            # looked for, not waited for: a plain attribute is set from another thread
            while (self.held_up if up else self.held_down) and self.concerns(line):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)

    def _looked_at(self, line: _Line, data: bytes, *, up: bool) -> bytes | None:
        """What of it is to be passed on; None: the line is cut here."""
        if line.talk is None:
            return None if not up and self._cut("", line) else data
        if up:
            line.talk.said(data)
            return data
        kept, done = line.talk.answered(data, mute=self.mute)
        self.muted += self.mute and len(kept) < len(data)
        return None if done and self._cut(done, line) else kept

    def _cut(self, done: str, line: _Line) -> bool:
        if not self.cuts_left or self.cut_text not in done or not self.concerns(line):
            return False
        self.cuts_left -= 1
        self.cuts += 1
        return True


async def _connect(upstream: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if upstream.startswith("/"):
        return await asyncio.open_unix_connection(upstream)
    host, _, port = upstream.rpartition(":")
    return await asyncio.open_connection(host, int(port))


class Edges:
    """All edges of a deployment, on a thread of their own."""

    def __init__(self) -> None:
        self._by_name: dict[str, Edge] = {}
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos edges", daemon=True)
        self._thread.start()

    def __getitem__(self, name: str) -> Edge:
        return self._by_name[name]

    def all(self, where: Callable[[Edge], bool] = lambda edge: True) -> list[Edge]:
        return [edge for edge in self._by_name.values() if where(edge)]

    def unix(self, name: str, path: Path, upstream: str, *, postgres: bool) -> None:
        """An edge that listens at a Unix socket."""
        edge = self._by_name[name] = Edge(name, upstream, postgres)
        self._servers.append(self._do(asyncio.start_unix_server(edge.serve, path)).result())

    def tcp(self, name: str, upstream: str) -> int:
        """An edge that listens on loopback; its port."""
        edge = self._by_name[name] = Edge(name, upstream, postgres=False)
        server = self._do(asyncio.start_server(edge.serve, "127.0.0.1", 0)).result()
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def sever(self, name: str) -> None:
        """Close the connections of an edge, those of `only` if it is set."""
        edge = self._by_name[name]

        async def close() -> None:
            for line in [line for line in edge.lines if edge.concerns(line)]:
                edge.severed += 1
                line.abort()

        self._do(close()).result()

    def freeze(self, name: str) -> int:
        """What a firewall that forgets its connections does; how many there were. Healing does not bring them back."""
        edge = self._by_name[name]

        async def frozen() -> int:
            for line in edge.lines:
                line.frozen = True
            return len(edge.lines)

        count: int = self._do(frozen()).result()
        return count

    def heal(self) -> None:
        for edge in self._by_name.values():
            edge.heal()

    def close(self) -> None:
        async def ending() -> None:
            for server in self._servers:
                server.close()
            for edge in self._by_name.values():
                for line in list(edge.lines):
                    line.abort()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(ending()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)
