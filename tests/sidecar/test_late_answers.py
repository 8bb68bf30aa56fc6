"""An answer of the log that comes late is not used as if it were current.

Found by the simulation: the log's answer about a session was true when it was asked for, and arrived after a sweep, or
another owner, had taken the session further.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Phase
from accompanist.runtime.state import CLASH
from accompanist.sidecar.sessions.residence import Residence
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, few, of

NEVER = 10**9


class Held:
    """A method of the log: `wanted` picks the calls whose answers are kept until they are let go."""

    def __init__(self, method: Callable[..., Awaitable[Any]], wanted: Callable[[Any], bool]) -> None:
        self._method, self._wanted = method, wanted
        self.kept = asyncio.Event()
        self.let_go = asyncio.Event()
        self.calls = 0

    async def __call__(self, *given: Any, **named: Any) -> Any:
        self.calls += 1
        answer = await self._method(*given, **named)
        if not self.kept.is_set() and self._wanted(given[0] if given and isinstance(given[0], list) else answer):
            self.kept.set()
            await self.let_go.wait()
        return answer


async def nothing_under_way(sidecar: Sidecar) -> None:
    async with asyncio.timeout(20):
        while sidecar.driver._tasks or sidecar.driver.holding.residences.keys(Residence.LOADING):  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time


async def begun(services: Services) -> Sidecar:
    """The sidecar of a, which holds its shards."""
    await services.end(await services.start())
    return services.sidecars["a"]


async def test_the_inbox_had_no_session_that_is_over_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    a = await begun(services)
    held = Held(a.log.take, lambda taken: any(entry.message.site == "!start" for entry in taken))
    monkeypatch.setattr(a.log, "take", held)
    session = await services.start()
    await held.kept.wait()
    # while the inbox stands still, sweeps take in what comes from others, too
    while not services.rows[session].done():
        await a.driver.recover([(session, "a")])
        await asyncio.sleep(0)
    calls, asked = held.calls, services.workers["a"].calls.count("do")
    held.let_go.set()
    while held.calls == calls:  # noqa: ASYNC110
        await asyncio.sleep(0)  # until what was kept has been taken in, and the inbox is asked again
    await nothing_under_way(a)
    assert a.driver.session(session, "a") is None
    assert services.workers["a"].calls.count("do") == asked, "it would have run again, and ended again"


async def test_a_start_was_stored_that_is_over_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    a = await begun(services)
    session = uuid4()
    services.rows[session] = asyncio.get_running_loop().create_future()

    def of_the_start(commits: Sequence[Commit]) -> bool:
        return any(message.site == "!start" for commit in commits for message in commit.home)

    held = Held(a.log.flush, of_the_start)
    monkeypatch.setattr(a.log, "flush", held)
    handed_in = asyncio.create_task(a.driver.hand_in(of(sagas.start(), session)))
    await held.kept.wait()
    # the flusher waits for the answer: another sidecar goes on with the session, and its shard comes back
    services.now += limits.lease_ms / 1000 + 1
    other = services.add("a")
    assert (await services.end(session)).outcome == "settled"
    await other.intake.stop()
    await other.intake.release()
    await a.intake._renew()
    await nothing_under_way(a)
    held.let_go.set()
    assert await handed_in is Delivery.STORED
    await nothing_under_way(a)
    assert a.driver.session(session, "a") is None


async def test_a_session_was_read_before_its_shard_was_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    services.workers["b"].turns = NEVER
    a = services.sidecars["a"]
    session = await services.start()
    await services.row("a", session, Phase.RUNNING)
    shards = {shard: a.log.epoch(shard) or 0 for shard in range(limits.shards_count)}
    a.driver.holding.hold({})
    a.driver.holding.hold(shards)
    held = Held(a.log.load, lambda keys: True)
    monkeypatch.setattr(a.log, "load", held)
    recovering = asyncio.create_task(a.driver.recover([(session, "a")]))
    await held.kept.wait()
    a.driver.holding.hold({})
    a.driver.holding.hold(shards)  # another owner may have taken it further in between
    held.let_go.set()
    await recovering
    assert held.calls == 2
    assert a.driver.session(session, "a") is not None


async def test_a_session_was_read_before_it_ended_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep reads it although it is in memory, and the answer comes when it has settled and left."""
    services = Services(sagas.ring())
    a = await begun(services)
    services.workers["b"].turns = 200
    session = await services.start()
    await services.row("a", session, Phase.RUNNING)
    asked = services.workers["a"].calls.count("do")
    held = Held(a.log.load, lambda keys: True)
    monkeypatch.setattr(a.log, "load", held)
    recovering = asyncio.create_task(a.driver.recover([(session, "a")]))
    await held.kept.wait()
    assert (await services.end(session)).outcome == "settled"
    while a.driver.session(session, "a") is not None:  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time
    held.let_go.set()
    await recovering
    await nothing_under_way(a)
    assert a.driver.session(session, "a") is None
    assert services.workers["a"].calls.count("do") == asked


async def test_a_session_that_is_over_does_not_leave_memory_as_an_open_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It had left while its last row was being written, and was counted as waiting in the log for ever."""
    services = Services(sagas.ring())
    b = services.sidecars["b"]

    def settled(commits: Sequence[Commit]) -> bool:
        return any(commit.session is not None and commit.session.outcome is not None for commit in commits)

    held = Held(b.log.flush, settled)
    monkeypatch.setattr(b.log, "flush", held)
    await services.end(await services.start())
    await held.kept.wait()
    with few("sessions_in_memory_max", 1):
        others = [await services.start() for _ in range(4)]
        async with asyncio.timeout(5):  # the one that is over is among them
            while b.driver.holding.open_sessions < 5:  # noqa: ASYNC110
                await asyncio.sleep(0)  # a turn of the loop, not a time
        held.let_go.set()
        for session in others:
            await services.end(session)
            await services.row("b", session, Phase.SETTLED)
    await nothing_under_way(b)
    assert not b.driver.holding.residences.keys(Residence.EVICTED)


async def test_what_left_memory_goes_with_its_shard() -> None:
    services = Services(sagas.ring())
    services.workers["b"].turns = NEVER
    a = services.sidecars["a"]
    with few("sessions_in_memory_max", 10):
        first = of(sagas.start(), uuid4())
        header = msgspec.structs.replace(first.header, deadline=4_000_000_000.0)
        await services.post(msgspec.structs.replace(first, header=header))
        await services.row("a", header.session, Phase.RUNNING)
        while a.driver.session(header.session, "a") is not None:
            await services.start()
    assert a.driver.holding.residences.keys(Residence.EVICTED)
    a.driver.holding.hold({})
    assert not a.driver.holding.residences.keys(Residence.EVICTED)


async def test_a_clash_that_comes_while_a_session_is_loaded_is_heard_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is of no inbox: who does not hear it now never does."""
    services = Services(sagas.ring())
    services.workers["b"].turns = NEVER
    a = services.sidecars["a"]
    session = await services.start()
    await services.row("a", session, Phase.RUNNING)
    live = a.driver.session(session, "a")
    assert live is not None
    a.driver.holding.drop(live)
    sent = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    held = Held(a.log.load, lambda keys: True)
    monkeypatch.setattr(a.log, "load", held)
    recovering = asyncio.create_task(a.driver.recover([(session, "a")]))
    await held.kept.wait()
    a.driver.clashed(of(sent, session), Delivery.CLASH)
    held.let_go.set()
    await recovering
    again = a.driver.session(session, "a")
    assert again is not None and again.row.parked is not None
    assert again.row.parked.code == CLASH
