"""A session that waits for a place under a limit is seen, and so many waiting ones take no further start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from accompanist.errors import AccompanistError
from accompanist.runtime.answers import Answer, Replied
from accompanist.sidecar.calls.admission import CallLimit
from accompanist.sidecar.calls.attempts import CLOSE
from tests.log.worlds import MemoryWorld, PostgresWorld
from tests.sidecar.front import Front, Worker

TEXT = """
from __future__ import annotations
from accompanist import At, Role, choreography, transaction

class Desk(Role):
    @transaction
    def put(self, number: int) -> int: ...
    @put.compensation
    def unput(self, number: int) -> None: ...

@choreography
def puts(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.put(number)

@choreography
def waits(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.event("more", int)
"""


class Closing(Worker):
    """A worker whose fence closes sessions at once, however long its operations take."""

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        if method == CLOSE:
            return Replied(b'{"closed": true}')
        return await super().call(method, arguments, meta, timeout_ms)


@pytest.fixture(params=["memory", "postgres"])
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Front]:
    in_memory = request.param == "memory"
    world = MemoryWorld() if in_memory else PostgresWorld(request.getfixturevalue("database"))
    worker = Closing({"put": lambda given: given["number"], "unput": lambda given: None})
    made = Front("warehouse", await world.sidecar("warehouse"), tmp_path, worker, {"Desk": "warehouse"})
    made.call_limits = {"put": CallLimit(max_in_flight=1, waiting_max=1)}
    await made.deploy(TEXT)
    worker.answers.clear()
    yield made
    worker.answers.set()
    await made.close()
    await world.close()


async def start(front: Front, choreography: str = "puts", **more: Any) -> str:
    arguments = {"number": 1}
    return str((await front.ask("session.start", choreography=choreography, arguments=arguments, **more))["session"])


async def until_waiting(front: Front, count: int) -> None:
    async with asyncio.timeout(20):
        while front.calls.limits.waiting["put"] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def at_the_worker(front: Front) -> str:
    session = await start(front)
    async with asyncio.timeout(20):
        while not front.worker.done:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return session


async def test_what_waits_is_listed_and_shown(front: Front) -> None:
    first = await at_the_worker(front)
    second = await start(front)
    await until_waiting(front, 1)
    shown = await front.ask("session.get", session=second)
    assert shown["limited"] == [{"role": "desk", "operation": "put"}]
    assert "limited" not in await front.ask("session.get", session=first)
    lines = (await front.ask("session.list"))["sessions"]
    assert {line["waiting"] for line in lines if line["session"] == second} <= {"a place under the limit of put"}
    front.worker.answers.set()
    for session in (first, second):
        assert (await front.ask("session.result", session=session, wait_ms=20_000))["outcome"] == "settled"
    assert front.calls.limits.waited_for == {}


async def test_a_start_is_refused_while_too_many_wait_and_a_repeated_one_is_not(front: Front) -> None:
    await at_the_worker(front)
    second = await start(front, key="second")
    await until_waiting(front, 1)
    for more in ({}, {"key": "third"}, {"volatile": True}):
        with pytest.raises(AccompanistError) as refusal:
            await start(front, **more)
        assert refusal.value.code == "ACC731"
    assert await start(front, key="second") == second
    await start(front, "waits")
    front.worker.answers.set()
    assert (await front.ask("session.result", session=second, wait_ms=20_000))["outcome"] == "settled"
    third = await start(front, key="third")
    assert (await front.ask("session.result", session=third, wait_ms=20_000))["outcome"] == "settled"


async def test_one_that_waits_can_be_cancelled_and_makes_no_call(front: Front) -> None:
    first = await at_the_worker(front)
    second = await start(front)
    await until_waiting(front, 1)
    await front.ask("session.cancel", session=second)
    assert (await front.ask("session.result", session=second, wait_ms=20_000))["outcome"] == "ended"
    front.worker.answers.set()
    assert (await front.ask("session.result", session=first, wait_ms=20_000))["outcome"] == "settled"
    assert [name for name, _ in front.worker.done] == ["put"]
