"""The HTTP client sends one POST for each call: against workers that break every rule, and as an ordinary server sees
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from accompanist import limits
from accompanist.rpc import meta
from accompanist.rpc.client import WorkerClient, connect
from accompanist.rpc.meta import Meta
from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Missing, Replied

PATIENT_MS = 20_000
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def worker(directory: Path, serve: Serve, calls_in_flight_max: int = 256) -> AsyncIterator[WorkerClient]:
    application = web.Application(client_max_size=10**8)
    application.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(application, shutdown_timeout=0.01)
    await runner.setup()
    await web.UnixSite(runner, str(directory / "http.sock")).start()
    client = connect(f"http+unix:{directory}/http.sock", calls_in_flight_max=calls_in_flight_max)
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()


async def ask(client: WorkerClient, n: int = 0, timeout_ms: int = PATIENT_MS) -> Answer:
    return await client.call("echo", b'{"n":%d}' % n, b"{}", timeout_ms)


def answered(request: Any, **fields: Any) -> web.Response:
    return web.json_response({"jsonrpc": "2.0", "id": request["id"], **fields})


async def test_calls_by_post(tmp_path: Path) -> None:
    async def echo(request: web.Request) -> web.Response:
        asked = await request.json()
        return answered(asked, result={"n": asked["params"]["n"], "path": request.path, "method": request.method})

    async with worker(tmp_path, echo) as client:
        answers = await asyncio.gather(*(ask(client, n) for n in range(50)))
    assert answers == [Replied(b'{"n": %d, "path": "/", "method": "POST"}' % n) for n in range(50)]


async def test_a_call_that_waits_for_its_turn_spends_none_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        await go_on.wait()
        return answered(await request.json(), result=None)

    async with worker(tmp_path, hold, calls_in_flight_max=1) as client:
        first, second = asyncio.create_task(ask(client, 0, 10**9)), asyncio.create_task(ask(client, 1))
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda real=loop.time: real() + 2 * PATIENT_MS / 1000)
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(first, second) == [Replied(b"null")] * 2


async def test_the_context_travels_as_headers_too(tmp_path: Path) -> None:
    session = uuid4()
    seen: dict[str, str] = {}

    async def listen(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return answered(await request.json(), result=None)

    context = Meta(
        session=session,
        role="payment",
        site="7[2].3",
        kind="compensate",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        tracestate="a=b",
        baggage="accompanist.session=x\r\nEvil: yes",
    )
    async with worker(tmp_path, listen) as client:
        assert await client.call("refund", b"{}", meta.write(context), PATIENT_MS) == Replied(b"null")
    assert seen["Idempotency-Key"] == f"{session}/payment/7[2].3/compensate"
    assert seen["traceparent"] == context.traceparent
    assert seen["tracestate"] == "a=b"
    assert seen["Content-Type"] == "application/json"
    assert "baggage" not in seen and "Evil" not in seen


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("error", "answer"),
    [
        ({"code": -32001, "message": "m", "data": "no money"}, Declined("no money")),
        ({"code": -32003, "message": "m"}, Closed()),
        ({"code": -32601, "message": "m"}, Missing("echo")),
        ({"code": -32603, "message": "CANARY"}, Fault("the worker answered error -32603")),
    ],
)
async def test_the_body_decides_and_not_the_status(
    tmp_path: Path, status: int, error: dict[str, Any], answer: Answer
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        asked = await request.json()
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "error": error}, status=status)

    async with worker(tmp_path, refuse) as client:
        assert await ask(client) == answer


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, b"CANARY", "nonsense: not JSON"),
        (200, b"", "nonsense: not JSON"),
        (200, b'{"jsonrpc":"2.0","id":99,"result":1}', "under another id"),
        (200, b'{"jsonrpc":"2.0","id":"1","result":1}', "under another id"),
        (200, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"CANARY"}}', "under another id"),
        (200, b'{"jsonrpc":"2.0","method":"a"}', "with a request"),
        (200, b"[" * 1000, "nested deeper"),
        (500, b"<html>CANARY</html>", "HTTP status 500"),
        (404, b"", "HTTP status 404"),
        (204, b"", "HTTP status 204"),
        (302, b"", "HTTP status 302"),
    ],
)
async def test_nonsense(tmp_path: Path, status: int, body: bytes, text: str) -> None:
    async def talk_nonsense(request: web.Request) -> web.Response:
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, body=body, headers=headers)

    async with worker(tmp_path, talk_nonsense) as client:
        answer = await ask(client)
    assert isinstance(answer, Fault)
    assert text in answer.text
    assert "CANARY" not in answer.text


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    sent = 0

    async def answer_for_ever(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 65_536)
                sent += 65_536
        return response

    async with worker(tmp_path, answer_for_ever) as client:
        assert await ask(client) == Fault(f"an answer larger than {limits.message_bytes_max} bytes")
    assert sent < 4 * limits.message_bytes_max


async def test_nothing_is_unpacked(tmp_path: Path) -> None:
    async def bomb(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b" " * 10**7), headers={"Content-Encoding": "gzip"})

    async with worker(tmp_path, bomb) as client:
        assert await ask(client) == Fault("the worker answered nonsense: not UTF-8")


async def test_no_answer_in_time(tmp_path: Path) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"jsonrpc":')
        await asyncio.Event().wait()
        return response

    async with worker(tmp_path, half) as client:
        assert await ask(client, timeout_ms=60) == Fault("no answer within 60 ms")


async def test_a_connection_that_breaks(tmp_path: Path) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with worker(tmp_path, hang_up) as client:
        answer = await ask(client)
    assert isinstance(answer, Fault)
    assert "no answer from the worker" in answer.text


async def test_nobody_listens(tmp_path: Path) -> None:
    client = connect(f"http+unix:{tmp_path}/nobody.sock")
    assert isinstance(await ask(client), Fault)
    await client.close()
    assert isinstance(await ask(client), Fault)


async def test_a_call_that_is_too_large_is_not_sent(tmp_path: Path) -> None:
    client = connect(f"http+unix:{tmp_path}/nobody.sock")
    big = b'{"a":"' + b"x" * limits.message_bytes_max + b'"}'
    assert await client.call("a", big, b"{}", PATIENT_MS) == Fault(
        "the call is larger than 1310720 bytes", refused=True
    )
    await client.close()


async def test_calls_in_flight_are_bounded(tmp_path: Path) -> None:
    now = most = 0

    async def count(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        asked = await request.json()
        await asyncio.sleep(0)
        now -= 1
        return answered(asked, result=None)

    async with worker(tmp_path, count, calls_in_flight_max=3) as client:
        await asyncio.gather(*(ask(client, n) for n in range(30)))
    assert 0 < most <= 3
