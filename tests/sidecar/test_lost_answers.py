"""The log did what was requested, and its answer was lost: what was committed still has its effect.

These are the schedules with which a reviewer broke the first version: each left an accepted session unfinished.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.answers import Answer, Replied
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import LogUnavailable, Phase
from accompanist.sidecar.calls import attempts as calls
from tests.runtime import sagas
from tests.sidecar.harness import Services, few, of

NEVER = 10**9


def loses_one(method: Callable[..., Awaitable[Any]], problem: type[Exception] = LogUnavailable) -> Callable[..., Any]:
    """The same method, whose first answer never arrives."""
    lost = [True]

    async def call(*args: Any, **named: Any) -> Any:
        answer = await method(*args, **named)
        if lost:
            lost.clear()
            raise problem("the answer was lost")
        return answer

    return call


async def replaced(services: Services, count: int) -> list[Any]:
    """Sessions that wait for a's worker, whose sidecar then dies; the lease has run out."""
    services.workers["a"].turns = NEVER
    sessions = [await services.start() for _ in range(count)]
    while services.sidecars["a"].driver.holding.open_sessions < count:  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time
    await services.sidecars["a"].intake.stop()
    services.workers["a"].turns = 0
    services.now += limits.lease_ms / 1000 + 1
    return sessions


async def test_the_answer_that_gave_us_the_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    with few("lease_renew_ms", 5), few("backoff_first_ms", 1):
        services = Services(sagas.ring())
        sessions = await replaced(services, 5)
        new = services.add("a")
        monkeypatch.setattr(new.log, "lease", loses_one(new.log.lease))
        assert {(await services.end(session)).outcome for session in sessions} == {"settled"}


async def test_the_answer_of_a_load_in_a_sweep_failed_unexpectedly(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    sessions = await replaced(services, 5)
    new = services.add("a")
    monkeypatch.setattr(new.log, "load", loses_one(new.log.load, RuntimeError))
    assert {(await services.end(session)).outcome for session in sessions} == {"settled"}


async def test_the_answer_that_a_start_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    a = services.sidecars["a"]
    await services.end(await services.start())  # the shards are held
    session = uuid4()
    services.rows[session] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(a.log, "flush", loses_one(a.log.flush))
    await a.driver.hand_in(of(sagas.start(), session))
    assert (await services.end(session)).outcome == "settled"


async def test_the_answer_that_a_cancel_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    services.workers["b"].turns = NEVER
    a = services.sidecars["a"]
    session = await services.start()
    await services.row("a", session, Phase.RUNNING)
    monkeypatch.setattr(a.log, "flush", loses_one(a.log.flush))
    await a.driver.hand_in(of(control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "no more"), session))
    while (found := a.driver.session(session, "a")) is not None and not found.row.reason:  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time
    assert found is not None and found.row.reason == "cancelled: no more"


async def test_a_deadline_reaches_a_session_that_left_memory() -> None:
    services = Services(sagas.ring())
    services.workers["b"].turns = NEVER
    a = services.sidecars["a"]
    with few("sessions_in_memory_max", 10):
        first = of(sagas.start(), uuid4())
        header = msgspec.structs.replace(first.header, deadline=time.time() + 0.5)
        await services.post(msgspec.structs.replace(first, header=header))
        await services.row("a", header.session, Phase.RUNNING)
        while a.driver.session(header.session, "a") is not None:
            await services.start()
        services.now += 1
        row = await services.row("a", header.session, Phase.UNDONE)
    assert row.reason == "deadline"


async def test_a_finished_session_leaves_its_deadline_behind() -> None:
    services = Services(sagas.ring())
    start = of(sagas.start(), uuid4())
    header = msgspec.structs.replace(start.header, deadline=time.time() + 3600)
    services.rows[header.session] = asyncio.get_running_loop().create_future()
    await services.post(msgspec.structs.replace(start, header=header))
    await services.end(header.session)
    [timer] = await services.sidecars["a"].log.timers(header.session)
    assert timer.operation == "deadline"
    services.now += 3_601
    assert (await services.sidecars["a"].log.due(10)).timers == ()
    assert await services.sidecars["a"].log.timers() == []


async def test_a_worker_that_will_not_close_is_asked_at_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot keep a door open that nobody asked it to keep open; the answer is nonsense and is waited out."""
    services = Services(sagas.ring(), "last")
    waits: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 5:
            enough.set()
        await asyncio.sleep(0)

    async def call(method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        if method == calls.CLOSE:
            return Replied(b'{"closed":false,"reply":null}')
        return await real(method, arguments, meta, timeout_ms)

    real = services.workers["c"].call
    monkeypatch.setattr(services.workers["c"], "call", call)
    monkeypatch.setattr(services.sidecars["c"].driver.asking._calls, "_sleep", sleep)
    await services.start()
    await asyncio.wait_for(enough.wait(), 20)
    assert set(waits) == {limits.backoff_cap_ms / 1000}


async def test_a_commit_that_no_log_takes_costs_its_own_session_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was left in memory, ahead of its log, for ever."""
    services = Services(sagas.ring())
    sidecar = services.sidecars["b"]
    refused: list[object] = []
    flush = sidecar.log.flush

    async def chokes(commits: Any) -> Any:
        for commit in commits:
            if commit.session is not None and commit.session.header.session in refused:
                raise ValueError("a value that no column takes")
        return await flush(commits)

    monkeypatch.setattr(sidecar.log, "flush", chokes)
    first = await services.start()
    refused.append(first)
    second = await services.start()
    assert (await services.end(second)).outcome == "settled"
    while sidecar.driver.session(first, "b") is not None:  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time
    assert not sidecar.driver.holding.take_lost(), "it would be taken up again at once, and again"
    refused.clear()
    await sidecar.driver.recover([(first, "b")])
    assert (await services.end(first)).outcome == "settled"
