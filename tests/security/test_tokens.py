"""Which requests a sidecar accepts from whom: tokens, their rights, and the file that has them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from accompanist.errors import Bug, OperatorError, PeerError
from accompanist.rpc import tokens
from accompanist.rpc.access import Access, Token, calling
from accompanist.rpc.dispatch import Params
from accompanist.rpc.server import Server, serve
from accompanist.sidecar import config
from accompanist.sidecar.api import rights
from accompanist.sidecar.api.events_and_timers import EventsAndTimers
from accompanist.sidecar.api.operators import Operators
from accompanist.sidecar.api.public import Api
from accompanist.sidecar.api.rights import METHODS, Right

SECRETS = {right: f"secret-that-may-{right}-only" for right in Right}
ROOT = "secret-that-may-do-everything"
TABLE = Access(
    [*(Token.of(f"only-{right}", {right}, secret) for right, secret in SECRETS.items()), Token.of("root", Right, ROOT)],
    METHODS,
)


async def who(params: Params, meta: bytes | None) -> bytes:
    return f'"{calling()}"'.encode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server with every method of the API; each answers with the name of the token it was asked under."""
    started = await serve(dict.fromkeys(METHODS, who), "http://127.0.0.1:0/", access=TABLE)
    yield started
    await started.stop()


async def ask(server: Server, body: object, headers: dict[str, str]) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as client, client.post(server.url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


def request(method: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_every_method_of_the_api_is_declared_with_its_right() -> None:
    """A new method without a row is served to nobody, and fails here."""
    parts = (Api, EventsAndTimers, Operators)
    served = {method for part in parts for method in part.methods(part.__new__(part))}
    assert served == METHODS.keys()
    assert set(METHODS.values()) == set(Right), "a right that opens nothing"


async def test_a_method_without_a_right_is_not_served() -> None:
    with pytest.raises(Bug):
        await serve({"session.start": who, "session.secret": who}, "http://127.0.0.1:0/", access=TABLE)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("right", Right)
async def test_a_token_opens_what_its_right_does_and_nothing_else(server: Server, method: str, right: Right) -> None:
    status, answer = await ask(server, request(method), bearing(SECRETS[right]))
    if METHODS[method] is right:
        assert (status, answer["result"]) == (200, f"only-{right}")
    else:
        assert (status, answer["error"]["data"]["code"]) == (403, "ACC508")
        assert METHODS[method] in answer["error"]["data"]["hint"]


async def test_a_method_nobody_has_is_no_hole(server: Server) -> None:
    """Not even for who may do everything: whether a method exists is told only after its right."""
    status, answer = await ask(server, request("session.unknown"), bearing(ROOT))
    assert (status, answer["error"]["data"]["code"]) == (403, "ACC508")


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {ROOT}", ROOT, f"Bearer {ROOT[:-1]}", f"Bearer {ROOT}x",
     "Bearer é\udc80", f"Bearer\t{ROOT}"],
)  # fmt: skip
async def test_without_a_known_token_nothing_is_answered(server: Server, authorization: str) -> None:
    if authorization.isascii():
        status, answer = await ask(server, request("session.list"), {"Authorization": authorization})
        assert (status, answer["error"]["data"]["code"]) == (401, "ACC507")
        assert "--token-file" in str(answer) or answer["error"]["data"]["text"]
    with pytest.raises(PeerError):
        TABLE.caller(authorization.encode("utf-8", "surrogateescape"))


async def test_a_batch_is_refused_request_by_request(server: Server) -> None:
    body = [request("session.list"), request("session.operate"), request("session.get")]
    status, answers = await ask(server, body, bearing(SECRETS[Right.READ]))
    assert status == 200
    assert [("result" in one) for one in answers] == [True, False, True]


async def test_a_notification_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no answer to hold an error, and must not be carried out for want of one."""
    done: list[str] = []

    async def do(params: Params, meta: bytes | None) -> bytes:
        done.append("done")
        return b"null"

    started = await serve({"session.cancel": do}, "http://127.0.0.1:0/", access=TABLE)
    try:
        body = {"jsonrpc": "2.0", "method": "session.cancel", "params": {}}
        async with aiohttp.ClientSession() as client:
            async with client.post(started.url, json=body, headers=bearing(SECRETS[Right.READ])) as answer:
                assert answer.status == 204
            assert done == []
            async with client.post(started.url, json=body, headers=bearing(SECRETS[Right.CANCEL])) as answer:
                assert answer.status == 204
        assert done == ["done"]
    finally:
        await started.stop()


async def test_no_secret_is_kept_as_it_is(server: Server) -> None:
    assert ROOT not in repr(vars(TABLE)) and SECRETS[Right.READ] not in repr(vars(TABLE))
    _, answer = await ask(server, request("session.operate"), bearing(SECRETS[Right.READ]))
    assert SECRETS[Right.READ] not in str(answer)


@pytest.mark.parametrize("url", ["unix:/tmp/never.sock", "tcp:127.0.0.1:0"])
async def test_a_stream_cannot_bear_tokens_and_says_so(url: str) -> None:
    with pytest.raises(OperatorError):
        await serve({"session.list": who}, url, access=TABLE)


@pytest.mark.parametrize("api", ["http://0.0.0.0:7102", "http://192.0.2.1:7102", "http://[::]:7102", "http://db:7102"])
async def test_off_this_machine_nothing_is_served_without_tokens(api: str) -> None:
    with pytest.raises(OperatorError, match="ACC607"):
        config.build({"service": {"payment": {"api": api}}}, Path.cwd(), {})
    with pytest.raises(OperatorError, match="ACC503"):
        await serve({"session.list": who}, api)


# -- the file ----------------------------------------------------------------------------------------


def written(directory: Path, text: str, mode: int = 0o600) -> Path:
    file = directory / "tokens"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_file_says_who_may_do_what(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "# who          may            with\n\nshop  start,cancel  secret-of-the-shop # till\n"
        "console\tread,operate\tsecret-of-the-console\nroot all secret-of-the-root\n",
    )
    found = {token.name: token.rights for token in rights.tokens(file)}
    assert found == {"shop": {"start", "cancel"}, "console": {"read", "operate"}, "root": set(Right)}
    assert Access(rights.tokens(file), METHODS).caller(b"Bearer secret-of-the-shop").name == "shop"


def test_a_single_word_is_one_token_with_every_right(tmp_path: Path) -> None:
    file = written(tmp_path, "secret-of-somebody\n")
    [token] = rights.tokens(file)
    assert token.rights == set(Right)
    assert tokens.bearer(file) == "secret-of-somebody"
    assert tokens.bearer(written(tmp_path, "shop start secret-of-the-shop\n")) == "secret-of-the-shop"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "short\n",
        "shop start tooshort\n",
        "shop start\n",
        "shop start,fly secret-of-the-shop\n",
        "shop start, secret-of-the-shop\n",
        "Shop start secret-of-the-shop\n",
        "shop start secret-of-the-shop\nshop read secret-of-another\n",
        "shop start secret-of-the-shop\nother read secret-of-the-shop\n",
        "secret-of-somebody\nsecret-of-another\n",
        f"shop start {'x' * 513}\n",
        "shop start secret-öf-the-shop\n",
    ],
)
def test_what_is_no_token_file_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(OperatorError) as refused:
        rights.tokens(written(tmp_path, text))
    assert refused.value.code == "ACC610"
    assert not any(
        word in str(refused.value) for word in text.split() if word.startswith(("secret", "xxx", "tooshort"))
    )


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o666, 0o620, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(OperatorError, match=r"ACC610.*mode"):
        rights.tokens(written(tmp_path, "secret-of-somebody\n", mode))


def test_a_group_may_read_what_root_has_mounted_and_nothing_else(tmp_path: Path) -> None:
    file = written(tmp_path, "secret-of-somebody\n", 0o640)
    if os.geteuid() == 0:
        assert rights.tokens(file)
        os.chown(file, 12_345, -1)
    with pytest.raises(OperatorError, match="ACC610"):
        rights.tokens(file)


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    for file in (tmp_path / "none", tmp_path):
        with pytest.raises(OperatorError, match="ACC610"):
            rights.tokens(file)
