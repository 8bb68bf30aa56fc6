"""Addresses and their sockets: who owns them, who may connect, and what is left behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from accompanist.errors import OperatorError
from accompanist.rpc.client import connect
from accompanist.rpc.dispatch import Params
from accompanist.rpc.server import serve
from accompanist.runtime.answers import Replied

MS = 20_000


async def _echo(params: Params, meta: bytes | None) -> bytes:
    return b"true"


HANDLERS = {"echo": _echo}


@pytest.mark.parametrize("scheme", ["unix", "http+unix"])
async def test_a_socket_is_its_owners_alone_and_goes_with_its_server(tmp_path: Path, scheme: str) -> None:
    path = tmp_path / "s.sock"
    server = await serve(HANDLERS, f"{scheme}:{path}")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OperatorError, match="ACC502"):
        await serve(HANDLERS, f"{scheme}:{path}")
    await server.stop()
    assert not path.exists()


async def test_a_socket_that_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    server = await serve(HANDLERS, f"unix:{path}")
    client = connect(server.url)
    assert isinstance(await client.call("echo", b"{}", b"{}", MS), Replied)
    await client.close()
    await server.stop()


async def test_a_successors_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    first = await serve(HANDLERS, f"unix:{path}")
    path.unlink()
    second = await serve(HANDLERS, f"unix:{path}")
    await first.stop()
    assert path.exists()
    await second.stop()


async def test_a_file_in_the_way_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    path.write_text("precious")
    with pytest.raises(OperatorError, match="is no socket"):
        await serve(HANDLERS, f"unix:{path}")
    assert path.read_text() == "precious"


async def test_a_port_in_use() -> None:
    server = await serve(HANDLERS, "tcp:127.0.0.1:0")
    with pytest.raises(OperatorError, match="ACC502"):
        await serve(HANDLERS, server.url)
    await server.stop()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "ACC501"),
        ("payment", "ACC501"),
        ("https://127.0.0.1:1/", "ACC501"),
        ("unix:relative", "ACC501"),
        ("unix:/" + "x" * 107, "ACC501"),
        ("tcp:127.0.0.1", "ACC501"),
        ("tcp::80", "ACC501"),
        ("tcp:127.0.0.1:99999", "ACC501"),
        ("http://127.0.0.1/rpc", "ACC501"),
        ("http://127.0.0.1:x/rpc", "ACC501"),
        ("http://user:secret@127.0.0.1:1/rpc", "ACC501"),
        ("http://127.0.0.1:1/rpc?a=1", "ACC501"),
        ("tcp:0.0.0.0:1", "ACC503"),
        ("tcp:example.org:1", "ACC503"),
        ("http://10.0.0.1:1/", "ACC503"),
        ("tcp:127.0.0.1.example.org:1", "ACC503"),
        ("unix:/nowhere/at/all.sock", "ACC505"),
    ],
)
async def test_what_is_no_address(url: str, code: str) -> None:
    with pytest.raises(OperatorError, match=code) as refused:
        await serve(HANDLERS, url)
    assert "secret" not in str(refused.value)


def test_a_remote_address_may_be_allowed() -> None:
    with pytest.raises(OperatorError, match="ACC503"):
        connect("tcp:example.org:1")
    assert connect("tcp:example.org:1", allow_remote=True).url == "tcp:example.org:1"
    assert connect("http://[::1]:1/rpc").url == "http://[::1]:1/rpc"
