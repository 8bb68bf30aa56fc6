"""A connection to a port of this machine proves nothing; a connection to a socket proves the user that the kernel
names.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accompanist.cli.api import ask
from accompanist.client.answers import Refused
from accompanist.errors import OperatorError
from accompanist.rpc import tokens
from accompanist.rpc.access import proved
from accompanist.rpc.server import Server, serve
from accompanist.sidecar.api.rights import METHODS
from accompanist.sidecar.config import Service, build
from accompanist.sidecar.process import api_access


async def who(params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
    return msgspec.json.encode(proved())


def service(place: Path, api: str) -> Service:
    return build({"service": {"payment": {"api": api, "state_dir": "state"}}}, place, {}).service("payment")


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[tuple[Service, Server]]:
    asked = service(tmp_path, "http://127.0.0.1:7102")
    access = api_access(asked)
    assert access is not None
    server = await serve(dict.fromkeys(METHODS, who), "http://127.0.0.1:0/", access=access)
    yield msgspec.structs.replace(asked, api=server.url), server
    await server.stop()


async def answer(of: Service, method: str = "session.operate") -> Any:
    return await asyncio.to_thread(ask, of, method, {})


@pytest.mark.parametrize("method", METHODS)
async def test_a_port_on_loopback_answers_nobody_without_the_token(
    port: tuple[Service, Server], tmp_path: Path, method: str
) -> None:
    stranger = msgspec.structs.replace(port[0], state_dir=str(tmp_path / "elsewhere"))
    with pytest.raises(Refused, match="no token") as refused:
        await answer(stranger, method)
    assert refused.value.code == "ACC507"


async def test_the_command_line_finds_the_token_that_was_drawn(port: tuple[Service, Server]) -> None:
    assert await answer(port[0]) == "token drawn"


async def test_the_user_at_a_socket_is_proved(tmp_path: Path) -> None:
    of = service(tmp_path, "http+unix:api.sock")
    assert api_access(of) is None and not (tmp_path / "state").exists()
    server = await serve({"session.operate": who}, of.api)
    try:
        assert stat.S_IMODE((tmp_path / "api.sock").stat().st_mode) == 0o600
        assert await answer(of) == f"uid {os.getuid()} ({pwd.getpwuid(os.getuid()).pw_name})"
    finally:
        await server.stop()


def test_the_token_is_drawn_once_and_its_owners_alone(tmp_path: Path) -> None:
    of = service(tmp_path, "http://127.0.0.1:7102")
    [first] = of.tokens()
    [again] = of.tokens()
    file = tmp_path / "state" / "api.token"
    assert first == again and of.api_token_file == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == ["api.token"], "nothing is left beside it"
    assert len(tokens.bearer(file)) == 64


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    victim = tmp_path / "victim"
    victim.write_text("keep me")
    (tmp_path / "state" / "api.token").symlink_to(victim)
    with pytest.raises(OperatorError, match=r"api\.token"):
        service(tmp_path, "http://127.0.0.1:7102").tokens()
    assert victim.read_text() == "keep me"


def test_a_file_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    table = {"payment": {"api": "http://127.0.0.1:7102", "token_file": "mine", "state_dir": "state"}}
    of = build({"service": table}, tmp_path, {}).service("payment")
    with pytest.raises(OperatorError, match="mine"):
        of.tokens()
    assert not (tmp_path / "state").exists()


def test_where_none_can_be_drawn_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(OperatorError) as told:
        service(tmp_path, "http://127.0.0.1:7102").tokens()
    assert told.value.code == "ACC611"
