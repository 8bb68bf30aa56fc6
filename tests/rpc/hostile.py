"""A worker over a stream that follows a script: its answers are right, wrong, late, incomplete or missing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from accompanist.rpc.client import WorkerClient, connect
from accompanist.rpc.framing import frame


class Peer:
    """The worker's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader = reader
        self.writer = writer
        self.number = number

    async def request(self) -> Any:
        """The next request. Raises IncompleteReadError at the end."""
        header = await self.reader.readuntil(b"\r\n\r\n")
        return orjson.loads(await self.reader.readexactly(int(header.split(b":")[1])))

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    def answer(self, request: Any, result: Any = True, **other: Any) -> None:
        self.say(frame(orjson.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result, **other})))


Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def worker(directory: Path, script: Script, calls_in_flight_max: int = 256) -> AsyncIterator[WorkerClient]:
    """The client of a worker that runs `script` on each connection and closes it when that ends."""
    connections: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.append(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await script(Peer(reader, writer, len(connections)))
        writer.close()

    path = directory / "hostile.sock"
    server = await asyncio.start_unix_server(serve, path)
    client = connect(f"unix:{path}", calls_in_flight_max=calls_in_flight_max)
    try:
        yield client
    finally:
        await client.close()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def honest(peer: Peer) -> None:
    """Answer everything with its own arguments."""
    while True:
        request = await peer.request()
        peer.answer(request, {name: value for name, value in request["params"].items() if name != "_meta"})
