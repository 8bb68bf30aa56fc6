"""A sidecar opens its links: where it can listen, it announces that; where it cannot, messages go by the log."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from accompanist import limits
from accompanist.background import Background
from accompanist.sidecar.links.opening import open_links
from accompanist.sidecar.links.sending import Links


class Announced:
    """A log that notes what is announced there."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, bytes]] = []

    async def announce(self, owner: str, address: str, key: bytes) -> None:
        self.said.append((owner, address, key))


async def opened(folder: Path, log: Announced, acquired: asyncio.Event, leave: AsyncExitStack) -> Links | None:
    repeat = Background().repeat
    return await open_links("a", "a/1", folder, ["a", "b"], log, lambda *_: (), acquired, repeat, leave)  # type: ignore[arg-type]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time


async def test_it_announces_where_it_listens_each_time_that_it_has_acquired_shards(tmp_path: Path) -> None:
    log, acquired = Announced(), asyncio.Event()
    async with AsyncExitStack() as leave:
        links = await opened(tmp_path / "state", log, acquired, leave)
        assert links is not None
        await until(lambda: len(log.said) == 1)
        acquired.set()
        await until(lambda: len(log.said) == 2)
        [(owner, address, key), again] = log.said
        assert (owner, address, key) == again and owner == "a/1" and len(key) == 32
        assert Path(address).is_socket() and Path(address).parent == tmp_path / "state"  # noqa: ASYNC240
    assert list((tmp_path / "state").iterdir()) == [], "the socket goes with the sidecar"


async def test_where_its_directory_is_too_deep_the_socket_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tempfile.mkdtemp()
    monkeypatch.setattr(tempfile, "tempdir", short)
    log = Announced()
    async with AsyncExitStack() as leave:
        assert await opened(tmp_path / ("x" * limits.link_address_bytes_max), log, asyncio.Event(), leave) is not None
        await until(lambda: log.said)
        [(_, address, _)] = log.said
        assert Path(address).parents[1] == Path(short)
        assert Path(address).parent.stat().st_mode & 0o777 == 0o700
    os.rmdir(short)  # noqa: PTH106 (it is empty again)


@pytest.mark.parametrize("why", ["too long", "a file is there"])
async def test_without_a_place_for_the_socket_there_are_no_links(
    tmp_path: Path, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * limits.link_address_bytes_max if why == "too long" else "file")
    if why == "a file is there":
        folder.write_text("")
    else:
        (tmp_path / ("y" * limits.link_address_bytes_max)).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("y" * limits.link_address_bytes_max)))
    log = Announced()
    async with AsyncExitStack() as leave:
        assert await opened(folder, log, asyncio.Event(), leave) is None
    assert log.said == []


async def test_where_others_may_write_no_socket_is_made(tmp_path: Path) -> None:
    """Who may write there could put a socket of its own in the place of ours."""
    tmp_path.chmod(0o770)  # noqa: ASYNC240
    log = Announced()
    async with AsyncExitStack() as leave:
        assert await opened(tmp_path, log, asyncio.Event(), leave) is not None
        await until(lambda: log.said)
        assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_sockets_of_sidecars_that_were_killed_are_removed_and_those_in_use_stay(tmp_path: Path) -> None:
    killed, other = tmp_path / "link-00000000.sock", tmp_path / "other.sock"
    for path in (killed, other):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await opened(tmp_path, Announced(), asyncio.Event(), first)
        [used] = set(tmp_path.iterdir()) - {other}  # noqa: ASYNC240
        assert used != killed
        await opened(tmp_path, Announced(), asyncio.Event(), second)
        assert used in set(tmp_path.iterdir()) and len(list(tmp_path.iterdir())) == 3  # noqa: ASYNC240
