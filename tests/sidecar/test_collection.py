"""Collection, step by step over the verified fake: what is removed when, and that a fence is told until it has
answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.runtime.answers import Answer, Fault, Missing, Replied
from accompanist.runtime.ports import LogUnavailable, Parked, Phase
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.loops.collection import Collector
from accompanist.sidecar.tracing import Tracing
from accompanist.telemetry.spans import Telemetry
from tests.log.letters import burst, header, result, row
from tests.runtime import sagas
from tests.sidecar.harness import Services, few

AGE_MS, TOMBSTONE_MS = 60_000, 600_000


class Fences:
    """Workers that answer as they are told to."""

    def __init__(self) -> None:
        self.answer = True
        self.told: list[set[UUID]] = []

    async def forget(self, sessions: Sequence[UUID]) -> bool:
        self.told.append(set(sessions))
        return self.answer


class World:
    """One service with sessions that are over, and its collection."""

    def __init__(self) -> None:
        self.now = 0.0
        self.database = MemoryDatabase(["warehouse"], clock=lambda: self.now)
        self.log = MemoryLog(self.database, "warehouse", lease_ms=10**9)
        self.fences = Fences()
        self.collection = self.anew()

    def anew(self) -> Collector:
        """As after a restart."""
        return Collector(self.log, self.fences, collect_after_ms=AGE_MS, tombstone_ms=TOMBSTONE_MS)

    async def over(self, count: int, parked: Parked | None = None) -> set[UUID]:
        await self.log.lease("w", limits.shards_count)
        headers = [header() for _ in range(count)]
        rows = [row(of, phase=Phase.SETTLED, vote="done", outcome="settled", parked=parked) for of in headers]
        await self.log.flush([burst(made.header, session=made, results=(result(made.header),)) for made in rows])
        return {of.session for of in headers}


async def test_all_that_is_old_goes_batch_by_batch_and_then_it_rests() -> None:
    world = World()
    await world.over(5)
    with few("collect_rows_max", 2):
        assert not await world.collection.step()
        world.now += AGE_MS / 1000 + 1
        assert [await world.collection.step() for _ in range(4)] == [True, True, False, False]
    assert (len(world.log.tables.sessions), len(world.log.tables.stubs)) == (0, 5)


async def test_payloads_go_first_where_that_is_asked_for() -> None:
    world = World()

    def anew() -> Collector:
        ages = {"collect_after_ms": AGE_MS, "payload_after_ms": AGE_MS // 10}
        return Collector(world.log, world.fences, **ages, clock=lambda: world.now)

    world.collection = anew()
    for _ in range(5):
        await world.over(1)
        world.now += 0.001
    parked = await world.over(1, parked=Parked("ACC301", "stuck"))
    tables = world.log.tables
    assert len(tables.results) == 6
    with few("collect_rows_max", 2):
        assert not await world.collection.step()
        world.now += AGE_MS / 10_000 + 1
        steps = [await world.collection.step() for _ in range(6)]
    assert steps == [True, True, True, True, False, False]
    assert {key[0] for key in tables.results} == parked and len(tables.sessions) == 6
    [(key, row)] = [(key, row) for key, row in tables.sessions.items() if row.parked is not None]
    tables.sessions[key] = msgspec.structs.replace(row, parked=None)
    tables.over_at[key] = 0.0
    await world.collection.step()
    assert {key[0] for key in tables.results} == parked
    world.now += limits.lighten_anew_ms / 1000
    tables.over_at = dict.fromkeys(tables.over_at, world.now - AGE_MS / 10_000 - 1)
    await world.collection.step()
    assert not tables.results, "what was passed over is found from the beginning"


async def test_a_fence_is_told_until_it_has_heard_and_the_log_until_it_has_heard_that() -> None:
    world = World()
    sessions = await world.over(3)
    world.now += AGE_MS / 1000 + 1
    await world.collection.step()
    assert world.fences.told == []
    world.now += TOMBSTONE_MS / 1000 + 1
    world.fences.answer = False
    await world.collection.step()
    world.fences.answer = True
    await world.collection.step()
    world.collection = world.anew()  # it crashed before the log heard
    await world.collection.step()
    await world.collection.step()
    await world.collection.step()
    assert world.fences.told == [sessions] * 3
    assert not world.log.tables.forgotten and not world.log.tables.stubs


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_log_that_does_not_answer_loses_nothing(when: str) -> None:
    world = World()
    sessions = await world.over(3)
    for age_ms in (AGE_MS, TOMBSTONE_MS):
        world.now += age_ms / 1000 + 1
        world.database.fail(when, times=3)
        for _ in range(6):
            try:
                await world.collection.step()
            except LogUnavailable:
                continue
    assert world.fences.told and set.union(*world.fences.told) == sessions
    assert not world.log.tables.forgotten


@pytest.mark.parametrize(
    ("answers", "heard"),
    [
        ([Replied(b'{"rows":1}'), Replied(b'{"rows":0}')], True),
        ([Replied(b'{"rows":1}'), Missing("accompanist.forget")], True),
        ([Replied(b'{"rows":1}'), Fault("connection refused")], False),
    ],
)
async def test_every_worker_is_asked_and_has_to_answer(answers: list[Answer], heard: bool) -> None:
    class Worker:
        def __init__(self, answer: Answer) -> None:
            self._answer = answer

        async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
            assert method == "accompanist.forget"
            return self._answer

    workers = {str(number): Worker(answer) for number, answer in enumerate(answers)}
    assert await Calls(workers, Tracing(Telemetry(), {})).forget([header().session]) is heard


async def test_sagas_are_collected_at_every_role_while_others_run() -> None:
    with few("collect_pause_ms", 1), few("lease_renew_ms", 5):
        services = Services(sagas.ring(), collect_after_ms=AGE_MS)
        old = [await services.start() for _ in range(10)]
        assert {(await services.end(session)).outcome for session in old} == {"settled"}
        for session in old:
            for role in ("b", "c"):
                await services.row(role, session, Phase.SETTLED)
        services.now += AGE_MS / 1000 + 1
        young = await services.start()
        assert (await services.end(young)).outcome == "settled"
        async with asyncio.timeout(20):
            for role in services.programs:
                tables = services.sidecars[role].log.tables
                while {key[0] for key in tables.stubs} != set(old):  # noqa: ASYNC110
                    await asyncio.sleep(0)  # a turn of the loop, not a time
                assert not {key[0] for key in tables.inbox} & set(old)
                assert not {key[0] for key in tables.results} & set(old)
    for sidecar in services.sidecars.values():
        await sidecar.intake.stop()
