"""Links over real unix sockets: who is believed, what is handed over, and what is left to be notified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.log.inbox import Stored
from accompanist.log.links import Link, proof
from accompanist.rpc import link as frames
from accompanist.rpc.framing import frame
from accompanist.rpc.stream import Connection
from accompanist.runtime.messages import Kind, Message, shard_of
from accompanist.runtime.ports import LogUnavailable
from accompanist.sidecar.links.receiving import LinkServer
from accompanist.sidecar.links.sending import Links
from tests.runtime import sagas

KEY = b"k" * 32


def message(shard: int, payload: bytes = b"1") -> Message:
    header = msgspec.structs.replace(sagas.HEADER, session=UUID(int=(4 << 76) | shard))
    made = Message(header=header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=payload)
    assert shard_of(made.session, limits.shards_count) == shard
    return made


def text(length: int) -> bytes:
    return b'"' + b"x" * (length - 2) + b'"'


def services(left: Stored) -> set[str]:
    return {service for service, _ in left}


class Directory:
    """What the peers' logs say of their links."""

    def __init__(self, told: list[Link]) -> None:
        self.told = told
        self.asked = 0
        self.away = False

    async def of(self, service: str) -> Sequence[Link]:
        self.asked += 1
        if self.away:
            raise LogUnavailable("away")
        return self.told


class Receiver:
    """A sidecar of `b` that takes what it is handed. `elsewhere`: shards that it says it does not hold."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[Message]]] = []
        self.elsewhere: list[int] = []

    def take(self, service: str, messages: Sequence[Message], early: bool) -> Sequence[int]:
        self.heard.append((service, list(messages)))
        return self.elsewhere


class Pair:
    """The links of `a`, and a sidecar of `b`."""

    def __init__(self, links: Links, server: LinkServer, receiver: Receiver, directory: Directory) -> None:
        self.links, self.server, self.receiver, self.directory = links, server, receiver, directory
        self.now = 0.0

    async def linked(self) -> None:
        """Until there is a link."""
        assert services(self.links.hand([("b", message(3))])) == {"b"}
        await until(lambda: self.links.open == 1)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time


@asynccontextmanager
async def pair(folder: Path, shown: bytes | None = None, shards: Sequence[int] = (3, 4)) -> AsyncIterator[Pair]:
    path = str(folder / "b.sock")
    receiver = Receiver()
    server = await LinkServer.start(path, KEY, receiver.take)
    told = Link("b/1", path, proof(KEY, "a") if shown is None else shown, frozenset(shards))
    directory = Directory([told])
    made = Pair.__new__(Pair)
    links = Links("a", ["a", "b"], directory, clock=lambda: made.now)
    made.__init__(links, server, receiver, directory)  # type: ignore[misc]
    try:
        yield made
    finally:
        await links.close()
        await server.stop()


async def test_messages_go_over_the_link_once_there_is_one(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.linked()
        first, second = message(3, b'"\xc3\xa4"'), message(4)
        assert services(both.links.hand([("b", first), ("b", second)])) == set()
        await until(lambda: sum(len(one) for _, one in both.receiver.heard) == 2)
        assert {service for service, _ in both.receiver.heard} == {"a"}
        assert [one for _, group in both.receiver.heard for one in group] == [first, second]
        assert both.directory.asked == 1


async def test_a_shard_without_a_link_is_notified(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.linked()
        assert services(both.links.hand([("b", message(5)), ("c", message(3)), ("a", message(3))])) == {"a", "b", "c"}
        assert both.receiver.heard == []


async def test_what_is_large_is_notified_and_what_is_beside_it_goes_over_the_link(tmp_path: Path) -> None:
    """The receiver's log has it already, and to confirm it costs as much as to take it from there."""
    largest = text(limits.handed_bytes_max)
    large = text(limits.handed_bytes_max + 1)
    async with pair(tmp_path) as both:
        await both.linked()
        next(iter(both.links._peers["b"].links.values())).takes_early = True
        both.links.hand_early([("b", message(3, large))])
        assert both.links.hand([("b", message(3, large)), ("b", message(3, largest))]) == [("b", message(3, large))]
        await until(lambda: both.receiver.heard)
        assert [one for _, group in both.receiver.heard for one in group] == [message(3, largest)]


async def test_where_the_sidecar_says_that_another_holds_the_shard_the_log_is_asked_anew(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.linked()
        both.receiver.elsewhere = [3]
        both.links.hand([("b", message(3))])
        await until(lambda: services(both.links.hand([("b", message(3))])) == {"b"})
        assert services(both.links.hand([("b", message(4))])) == set(), "only that shard"
        assert both.directory.asked == 1, "not again so soon"
        both.now += limits.link_look_ms / 1000
        both.receiver.elsewhere = []
        both.links.hand([("b", message(3))])
        await until(lambda: services(both.links.hand([("b", message(3))])) == set())
        assert both.directory.asked == 2


async def test_a_caller_without_the_proof_is_closed(tmp_path: Path) -> None:
    async with pair(tmp_path, shown=proof(KEY, "c")) as both:
        both.links.hand([("b", message(3))])
        await until(lambda: both.directory.asked == 1)
        await until(lambda: not both.server._callers and not both.links._peers["b"].links)
        assert both.links.open == 0 and both.receiver.heard == []
        assert services(both.links.hand([("b", message(3))])) == {"b"}


@pytest.mark.parametrize(
    "said",
    [
        [b'{"messages":[]}'],
        [b"x" * (limits.hello_bytes_max + 1)],
        [frames.hello("a", proof(KEY, "a")), b"[]"],
        [frames.hello("a", proof(KEY, "a")), frames.hello("a", proof(KEY, "a"))],
        [frames.hello("a", proof(KEY, "a")), b" " * (limits.message_bytes_max + 1)],
    ],
)
async def test_whoever_says_what_cannot_be_read_is_disconnected(tmp_path: Path, said: list[bytes]) -> None:
    async with pair(tmp_path) as both:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "b.sock"))
        for body in said:
            writer.write(frame(body))
        async with asyncio.timeout(20):
            try:
                while await reader.read(1 << 16):
                    pass
            except ConnectionResetError:
                pass
        writer.close()
        assert both.receiver.heard == [] and not both.server._callers


async def test_a_link_that_is_lost_is_looked_for_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.linked()
        [caller] = both.server._callers
        caller.abort()
        await until(lambda: both.links.open == 0)
        assert services(both.links.hand([("b", message(3))])) == {"b"}
        both.now += limits.link_look_ms / 1000
        await both.linked()


async def test_a_sidecar_that_the_log_names_no_more_is_left(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.linked()
        both.directory.told = []
        both.now += limits.link_look_ms / 1000
        both.links.hand([("b", message(5))])
        await until(lambda: both.links.open == 0)
        assert services(both.links.hand([("b", message(3))])) == {"b"}


async def test_an_address_where_nobody_listens_and_a_log_that_does_not_answer(tmp_path: Path) -> None:
    directory = Directory([Link("b/1", str(tmp_path / "nobody.sock"), b"", frozenset({3}))])
    now = 0.0
    links = Links("a", ["b"], directory, clock=lambda: now)
    for away in (False, True):
        directory.away = away
        asked = directory.asked
        assert services(links.hand([("b", message(3))])) == {"b"}
        await until(lambda: links._peers["b"].looks is None and directory.asked == asked + 1)  # noqa: B023
        links.hand([("b", message(3))])
        now += limits.link_look_ms / 1000
        links.hand([("b", message(3))])
        assert links._peers["b"].looks is None, "a way that was not there is looked for less often"
        now += limits.link_look_cap_ms / 1000
    await links.close()


async def test_a_peer_that_does_not_read_is_notified_instead(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.linked()
        [caller] = both.server._callers
        caller.pause_reading()
        large = message(3, text(limits.handed_bytes_max))
        handed = 0
        while services(both.links.hand([("b", large)])) == set():
            handed += 1
            await asyncio.sleep(0)
            assert handed < 100
        assert handed
        caller.resume_reading()
        await until(lambda: services(both.links.hand([("b", message(3))])) == set())


async def test_the_number_of_callers_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "links_max", 0)
    async with pair(tmp_path) as both:
        both.links.hand([("b", message(3))])
        await until(lambda: both.directory.asked == 1 and not both.links._peers["b"].links)
        assert both.links.open == 0


async def test_nothing_is_handed_over_any_more_once_they_are_closed(tmp_path: Path) -> None:
    """The links of a sidecar that leaves are closed before its last commits."""
    async with pair(tmp_path) as both:
        await both.linked()
        await both.links.close()
        assert services(both.links.hand([("b", message(3))])) == {"b"}


async def test_one_that_stands_still_is_left_once_its_lease_has_expired(tmp_path: Path) -> None:
    """It takes in what is written to it, and nobody is notified: its log names it no more."""
    async with pair(tmp_path) as both:
        await both.linked()
        both.directory.told = []
        assert services(both.links.hand([("b", message(3))])) == set()
        assert both.directory.asked == 1
        both.now += limits.lease_ms / 1000
        assert services(both.links.hand([("b", message(3))])) == set()
        await until(lambda: both.links.open == 0)
        assert services(both.links.hand([("b", message(3))])) == {"b"}


async def test_one_that_cannot_be_reached_is_not_asked_for_each_second_beside_one_that_can(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        both.directory.told.append(Link("b/2", str(tmp_path / "nobody.sock"), b"", frozenset({5})))
        tried: list[str] = []
        connect = both.links._connect

        async def noted(address: str, protocol: Callable[[], Connection]) -> Connection:
            tried.append(address)
            return await connect(address, protocol)

        both.links._connect = noted
        await both.linked()
        await until(lambda: both.links._peers["b"].looks is None)
        for _ in range(3):
            both.now += limits.link_look_ms / 1000
            asked = both.directory.asked
            both.links.hand([("b", message(5))])
            await until(lambda: both.directory.asked == asked + 1 and both.links._peers["b"].looks is None)  # noqa: B023
        assert len(tried) == 2, "each once"
        both.now += limits.link_look_cap_ms / 1000
        both.links.hand([("b", message(5))])
        await until(lambda: len(tried) == 3)
