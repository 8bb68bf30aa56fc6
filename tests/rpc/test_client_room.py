"""A worker whose answers never end takes no more memory than the bound, over either transport."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from accompanist import limits
from accompanist.rpc.client import WorkerClient, connect
from accompanist.rpc.stream_client import StreamClient
from accompanist.runtime.answers import Fault

LARGE = 1_000_000


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "room_bytes", 3 * limits.message_bytes_max)
    yield


async def worker(path: Path, http: bool, asked: list[asyncio.StreamWriter]) -> asyncio.Server:
    """It answers each connection with a large body that lacks its end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" if http else b""
        writer.write(head + b"Content-Length: %d\r\n\r\n" % LARGE + b"[" * (LARGE - 1))
        asked.append(writer)

    return await asyncio.start_unix_server(serve, path)


async def until(client: WorkerClient, taken: int) -> None:
    room = client._room  # type: ignore[attr-defined]
    async with asyncio.timeout(20):
        while room.taken != taken:  # noqa: ASYNC110 (what is waited for is the client's, which knows no event)
            await asyncio.sleep(0)


async def test_over_http(tmp_path: Path) -> None:
    asked: list[asyncio.StreamWriter] = []
    server = await worker(tmp_path / "s", True, asked)
    client = connect(f"http+unix:{tmp_path}/s")
    calls = [asyncio.create_task(client.call("m", b"{}", b"{}", 60_000)) for _ in range(8)]
    await until(client, 3 * limits.message_bytes_max)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await until(client, 0)
    await client.close()
    server.close()


async def test_over_a_stream(tmp_path: Path) -> None:
    """A connection that is retired waits for its answer still; a fresh one takes the next call."""
    asked: list[asyncio.StreamWriter] = []
    server = await worker(tmp_path / "s", False, asked)
    client = connect(f"unix:{tmp_path}/s")
    assert isinstance(client, StreamClient)
    call = asyncio.create_task(client.call("m", b"{}", b"{}", 60_000))
    await until(client, LARGE)
    for writer in asked:
        writer.transport.abort()
    assert isinstance(await call, Fault)
    await until(client, 0)
    held = client._room.take(3 * limits.message_bytes_max)
    assert held is not None
    call = asyncio.create_task(client.call("m", b"{}", b"{}", 60_000))
    while len(asked) < 2:  # noqa: ASYNC110 (what is waited for is the worker's)
        await asyncio.sleep(0)
    [line] = client._lines
    async with asyncio.timeout(20):
        while not line.cramped:  # noqa: ASYNC110 (what is waited for is the client's, which knows no event)
            await asyncio.sleep(0)
    held.give_back()
    await until(client, LARGE)
    await client.close()
    assert isinstance(await call, Fault)
    server.close()
