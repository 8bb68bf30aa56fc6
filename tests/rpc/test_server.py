"""Both servers: their answers to requests of any shape, bounds, back-pressure, and a clean stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from accompanist import limits
from accompanist.errors import CATALOGUE, AuthorError, Bug
from accompanist.language.values import codec
from accompanist.rpc import envelope
from accompanist.rpc.access import Access, Token
from accompanist.rpc.client import connect
from accompanist.rpc.dispatch import UNEXPECTED, Dispatcher, Params
from accompanist.rpc.envelope import RpcError
from accompanist.rpc.framing import frame
from accompanist.rpc.server import Server, serve
from accompanist.runtime.answers import Fault, Replied

MS = 20_000


class Handlers:
    """Handlers of every kind, and what they saw."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.most = 0
        self.go_on = asyncio.Event()
        self.some_begun = asyncio.Event()

    async def echo(self, params: Params, meta: bytes | None) -> bytes:
        members = {name: orjson.loads(bytes(raw)) for name, raw in params.items()}
        return orjson.dumps([members, None if meta is None else orjson.loads(meta)])

    async def wait(self, params: Params, meta: bytes | None) -> bytes:
        self.begun += 1
        self.most = max(self.most, self.begun - self.ended)
        self.some_begun.set()
        try:
            await self.go_on.wait()
        finally:
            self.ended += 1
        return b"true"

    async def fail(self, params: Params, meta: bytes | None) -> bytes:
        match orjson.loads(bytes(params["how"])):
            case "rpc":
                raise RpcError(-32001, "declined", "no money")
            case "decode":
                codec.decode(b'"CANARY"', int)
            case "author":
                raise AuthorError(UNEXPECTED, "this is wrong", "that is right")
            case "bug":
                raise Bug(UNEXPECTED, "impossible")
            case "huge":
                return b'"' + b"x" * limits.message_bytes_max + b'"'
        raise KeyError("CANARY")

    def all(self) -> dict[str, Any]:
        return {"echo": self.echo, "wait": self.wait, "fail": self.fail}


async def healthy() -> tuple[int, bytes]:
    return 503, b'{"ready":false}'


@pytest.fixture
async def handlers() -> Handlers:
    return Handlers()


@pytest.fixture(params=["unix", "http+unix", "tcp", "http"])
async def server(request: pytest.FixtureRequest, tmp_path: Path, handlers: Handlers) -> AsyncIterator[Server]:
    urls = {
        "unix": f"unix:{tmp_path}/s.sock",
        "http+unix": f"http+unix:{tmp_path}/s.sock",
        "tcp": "tcp:127.0.0.1:0",
        "http": "http://127.0.0.1:0/rpc",
    }
    server = await serve(handlers.all(), urls[request.param], calls_in_flight_max=4, pages={"/health": healthy})
    yield server
    await server.stop(0)


async def raw(url: str, body: bytes) -> bytes:
    """One request's body to its answer's, over either transport."""
    if url.startswith("http"):
        async with session(url) as (http, target), http.post(target, data=body, headers=JSON) as response:
            return await response.read()
    reader, writer = await _open(url)
    writer.write(frame(body))
    try:
        header = await reader.readuntil(b"\r\n\r\n")
        return await reader.readexactly(int(header.split(b":")[1]))
    finally:
        writer.close()


JSON = {"Content-Type": "application/json"}


class session:
    """An HTTP session to a URL of ours, with the target to ask."""

    def __init__(self, url: str) -> None:
        path = url.removeprefix("http+unix:")
        connector = aiohttp.UnixConnector(path) if path != url else aiohttp.TCPConnector()
        self._session = aiohttp.ClientSession(connector=connector)
        self._target = "http://localhost/" if path != url else url

    async def __aenter__(self) -> tuple[aiohttp.ClientSession, str]:
        return self._session, self._target

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if url.startswith("unix:"):
        return await asyncio.open_unix_connection(url.removeprefix("unix:"))
    host, port = url.removeprefix("tcp:").split(":")
    return await asyncio.open_connection(host, int(port))


async def test_client_and_server_agree(server: Server) -> None:
    client = connect(server.url)
    answers = await asyncio.gather(*(client.call("echo", b'{"n":%d}' % n, b'{"a":1}', MS) for n in range(50)))
    assert answers == [Replied(b'[{"n":%d},{"a":1}]' % n) for n in range(50)]
    await client.close()


@pytest.mark.parametrize(
    ("asked", "id", "code"),
    [
        (b"{", None, -32700),
        (b'{"jsonrpc":"2.0","method":"echo","id":1,"id":1}', None, -32700),
        (b'{"jsonrpc":"2.0","method":"echo","id":1,"params":' + b"[" * 100 + b"]" * 100 + b"}", None, -32700),
        (b'{"jsonrpc":"2.0","method":"echo","id":1,"params":{"a":' + b"1" * 500 + b"}}", None, -32700),
        (b"[]", None, -32600),
        (b'{"jsonrpc":"1.0","method":"echo","id":1}', 1, -32600),
        (b'{"jsonrpc":"2.0","method":"echo","id":"a","params":[]}', "a", -32602),
        (b'{"jsonrpc":"2.0","method":"sing","id":1}', 1, -32601),
    ],
)
async def test_malformed_requests_are_answered_as_the_specification_says(
    server: Server, asked: bytes, id: Any, code: int
) -> None:
    answer = orjson.loads(await raw(server.url, asked))
    assert (answer["id"], answer["error"]["code"]) == (id, code)
    assert orjson.loads(await raw(server.url, b'{"jsonrpc":"2.0","method":"echo","id":1}'))["result"] == [{}, None]


@pytest.mark.parametrize(
    ("how", "code", "data"),
    [
        ("rpc", -32001, "no money"),
        ("decode", -32602, "not a valid int: Expected `int`, got `str`"),
        (
            "author",
            -32000,
            {
                "code": UNEXPECTED,
                "title": CATALOGUE[UNEXPECTED].title,
                "text": "this is wrong",
                "hint": "that is right",
                "fault": "author",
            },
        ),
        (
            "bug",
            -32603,
            {
                "code": UNEXPECTED,
                "title": CATALOGUE[UNEXPECTED].title,
                "text": "impossible",
                "hint": "",
                "fault": "ours",
            },
        ),
        ("huge", -32603, "the result is too large to be sent"),
        ("unexpected", -32603, "KeyError"),
    ],
)
async def test_exceptions_become_errors(
    server: Server, how: str, code: int, data: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "fail", "params": {"how": how}})
    answer = await raw(server.url, asked)
    error = orjson.loads(answer)["error"]
    assert (error["code"], error["data"]) == (code, data)
    assert b"CANARY" not in answer
    assert "CANARY" not in "".join(capsys.readouterr())


async def test_a_batch_is_answered_as_one(server: Server) -> None:
    asked = b'[{"jsonrpc":"2.0","method":"echo","id":1},{"jsonrpc":"2.0","method":"echo"},7]'
    first, third = orjson.loads(await raw(server.url, asked))
    assert (first["id"], third["id"], third["error"]["code"]) == (1, None, -32600)


async def test_handlers_under_way_are_bounded(server: Server, handlers: Handlers) -> None:
    client = connect(server.url)
    asked = [asyncio.create_task(client.call("wait", b"{}", b"{}", MS)) for _ in range(12)]
    await handlers.some_begun.wait()
    handlers.go_on.set()
    assert await asyncio.gather(*asked) == [Replied(b"true")] * 12
    assert handlers.most <= 4
    await client.close()


async def test_stopping_lets_what_is_under_way_end_and_takes_nothing_new(server: Server, handlers: Handlers) -> None:
    client, other = connect(server.url), connect(server.url)
    asked = asyncio.create_task(client.call("wait", b"{}", b"{}", MS))
    await handlers.some_begun.wait()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    assert isinstance(await other.call("echo", b"{}", b"{}", 200), Fault)
    handlers.go_on.set()
    assert await asked == Replied(b"true")
    await stopping
    await client.close()
    await other.close()


async def test_stopping_cancels_what_does_not_end(server: Server, handlers: Handlers) -> None:
    """What was cut short may have done what it was for. "Retry later" would say that it has not, and where no fence
    stands behind it that is believed."""
    client = connect(server.url)
    asked = asyncio.create_task(client.call("wait", b"{}", b"{}", MS))
    await handlers.some_begun.wait()
    await server.stop(0)
    answer = await asked
    assert isinstance(answer, Fault)
    assert not answer.away and not answer.silent, "it was read, and nothing more will be heard of it"
    assert handlers.ended == 1
    await client.close()


async def test_what_a_batch_has_left_when_it_is_cut_short_is_not_begun() -> None:
    begun: list[str] = []
    started = asyncio.Event()

    async def never(params: Params, meta: bytes | None) -> bytes:
        begun.append("never")
        started.set()
        await asyncio.Event().wait()
        return b"null"

    async def other(params: Params, meta: bytes | None) -> bytes:
        begun.append("other")
        return b"null"

    asked = [{"jsonrpc": "2.0", "id": number, "method": method} for number, method in enumerate(("never", "other"))]
    answering = asyncio.create_task(Dispatcher({"never": never, "other": other}, 1).answer(orjson.dumps(asked)))
    await started.wait()
    answering.cancel()
    body = (await answering).body
    assert body is not None
    codes = [answer["error"]["code"] for answer in orjson.loads(body)]
    assert (begun, codes) == (["never"], [envelope.INTERNAL_ERROR, envelope.RETRY_LATER])


async def test_a_caller_that_hangs_up_does_not_cut_its_call_short(server: Server, handlers: Handlers) -> None:
    client = connect(server.url)
    asked = asyncio.create_task(client.call("wait", b"{}", b"{}", MS))
    await handlers.some_begun.wait()
    await client.close()
    assert isinstance(await asked, Fault)
    assert handlers.ended == 0
    handlers.go_on.set()
    await server.stop()
    assert handlers.ended == 1


async def test_who_was_sent_an_answer_is_told(tmp_path: Path, handlers: Handlers) -> None:
    for scheme in ("unix", "http+unix"):
        told: asyncio.Queue[str] = asyncio.Queue()
        server = await serve(handlers.all(), f"{scheme}:{tmp_path}/s.sock", sent=told.put_nowait)
        client = connect(server.url)
        await client.call("echo", b"{}", b"{}", MS)
        assert await told.get() == "echo"
        await client.close()
        await server.stop()


# -- the stream's own ------------------------------------------------------------------------------


@pytest.fixture
async def stream(tmp_path: Path, handlers: Handlers) -> AsyncIterator[Server]:
    server = await serve(handlers.all(), f"unix:{tmp_path}/stream.sock", calls_in_flight_max=2)
    yield server
    await server.stop(0)


async def test_a_frame_that_is_too_large_is_answered_and_the_stream_goes_on(stream: Server) -> None:
    reader, writer = await _open(stream.url)
    writer.write(frame(b'{"jsonrpc":"2.0","id":5,"method":"' + b"x" * limits.message_bytes_max + b'"}'))
    writer.write(frame(b'{"jsonrpc":"2.0","id":6,"method":"echo"}'))
    answers = []
    for _ in range(2):
        header = await reader.readuntil(b"\r\n\r\n")
        answers.append(orjson.loads(await reader.readexactly(int(header.split(b":")[1]))))
    assert (answers[0]["id"], answers[0]["error"]["code"]) == (5, -32600)
    assert answers[1]["id"] == 6
    writer.close()


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"Content-Length: 1e9\r\n\r\n"])
async def test_what_is_no_frame_ends_that_connection_only(stream: Server, nonsense: bytes) -> None:
    client = connect(stream.url)
    await client.call("echo", b"{}", b"{}", MS)
    reader, writer = await _open(stream.url)
    writer.write(nonsense)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(1)
    writer.close()
    assert isinstance(await client.call("echo", b"{}", b"{}", MS), Replied)
    await client.close()


async def test_a_caller_that_does_not_read_is_not_read(stream: Server) -> None:
    _, writer = await _open(stream.url)
    payload = b"x" * 500_000
    request = frame(b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":"%b"}}' % payload)
    written = 0
    try:
        async with asyncio.timeout(0.5):
            while True:
                writer.write(request)
                await writer.drain()
                written += 1
                if written == 200:
                    break
    except TimeoutError:
        pass
    assert written < 100  # both kernels' buffers and the server's, not all it could ask for
    writer.transport.abort()


# -- HTTP's own ------------------------------------------------------------------------------------


@pytest.fixture
async def http(tmp_path: Path, handlers: Handlers) -> AsyncIterator[Server]:
    server = await serve(handlers.all(), "http://127.0.0.1:0/rpc", pages={"/ready": healthy})
    yield server
    await server.stop(0)


async def test_pages(http: Server) -> None:
    async with session(http.url) as (client, target), client.get(target.replace("/rpc", "/ready")) as response:
        assert (response.status, await response.json()) == (503, {"ready": False})


async def test_a_body_that_does_not_come(http: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accompanist.limits.body_ms", 20)
    port = int(http.url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    assert b"408" in await reader.readline()
    writer.close()


async def test_a_body_that_says_it_is_too_large_is_not_waited_for(http: Server) -> None:
    port = int(http.url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = b"Content-Length: %d" % (limits.message_bytes_max + 1)
    writer.write(b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%b\r\n\r\n{" % length)
    assert b"413" in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_connection_that_is_kept_alive_is_not_served_while_stopping(http: Server, handlers: Handlers) -> None:
    asked = b'{"jsonrpc":"2.0","id":1,"method":"%b"}'
    async with session(http.url) as (client, target), session(http.url) as (other, _):
        async with other.post(target, data=asked % b"echo", headers=JSON) as response:
            assert response.status == 200
        waiting = asyncio.create_task(client.post(target, data=asked % b"wait", headers=JSON))
        await handlers.some_begun.wait()
        stopping = asyncio.create_task(http.stop())
        await asyncio.sleep(0)
        async with other.post(target, data=asked % b"echo", headers=JSON) as response:
            assert response.status == 503
        handlers.go_on.set()
        assert (await waiting).status == 200
        await stopping


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/rpc", b"", {}, 405),
        ("POST", "/elsewhere", b"{}", JSON, 404),
        ("POST", "/rpc", b"{}", {"Content-Type": "text/plain"}, 415),
        ("POST", "/rpc", b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "/rpc", b"x" * (limits.message_bytes_max + 1), JSON, 413),
        ("POST", "/rpc", b'{"jsonrpc":"2.0","method":"echo"}', JSON, 204),
        ("POST", "/rpc", b"nonsense", JSON, 200),
        ("POST", "/rpc", b"nonsense", {**JSON, "Host": "localhost:1"}, 200),
        ("POST", "/rpc", b"{}", {**JSON, "Host": "rebound.example.org"}, 421),
        ("POST", "/rpc", b"{}", {**JSON, "Host": "a b/"}, 421),
        ("POST", "/rpc", b"{}", {**JSON, "Host": ":x"}, 421),
    ],
)
async def test_statuses(
    http: Server, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with session(http.url) as (client, target):
        url = target.replace("/rpc", path)
        async with client.request(method, url, data=body, headers=headers) as response:
            assert response.status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer secret"}, 200)],
)
async def test_a_server_with_tokens_answers_only_who_bears_one(headers: dict[str, str], status: int) -> None:
    access = Access([Token.of("one", {"echo"}, "secret")], {"echo": "echo"})
    server = await serve({"echo": Handlers().echo}, "http://127.0.0.1:0/", access=access)
    try:
        body = {"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {}}
        async with aiohttp.ClientSession() as client, client.post(server.url, json=body, headers=headers) as answer:
            assert answer.status == status
            assert "secret" not in await answer.text()
    finally:
        await server.stop()
