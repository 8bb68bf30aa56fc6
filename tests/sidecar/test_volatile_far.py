"""A way to a process in another database, by calls: its loss is noticed, and what is said arrives in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.rpc import volatile_peers
from accompanist.runtime.answers import Answer, Fault, Replied
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import VOLATILE, Kind, Message
from accompanist.sidecar.volatile.far_ways import FarWays
from accompanist.sidecar.volatile.held import HeldSession
from accompanist.sidecar.volatile.ways import Way
from accompanist.simulation.clusters.loop import SeededLoop
from tests.runtime import sagas

HEADER = msgspec.structs.replace(sagas.HEADER, mode=VOLATILE)


def message(number: int) -> Message:
    return Message(header=HEADER, kind=Kind.DATA, site=f"2[{number}]", sender="a", receiver="b", payload=b"1")


class Peer:
    """The sidecar of a peer. `delay` gives how long a call takes; `process` is None while it is away."""

    url = "https://peer"

    def __init__(self, delay: Callable[[], float] = lambda: 0.001) -> None:
        self.process: str | None = "p1"
        self.delay = delay
        self.said: list[str | Lost] = []

    async def call(self, method: str, arguments: bytes, about: bytes, timeout_ms: int) -> Answer:
        assert method == volatile_peers.VOLATILE_METHOD
        await asyncio.sleep(self.delay())
        if self.process is None:
            return Fault("nobody listens", silent=True, away=True)
        asked, messages = volatile_peers.read(msgspec.json.decode(arguments, type=dict[str, msgspec.Raw]))
        self.said += [one.site for one in messages]
        self.said += asked.lost
        return Replied(volatile_peers.answer(self.process))


class Listener:
    """Whoever has the sessions."""

    process = "ours"

    def __init__(self) -> None:
        self.lost: list[tuple[str, float]] = []

    def heard(
        self, service: str, process: str, messages: Sequence[Message], lost: Sequence[Lost], *, by_shard: bool = True
    ) -> Sequence[Lost]:
        return ()

    def way_lost(self, way: Way, reason: str) -> None:
        self.lost.append((reason, asyncio.get_running_loop().time()))


def run(work: Callable[[SeededLoop], Coroutine[Any, Any, None]]) -> None:
    loop = SeededLoop(1)
    loop.run_until_complete(loop.outside(work(loop)))
    assert loop.failures == []


@pytest.mark.parametrize(("process", "reason"), [("p2", "another process took its place"), (None, "nobody listens")])
def test_who_only_waits_for_its_initiator_notices_that_it_is_lost(process: str | None, reason: str) -> None:
    async def work(loop: SeededLoop) -> None:
        peer, listener = Peer(), Listener()
        way = await FarWays({"peer": peer}, listener).reach("peer", HEADER.session)
        assert way is not None
        held = HeldSession(HEADER, "peer")
        assert held.use(way)  # and nothing is sent
        await asyncio.sleep(10.0)
        assert listener.lost == []
        peer.process, since = process, loop.time()
        await asyncio.sleep(60.0)
        [(said, at)] = listener.lost
        assert said == reason
        # an attempt that began in time may end a little later
        assert at - since < (limits.volatile_ping_ms + limits.volatile_away_ms + limits.volatile_again_ms) / 1000 + 0.01

    run(work)


def test_nobody_is_asked_once_its_sessions_are_over() -> None:
    async def work(loop: SeededLoop) -> None:
        peer, listener = Peer(), Listener()
        way = await FarWays({"peer": peer}, listener).reach("peer", HEADER.session)
        assert way is not None
        for _ in range(2):
            held = HeldSession(HEADER, "peer")
            assert held.use(way)
            held.drop()
        await asyncio.sleep(10.0)
        peer.process = None
        await asyncio.sleep(60.0)
        assert listener.lost == [] and way.sessions == set()

    run(work)


def test_a_loss_does_not_overtake_messages() -> None:
    """Else they would begin the session anew at a peer that has heard that it is lost."""

    async def work(loop: SeededLoop) -> None:
        slow = iter([0.0, 0.3, *[0.01] * 100])  # the first call finds the way, the next one takes long
        peer = Peer(lambda: next(slow))
        way = await FarWays({"peer": peer}, Listener()).reach("peer", HEADER.session)
        assert way is not None
        lost = [Lost(HEADER.session, "gone"), Lost(UUID(int=1), "gone, too")]
        way.send([message(0)])
        await asyncio.sleep(0.1)
        way.send([message(1)])
        way.tell(lost[0])
        way.tell(lost[1])
        way.send([message(2)])
        await asyncio.sleep(5.0)
        assert [one for one in peer.said if isinstance(one, str)] == ["2[0]", "2[1]", "2[2]"]
        assert [one for one in peer.said if isinstance(one, Lost)] == lost
        assert peer.said.index("2[1]") < peer.said.index(lost[0])

    run(work)
