"""Clients that keep a server waiting lose their connection, and other clients lose nothing.

Raw sockets against both servers, on all four transports. The times are shortened; the tests wait for conditions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from accompanist import limits
from accompanist.rpc.dispatch import Params
from accompanist.rpc.framing import frame
from accompanist.rpc.server import Server, serve

WITHIN_S = 20.0
SHORT_MS = 60


class Slow:
    """A method that answers when it is let, and one that answers much."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()

    async def wait(self, params: Params, meta: bytes | None) -> bytes:
        self.begun.set()
        await self.go_on.wait()
        return b"true"

    async def much(self, params: Params, meta: bytes | None) -> bytes:
        return b'"' + b"x" * 1_000_000 + b'"'


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@pytest.fixture(params=["unix", "tcp", "http+unix", "http"])
async def server(
    request: pytest.FixtureRequest, tmp_path: Path, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    monkeypatch.setattr(limits, "watch_ms", 5)
    place = {"unix": f"unix:{tmp_path}/s", "http+unix": f"http+unix:{tmp_path}/s", "tcp": "tcp:127.0.0.1:0",
             "http": "http://127.0.0.1:0/"}[request.param]  # fmt: skip
    started = await serve({"wait": slow.wait, "much": slow.much}, place)
    yield started
    slow.go_on.set()
    await started.stop(100)


async def connected(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    scheme, _, rest = server.url.partition(":")
    if scheme.endswith("unix"):
        return await asyncio.open_unix_connection(rest, limit=4096)
    host, _, port = rest.strip("/").partition(":")
    return await asyncio.open_connection(host, int(port), limit=4096)


def asking(server: Server, method: str) -> bytes:
    return framed(server, orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}))


def framed(server: Server, body: bytes) -> bytes:
    if not server.url.startswith("http"):
        return frame(body)
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """What came before the end; fails if there is none."""
    said = b""
    async with asyncio.timeout(WITHIN_S):
        try:
            while piece := await reader.read(65_536):
                said += piece
        except ConnectionError:
            pass
    return said


async def until_answered(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(WITHIN_S):
        assert await reader.readuntil(b"\r\n\r\n")
        assert b'"result"' in await reader.readuntil(b"}")


async def test_a_message_that_comes_a_byte_at_a_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte is news, the message is not."""
    monkeypatch.setattr(limits, "body_ms", SHORT_MS)
    reader, writer = await connected(server)
    with closing(writer):
        ended = asyncio.create_task(until_closed(reader))
        for byte in asking(server, "much") * 50:
            if ended.done() or writer.is_closing():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        assert b"result" not in await ended


@pytest.mark.parametrize("cut", [1, 30, -1])
async def test_half_a_message(server: Server, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    monkeypatch.setattr(limits, "body_ms", SHORT_MS)
    reader, writer = await connected(server)
    with closing(writer):
        writer.write(asking(server, "much")[:cut])
        said = await until_closed(reader)
        assert b"result" not in said


async def test_a_connection_on_which_nothing_is_said(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "idle_ms", SHORT_MS)
    reader, writer = await connected(server)
    with closing(writer):
        assert await until_closed(reader) == b""


async def test_a_call_under_way_is_not_idle(server: Server, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = await connected(server)
    quiet_reader, quiet_writer = await connected(server)
    with closing(writer), closing(quiet_writer):
        writer.write(asking(server, "wait"))
        await slow.begun.wait()
        monkeypatch.setattr(limits, "idle_ms", SHORT_MS)
        monkeypatch.setattr(limits, "body_ms", SHORT_MS)
        await until_closed(quiet_reader)  # so that long has passed
        slow.go_on.set()
        await until_answered(reader)


async def test_answers_that_nobody_reads(server: Server, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes; its answers do not pile up."""
    monkeypatch.setattr(limits, "unread_ms", SHORT_MS)
    _, writer = await connected(server)
    with closing(writer):
        gone = asyncio.Event()
        monkeypatch.setattr("accompanist.rpc.watch.Watch.remove", _telling(gone))
        for _ in range(40):
            writer.write(asking(server, "much"))
        async with asyncio.timeout(WITHIN_S):
            await gone.wait()
        neighbour, other = await connected(server)
        with closing(other):
            other.write(asking(server, "wait"))
            await slow.begun.wait()
            slow.go_on.set()
            await until_answered(neighbour)


def _telling(gone: asyncio.Event) -> Callable[..., None]:
    from accompanist.rpc.watch import Watch, WatchedConnection

    remove = Watch.remove

    def told(watch: Watch, line: WatchedConnection) -> None:
        remove(watch, line)
        gone.set()

    return told


async def test_who_says_nothing_takes_nobodys_place(
    server: Server, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many connections are opened and left silent, who speaks is served: the silent ones make room."""
    monkeypatch.setattr(limits, "strangers_connections_max", 4)
    reader, writer = await connected(server)
    writer.write(asking(server, "wait"))
    await slow.begun.wait()
    silent = []
    with closing(writer):
        for begun in (b"", asking(server, "much")[:30]) * 10:
            silent.append(await connected(server))
            silent[-1][1].write(begun)
            neighbour, other = await connected(server)
            with closing(other):
                other.write(asking(server, "much"))
                async with asyncio.timeout(WITHIN_S):
                    assert await neighbour.readexactly(15)
        assert await until_closed(silent[0][0]) == b""
        slow.go_on.set()
        await until_answered(reader)
    for _, writer in silent:
        writer.close()


async def test_a_first_request_is_due_soon(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "first_request_ms", SHORT_MS)
    reader, writer = await connected(server)
    with closing(writer):
        assert await until_closed(reader) == b""


async def test_bodies_for_which_there_is_no_room_are_not_kept(
    server: Server, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many large messages that lack a byte: as many lie in memory as there is room for, and small ones are served."""
    monkeypatch.setattr(limits, "room_wait_ms", SHORT_MS)
    room = server._room  # type: ignore[attr-defined]
    large = b'{"jsonrpc":"2.0","id":1,"method":"much","params":{"a":"' + b"x" * 1_000_000 + b'"}}'
    writers = []
    for _ in range(2 * limits.room_bytes // len(large)):
        _, writer = await connected(server)
        writer.write(framed(server, large)[:-1])
        writers.append(writer)

    async def full() -> bool:
        return bool(room.taken + len(large) > limits.room_bytes)

    await _until(full)
    assert room.taken <= limits.room_bytes
    reader, writer = await connected(server)
    with closing(writer):
        writer.write(asking(server, "wait"))
        await slow.begun.wait()
        slow.go_on.set()
        await until_answered(reader)
    for writer in writers:
        writer.close()

    async def empty() -> bool:
        return bool(room.taken == 0)

    await _until(empty)


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await true():  # noqa: ASYNC110 (what is waited for is the server's, which knows no event)
            await asyncio.sleep(0.01)
