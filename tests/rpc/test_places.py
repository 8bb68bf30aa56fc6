"""Quotas of connections and memory at both servers: which of them silent, idle and slowly reading clients lose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from accompanist import limits
from accompanist.rpc.access import Access, Token
from accompanist.rpc.client import connect
from accompanist.rpc.dispatch import Params
from accompanist.rpc.framing import frame
from accompanist.rpc.server import Server, serve
from accompanist.runtime.answers import Fault, Replied
from tests.rpc.test_server import MS, Handlers, healthy


@pytest.fixture
async def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
async def stream(tmp_path: Path, handlers: Handlers) -> AsyncIterator[Server]:
    server = await serve(handlers.all(), f"unix:{tmp_path}/stream.sock", calls_in_flight_max=2)
    yield server
    await server.stop(0)


async def test_connections_of_callers_are_bounded_and_the_idle_one_makes_room(
    stream: Server, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accompanist.limits.connections_max", 2)
    busy, idle = connect(stream.url), connect(stream.url)
    asked = asyncio.create_task(busy.call("wait", b"{}", b"{}", MS))
    await handlers.some_begun.wait()
    assert await idle.call("echo", b"{}", b"{}", MS) == Replied(b"[{},{}]")
    third, fourth = connect(stream.url), connect(stream.url)
    waiting = asyncio.create_task(third.call("wait", b"{}", b"{}", MS))
    while handlers.begun < 2:  # noqa: ASYNC110 (the first of them has set the event)
        await asyncio.sleep(0)
    assert isinstance(await fourth.call("echo", b"{}", b"{}", MS), Fault)  # nobody is idle now
    handlers.go_on.set()
    assert await asked == await waiting == Replied(b"true")
    for client in (busy, idle, third, fourth):
        await client.close()


async def test_of_what_came_in_one_piece_nothing_is_begun_for_a_caller_that_does_not_read(tmp_path: Path) -> None:
    begun = 0
    choked = asyncio.Event()

    async def much(params: Params, meta: bytes | None) -> bytes:
        nonlocal begun
        begun += 1
        choked.set()
        return b'"' + b"x" * 1_000_000 + b'"'

    server = await serve({"much": much}, f"unix:{tmp_path}/s.sock", calls_in_flight_max=2)
    _, writer = await asyncio.open_unix_connection(f"{tmp_path}/s.sock", limit=1024)
    writer.write(frame(b'{"jsonrpc":"2.0","id":1,"method":"much"}') * 1_000)
    await choked.wait()
    for _ in range(200):
        await asyncio.sleep(0)
    assert begun <= 8  # as many answers as the kernel takes, and two
    writer.transport.abort()
    await server.stop(0)


async def test_answers_that_there_is_no_room_for_are_not_kept(tmp_path: Path) -> None:
    """A caller that asks for much on many connections and reads none of it is told that its answer was not kept. Not
    that nothing was done: a worker without a fence may have carried out what was asked."""

    async def much(params: Params, meta: bytes | None) -> bytes:
        return b'"' + b"x" * 1_000_000 + b'"'

    for scheme in ("unix", "http+unix"):
        server = await serve({"much": much}, f"{scheme}:{tmp_path}/s.sock")
        room = server._room  # type: ignore[attr-defined]
        held = room.take(limits.room_bytes)
        client = connect(server.url)
        answer = await client.call("much", b"{}", b"{}", MS)
        assert isinstance(answer, Fault)
        assert not answer.away
        held.give_back()
        assert isinstance(await client.call("much", b"{}", b"{}", MS), Replied)
        await client.close()
        await server.stop(0)
        assert room.taken == 0


@pytest.fixture
async def closed() -> AsyncIterator[Server]:
    """A server that asks for a token."""
    access = Access([Token.of("one", {"echo"}, "secret")], {"echo": "echo"})
    server = await serve({"echo": Handlers().echo}, "http://127.0.0.1:0/", access=access, pages={"/health": healthy})
    yield server
    await server.stop(0)


def opened(server: Server) -> Any:
    return asyncio.open_connection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))


async def test_probes_and_callers_are_served_whoever_else_is_silent(
    closed: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silent connections, and such as ask for health and stay, take no place of who bears a token."""
    for bound in ("strangers_connections_max", "probes_connections_max", "connections_max"):
        monkeypatch.setattr(limits, bound, 3)
    body = {"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {}}
    bearer = {"Authorization": "Bearer secret"}
    async with aiohttp.ClientSession() as kept:
        async with kept.post(closed.url, json=body, headers=bearer) as answer:
            assert answer.status == 200
        others = []
        for _ in range(10):
            others.append(await opened(closed))
            probe, asking = await opened(closed)
            others.append((probe, asking))
            asking.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"503" in await probe.readline()
        async with aiohttp.ClientSession() as fresh, fresh.post(closed.url, json=body, headers=bearer) as answer:
            assert answer.status == 200
        async with kept.post(closed.url, json=body, headers=bearer) as answer:
            assert answer.status == 200
        assert kept.connector is not None and len(kept.connector._conns) == 1  # type: ignore[attr-defined]
    for _, writer in others:
        writer.close()


async def test_who_shows_no_token_asks_once(closed: Server) -> None:
    reader, writer = await opened(closed)
    writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    assert b"401" in await reader.readline()
    assert b"Connection: close" in await reader.read()
    writer.close()
