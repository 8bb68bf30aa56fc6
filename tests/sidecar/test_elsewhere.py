"""A session that another sidecar of the service runs: its start gets there, and its end comes back, by wake-ups. Where
they are lost, polls find both, and it is counted that they were lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from accompanist import limits
from accompanist.background import Background
from accompanist.log.listener import Listener
from accompanist.log.notifier import Notifier
from accompanist.log.wakeups import MISSED, Heard, LastBytes, NewMessages
from tests.log.worlds import PostgresWorld
from tests.postgres import SERVICES, Database
from tests.sidecar.front import Front, Worker
from tests.sidecar.test_own_ids import TEXT

NEVER_MS = 10**9
PATIENCE_MS = 20_000


class Line:
    """What one sidecar says to the others by NOTIFY, and hears of them by LISTEN; nothing while it is `cut`."""

    def __init__(self, database: Database) -> None:
        self._dsn = database.sidecar_dsn("warehouse")
        self._notifier = Notifier.at(self._dsn, SERVICES)
        self.cut = False
        self.front: Front | None = None

    def delivered(self, services: NewMessages) -> None:
        if not self.cut:
            self._notifier.notify(services)

    def ended(self, last_bytes: LastBytes) -> None:
        if not self.cut:
            self._notifier.say_ended("warehouse", last_bytes)

    def _hear(self, heard: Heard) -> None:
        if not self.cut and self.front is not None:
            self.front.hear(heard)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        listener = Listener.at(self._dsn, SERVICES["warehouse"], self._hear)
        ear = Background().keep("listener", listener.run)
        while not listener.listening:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        try:
            yield
        finally:
            ear.cancel()
            await asyncio.gather(ear, return_exceptions=True)
            await self._notifier.close()


class Pair:
    """Two sidecars of one service, each with half of the shards."""

    def __init__(self, fronts: list[Front], lines: list[Line]) -> None:
        self.fronts, self.lines = fronts, lines
        self.first, self.second = fronts

    def cut(self) -> None:
        for line in self.lines:
            line.cut = True

    async def start(self, at: Front, **more: Any) -> dict[str, Any]:
        return await at.ask("session.start", choreography="put_down", arguments={"what": 1}, **more)


@pytest.fixture
async def pair(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    world = PostgresWorld(database)
    monkeypatch.setattr(limits, "lease_renew_ms", 10)
    async with AsyncExitStack() as leave:
        leave.push_async_callback(world.close)
        lines = [Line(database) for _ in range(2)]
        fronts = []
        for line in lines:
            log = await world.sidecar("warehouse", line.delivered, ended=line.ended)
            front = line.front = Front(
                "warehouse", log, tmp_path, Worker({"put": lambda given: 7}), {"Desk": "warehouse"}
            )
            fronts.append(front)
            leave.push_async_callback(front.close)
            await leave.enter_async_context(line.open())
            await front.deploy(TEXT)
        half = limits.shards_count // 2
        while [sum(map(front.driver.holding.holds, IDS)) for front in fronts] != [half, half]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        yield Pair(fronts, lines)


IDS = [UUID(int=number) for number in range(limits.shards_count)]


def no_polls(monkeypatch: pytest.MonkeyPatch, pair: Pair) -> None:
    """From now on nobody looks by itself."""
    monkeypatch.setattr(limits, "lease_renew_ms", NEVER_MS)
    monkeypatch.setattr(limits, "poll_ms", NEVER_MS)
    for front in pair.fronts:
        front.api._poll_s = NEVER_MS / 1000


async def test_a_key_that_another_sidecar_s_session_stands_for_is_answered_by_wake_ups(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_polls(monkeypatch, pair)
    pair.first.worker.answers.clear()
    told = await pair.start(pair.first, key="one")
    assert pair.first.driver.holding.holds(UUID(told["session"]))
    waits = asyncio.create_task(pair.start(pair.second, key="one", wait_ms=PATIENCE_MS))
    early = asyncio.create_task(
        pair.second.ask("session.result", session=told["session"], wait_ms=PATIENCE_MS, early=True)
    )
    while pair.second.waiters.count < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    pair.first.worker.answers.set()
    async with asyncio.timeout(10):
        for answer in (await waits, await early):
            assert (answer["session"], answer["outcome"], answer["result"]) == (told["session"], "settled", 7)
    assert pair.second.waiters.overdue(time.monotonic() + 100) == 0


async def test_a_start_that_another_sidecar_has_to_run_gets_there_and_its_end_comes_back_by_wake_ups(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_polls(monkeypatch, pair)
    monkeypatch.setattr(limits, "id_draws_max", 1)  # so that some id is the other sidecar's
    async with asyncio.timeout(10):
        told = [await pair.start(pair.second, wait_ms=PATIENCE_MS) for _ in range(16)]
    assert {answer["outcome"] for answer in told} == {"settled"}
    owned = [pair.first.driver.holding.holds(UUID(answer["session"])) for answer in told]
    assert any(owned), "the second ran them all: as likely as one of 65,536"


async def test_where_wake_ups_are_lost_the_polls_find_start_and_end_and_count_them(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.cut()
    monkeypatch.setattr(limits, "id_draws_max", 1)
    for front in pair.fronts:
        front.api._poll_s = 0.01
    owned: list[bool] = []
    async with asyncio.timeout(20):
        while not any(owned):
            told = await pair.start(pair.second, wait_ms=PATIENCE_MS)
            assert told["outcome"] == "settled"
            owned.append(pair.first.driver.holding.holds(UUID(told["session"])))
    late = time.monotonic() + limits.wakeup_late_ms / 1000
    assert pair.second.waiters.overdue(late) == 1
    assert pair.second.waiters.overdue(late) == 0, "each is counted once"


async def test_messages_for_the_shards_of_another_sidecar_make_nobody_ask_the_log(pair: Pair) -> None:
    intake = pair.second._intake
    assert intake is not None
    theirs, ours = ([one.bytes[15] for one in IDS if front.driver.holding.holds(one)] for front in pair.fronts)
    intake._woken.clear()
    pair.second.hear(Heard(messages=frozenset(theirs)))
    assert not intake._woken.is_set()
    pair.second.hear(Heard(messages=frozenset([*theirs, ours[0] + 3 * limits.shards_count])))
    assert intake._woken.is_set()


async def test_who_waits_looks_for_ends_of_the_shards_of_another_sidecar_alone(pair: Pair) -> None:
    theirs, ours = (next(filter(front.driver.holding.holds, IDS)) for front in pair.fronts)
    waiters = pair.second.waiters
    with waiters.wait(theirs, early=False) as elsewhere, waiters.wait(ours, early=False) as here:
        pair.second.hear(Heard(ended=frozenset({theirs.bytes[15] ^ 0x40, ours.bytes[15]})))
        assert not elsewhere.is_told and not here.is_told
        pair.second.hear(Heard(ended=frozenset({theirs.bytes[15], ours.bytes[15]})))
        assert elsewhere.is_told and not here.is_told
        pair.second.hear(MISSED)
        assert here.is_told
