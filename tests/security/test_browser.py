"""A page in a browser on this machine cannot start, read or undo sagas: not across origins, not by DNS rebinding.

Loopback needs no token, and a browser reaches it on behalf of any page. What a page may send without asking first is
a POST of one of three content types; what it may send after asking, the answer to OPTIONS decides; and a page whose own
name was made to resolve to this machine is of the same origin as this server, but says its own name in `Host`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest

from accompanist.rpc.dispatch import Params
from accompanist.rpc.server import Server, serve

BODY = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "session.start", "params": {}})
EVIL = {"Origin": "https://evil.example.org"}


class Sagas:
    """An API that counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def start(self, params: Params, meta: bytes | None) -> bytes:
        self.asked += 1
        return b"true"


async def health() -> tuple[int, bytes]:
    return 200, b'{"choreographies":{"fulfil_order":"f1"}}'


@pytest.fixture
def sagas() -> Sagas:
    return Sagas()


@pytest.fixture
async def server(sagas: Sagas) -> AsyncIterator[Server]:
    started = await serve({"session.start": sagas.start}, "http://127.0.0.1:0/", pages={"/health": health})
    yield started
    await started.stop()


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "text/plain; application/json", "text/plain;charset=application/json", ""],
)  # fmt: skip
async def test_what_a_page_may_post_unasked_starts_nothing(server: Server, sagas: Sagas, kind: str) -> None:
    headers = EVIL | ({"Content-Type": kind} if kind else {})
    plain = aiohttp.ClientSession(skip_auto_headers=("Content-Type",))
    async with plain as client, client.post(server.url, data=BODY, headers=headers) as answer:
        assert answer.status == 415
    assert sagas.asked == 0


async def test_a_page_that_asks_first_is_not_allowed(server: Server, sagas: Sagas) -> None:
    asking = EVIL | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    async with aiohttp.ClientSession() as client, client.options(server.url, headers=asking) as answer:
        assert not answer.ok
        assert not any(name.lower().startswith("access-control-") for name in answer.headers)
    json = EVIL | {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as client, client.post(server.url, data=BODY, headers=json) as answer:
        assert not any(name.lower().startswith("access-control-") for name in answer.headers), "a page may read it"


@pytest.mark.parametrize("host", ["evil.example.org", "evil.example.org:80", "127.0.0.1.example.org", "192.0.2.1", "["])
async def test_a_name_that_was_made_to_resolve_here_is_not_ours(server: Server, sagas: Sagas, host: str) -> None:
    headers = {"Host": host, "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as client:
        async with client.post(server.url, data=BODY, headers=headers) as answer:
            assert answer.status in (400, 421)
        async with client.get(server.url + "health", headers={"Host": host}) as answer:
            assert answer.status in (400, 421)
            assert "fulfil_order" not in await answer.text()
    assert sagas.asked == 0


@pytest.mark.parametrize("host", ["localhost:7101", "127.0.0.1", "[::1]:7101"])
async def test_a_client_on_this_machine_is_answered(server: Server, sagas: Sagas, host: str) -> None:
    headers = {"Host": host, "Content-Type": "application/json; charset=utf-8"}
    async with aiohttp.ClientSession() as client, client.post(server.url, data=BODY, headers=headers) as answer:
        assert answer.status == 200
    assert sagas.asked == 1
