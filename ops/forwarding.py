"""Forwards connections between unix sockets of this machine, each byte a while later: a network between processes.

An address that nothing is forwarded from does not exist. So a network is what was opened, and no more.

Not promised: that setting up a connection takes as long as on a network; losses; a bound on what is under way. Bytes
are delayed, not throttled.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class _End(asyncio.Protocol):
    """One end of a forwarded connection. What comes in here leaves at the other end."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._under_way: deque[bytes] = deque()
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._network.ends.add(self)

    def data_received(self, data: bytes) -> None:
        self._send(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._network.ends.discard(self)
        self._send(b"")

    def _send(self, data: bytes) -> None:
        """Send bytes on; none: the end of the connection."""
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._network.delay_s, self._arrive)

    def _arrive(self) -> None:
        data = self._under_way.popleft()  # the first one, whichever timer fired: bytes keep their order
        transport = self.other.transport if self.other is not None else None
        if transport is None or transport.is_closing():
            return
        if data:
            transport.write(data)
        else:
            transport.close()


class _Accepted(_End):
    """The end that was connected to. It reads nothing until the other end is there."""

    def __init__(self, network: Network, there: Path) -> None:
        super().__init__(network)
        self._there = there
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._connect(self.transport))

    async def _connect(self, transport: asyncio.Transport) -> None:
        other = _End(self._network)
        other.other = self
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: other, str(self._there))
        except OSError:
            transport.abort()
            return
        self.other = other
        if transport.is_closing():
            assert other.transport is not None
            other.transport.abort()
        else:
            transport.resume_reading()


class Network:
    """Ways between sockets. `delay_s`: how long a byte is under way, one way, in seconds. It may be changed at any
    time, from any thread, for bytes that come in later."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.delay_s = 0.0
        self.ends: set[_End] = set()
        self._loop = loop
        self._servers: list[asyncio.Server] = []

    def open(self, here: Path, there: Path) -> None:
        """Forward what connects to `here` to `there`, which may come up later. For other threads than the network's.
        Raises OSError."""

        async def opening() -> None:
            server = await self._loop.create_unix_server(lambda: _Accepted(self, there), str(here))
            self._servers.append(server)

        asyncio.run_coroutine_threadsafe(opening(), self._loop).result()

    async def close(self) -> None:
        """Close all ways and connections."""
        for server in self._servers:
            server.close()
        for end in list(self.ends):
            if end.transport is not None:
                end.transport.abort()


@contextmanager
def network() -> Iterator[Network]:
    """A network, on a thread of its own, until the end of the block."""
    # epoll waits whole milliseconds, rounded up; select does not
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    thread = threading.Thread(target=loop.run_forever, name="network", daemon=True)
    thread.start()
    made = Network(loop)
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(made.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
