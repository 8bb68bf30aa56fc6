"""Both clients against a server that answers as a sidecar does, over TCP and over a unix socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from accompanist.client import Client, Refused, SyncClient, Undone, Unreachable
from accompanist.errors import OperatorError, PeerError
from accompanist.rpc.access import Access
from accompanist.rpc.server import serve
from accompanist.sidecar.api import rights
from accompanist.sidecar.api.public import OVER
from tests.client.test_choreographies import ORDER
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Parcel

ID = UUID(int=7)
SECRET = "0123456789abcdef"
PARCEL = Parcel("t-1", "r-1", 3)


class Answers:
    """The methods of a sidecar's API. What it was asked, and how often a saga is looked at before it is over."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.looks = 2
        self.outcome = "settled"

    def methods(self) -> dict[str, Any]:
        names = ("session.start", "session.result", "session.signal", "session.cancel", "session.list")
        return {name: self._method(name) for name in names}

    def _method(self, name: str) -> Callable[[dict[str, msgspec.Raw], bytes | None], Awaitable[bytes]]:
        async def answer(params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
            given = {key: msgspec.json.decode(value) for key, value in params.items()}
            self.asked.append((name, given))
            return msgspec.json.encode(self._said(name, given))

        return answer

    def _said(self, name: str, given: dict[str, Any]) -> Any:
        if name == "session.list":
            line = {"session": ID, "role": "warehouse", "choreography": "fulfil_order", "phase": "running"}
            return {"sessions": [line], "next": None if "after" in given else [1.0, ID, "warehouse"]}
        if name == "session.result":
            self.looks -= 1
            if self.looks > 0:
                return {"session": ID, "state": "running", "waiting": f"look {self.looks}"}
            settled = self.outcome == "settled"
            reason = None if settled else "sold out"
            return {
                "session": ID,
                "state": self.outcome,
                "outcome": self.outcome,
                "reason": reason,
                "result": PARCEL if settled else None,
            }
        if given.get("reason") == "twice":
            raise PeerError(OVER, "it is over")
        return {"session": ID, "new": True}


@pytest.fixture(params=["tcp", "unix"])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Answers, str]]:
    answers = Answers()
    url = "http://127.0.0.1:0" if request.param == "tcp" else f"http+unix:{tmp_path}/api.sock"
    file = tmp_path / "token"
    file.write_text(SECRET)
    file.chmod(0o600)
    access = Access(rights.tokens(file), rights.METHODS)
    server = await serve(answers.methods(), url, access=access)
    yield answers, server.url
    await server.stop(0)


async def test_a_saga_from_its_start_to_its_result(served: tuple[Answers, str]) -> None:
    answers, url = served
    async with Client(url, token=SECRET) as client:
        session = await client.start(fulfil_order, ORDER, key="order-7")
        assert session.id == ID
        assert await session.result() == PARCEL
        assert await session.signal("warehouse", "packed", {"by": "ann"})
        assert await session.cancel("changed my mind")
        assert [line.session async for line in client.list(open=True)] == [ID, ID]
    told = dict(answers.asked)
    assert told["session.start"]["key"] == "order-7"
    assert told["session.signal"]["value"] == {"by": "ann"}


async def test_the_same_without_a_loop(served: tuple[Answers, str]) -> None:
    answers, url = served

    def use() -> None:
        with SyncClient(url, token=SECRET) as client:
            session = client.start(fulfil_order, ORDER, key="order-7")
            assert session.result() == PARCEL
            assert session.signal("warehouse", "packed", {"by": "ann"})
            assert session.cancel("changed my mind")
            assert [line.session for line in client.list(open=True)] == [ID, ID]
            with pytest.raises(Refused) as over:
                session.cancel("twice")
            assert over.value.code == "ACC717"

    await asyncio.to_thread(use)
    assert [name for name, _ in answers.asked].count("session.result") == 2


async def test_a_session_is_told_by_its_attributes_and_cancelled_by_its_key(served: tuple[Answers, str]) -> None:
    answers, url = served

    def use() -> None:
        with SyncClient(url, token=SECRET) as client:
            assert client.session(attributes={"order": "7"}).signal("warehouse", "packed", True)
            session = client.session(key="order-7")
            assert session.cancel()
            assert session.id == ID

    async with Client(url, token=SECRET) as client:
        assert await client.session(attributes={"order": "7"}, choreography="f").signal("warehouse", "packed", True)
        session = client.session(key="order-7", result=Parcel)
        assert await session.result() == PARCEL
        assert session.id == ID
    await asyncio.to_thread(use)
    packed = {"role": "warehouse", "name": "packed", "value": True}
    told = [given for name, given in answers.asked if name == "session.signal"]
    assert told == [
        {"attributes": {"order": "7"}, "choreography": "f", **packed},
        {"attributes": {"order": "7"}, **packed},
    ]
    asked = [given for name, given in answers.asked if name in ("session.result", "session.cancel")]
    assert [given.get("key") for given in asked] == ["order-7", None, "order-7"]


async def test_it_is_watched_until_it_is_over(served: tuple[Answers, str]) -> None:
    answers, url = served
    answers.looks = 3
    async with Client(url, token=SECRET) as client:
        seen = [state.state async for state in client.session(ID).watch(every_s=0.0)]
    assert seen == ["running", "running", "settled"]


async def test_a_saga_that_was_undone_raises(served: tuple[Answers, str]) -> None:
    answers, url = served
    answers.outcome = "ended"
    async with Client(url, token=SECRET) as client:
        with pytest.raises(Undone, match="sold out"):
            await (await client.start(fulfil_order, ORDER)).result()


async def test_a_wrong_token_is_refused_at_once(served: tuple[Answers, str]) -> None:
    _, url = served
    async with Client(url, token="another") as client:
        with pytest.raises((Refused, PeerError)):
            await client.start(fulfil_order, ORDER)


async def test_nobody_there_is_told_with_the_address(tmp_path: Path) -> None:
    url = f"http+unix:{tmp_path}/nobody.sock"
    async with Client(url, patience_s=0.0) as client:
        with pytest.raises(Unreachable, match=r"nobody\.sock"):
            await client.start(fulfil_order, ORDER)
    with SyncClient(url, patience_s=0.0) as waiting, pytest.raises(Unreachable, match=r"nobody\.sock"):
        waiting.start(fulfil_order, ORDER)


async def test_a_connection_that_broke_is_opened_again(served: tuple[Answers, str]) -> None:
    _, url = served

    def use() -> None:
        with SyncClient(url, token=SECRET) as client:
            session = client.start(fulfil_order, ORDER)
            assert client._kept is not None
            assert client._kept.sock is not None
            client._kept.sock.close()
            assert session.result() == PARCEL

    await asyncio.to_thread(use)


@pytest.mark.parametrize("url", ["unix:/run/x.sock", "tcp://127.0.0.1:1", "http://ann:secret@host/", "payment"])
def test_what_is_no_address_of_an_api_is_refused(url: str) -> None:
    with pytest.raises(OperatorError) as wrong:
        Client(url)
    assert wrong.value.code == "ACC854"
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize("token", ["s3cr3t\nX: y", "s3cr3t\u20ac"])
def test_a_token_that_no_header_takes_is_refused_and_not_told(token: str) -> None:
    with pytest.raises(OperatorError) as wrong:
        SyncClient("http://127.0.0.1:1", token=token)
    assert "s3cr3t" not in str(wrong.value)


def test_a_token_with_its_line_end_is_the_token() -> None:
    client = SyncClient("http://127.0.0.1:1", token="s3cr3t\n")
    assert client._place.headers["Authorization"] == "Bearer s3cr3t"
    assert "s3cr3t" not in repr(client._place)
