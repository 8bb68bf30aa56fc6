"""Calls wait for a place at their worker, and what waits has made no attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from accompanist.errors import OperatorError
from accompanist.limits import shards_count
from accompanist.rpc import meta as rpc_meta
from accompanist.runtime.answers import Answer, Fault, Replied
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.calls.admission import CallLimit
from accompanist.sidecar.calls.attempts import Asker, Calls
from accompanist.sidecar.tracing import Tracing
from accompanist.simulation.clusters.loop import SeededLoop
from accompanist.telemetry.spans import Telemetry
from tests.log.letters import header

SECOND = 1.0


class Slow:
    """A worker that takes a second for each call. Who came when, and how many are there at once."""

    def __init__(self) -> None:
        self.came: list[tuple[float, str, int]] = []
        self.answers: list[Answer] = []
        self.now, self.most = 0, 0

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        if method.startswith("accompanist."):
            return Replied(b'{"closed": true}')
        loop = asyncio.get_running_loop()
        self.came.append((loop.time(), method, rpc_meta.read(meta).attempt or 0))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(SECOND)
        finally:
            self.now -= 1
        return self.answers.pop(0) if self.answers else Replied(b"null")


class Desk:
    """One sidecar's calls to one slow worker."""

    def __init__(self, **limits: CallLimit) -> None:
        self.worker = Slow()
        given = {"*" if name == "every" else name: limit for name, limit in limits.items()}
        self.calls = Calls({"A": self.worker}, Tracing(Telemetry(), {}), chance=lambda: 0.0, call_limits=given)
        self.calls.limits.share(shards_count, 1)
        self.tasks: list[asyncio.Task[Any]] = []

    def ask(self, operation: str = "charge", *, asker: Asker | None = None, **more: Any) -> asyncio.Task[Any]:
        call = CallWorker("1", more.pop("kind", ResultKind.FORWARD), operation, b"{}", **more)
        of = header(UUID(int=len(self.tasks)))
        asked = self.calls.ask(of, "a", "A", call, {}, asker or Asker())
        self.tasks.append(asyncio.get_running_loop().create_task(asked))
        return self.tasks[-1]

    async def all(self) -> list[Any]:
        return await asyncio.gather(*self.tasks)

    @property
    def came(self) -> list[tuple[float, str]]:
        return [(round(at, 6), method) for at, method, _ in self.worker.came]


def timed(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test on a loop whose time passes at once."""
    loop = SeededLoop(1)
    loop.run_until_complete(test())
    assert loop.failures == []
    loop.close()


def test_no_more_are_at_the_worker_than_may_be_at_once() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=2))
        for _ in range(5):
            desk.ask()
        desk.ask("other")
        await asyncio.sleep(SECOND / 2)
        assert dict(desk.calls.limits.waiting) == {"charge": 3}
        assert set(desk.calls.limits.waited_for.values()) == {"charge"}
        assert desk.calls.in_flight == 3
        await desk.all()
        assert [at for at, name in desk.came if name == "charge"] == [0.0, 0.0, 1.0, 1.0, 2.0]
        assert dict(desk.calls.limits.waiting) == {"charge": 0}
        assert desk.calls.limits.waited_for == {}

    timed(test)


def test_no_more_begin_in_a_second_than_may() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(per_second=2))
        for _ in range(4):
            desk.ask()
        await desk.all()
        assert [at for at, _ in desk.came] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=1e-3)

    timed(test)


def test_waiting_costs_no_attempt_and_no_time_out() -> None:
    """It would be given up after two attempts, and after two seconds if its time-out ran."""

    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=1))
        for _ in range(20):
            desk.ask()
        await desk.all()
        assert [attempt for *_, attempt in desk.worker.came] == [1] * 20

    timed(test)


def test_a_call_that_is_retried_leaves_its_place_between_its_attempts() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=1))
        desk.worker.answers = [Fault("out of order")]
        desk.ask()
        desk.ask()
        await desk.all()
        assert [attempt for *_, attempt in desk.worker.came] == [1, 1, 2]

    timed(test)


@pytest.mark.parametrize(
    ("first", "about"),
    [
        ("uncharge", {"kind": ResultKind.COMPENSATE}),
        ("award", {"endless": True}),
        ("ship", {"asker": Asker(pivot=True)}),
    ],
)
def test_what_ends_a_session_that_has_begun_goes_first(first: str, about: dict[str, Any]) -> None:
    async def test() -> None:
        desk = Desk(every=CallLimit(max_in_flight=1))
        for _ in range(3):
            desk.ask()
        await asyncio.sleep(SECOND / 2)
        desk.ask(first, **about)
        await desk.all()
        assert [name for _, name in desk.came] == ["charge", first, "charge", "charge"]

    timed(test)


def test_a_close_waits_for_no_place() -> None:
    async def test() -> None:
        desk = Desk(every=CallLimit(max_in_flight=1))
        desk.ask()
        await asyncio.sleep(SECOND / 2)
        await desk.calls.close(header(), "a", "A", CloseWorker(), {})
        assert asyncio.get_running_loop().time() == SECOND / 2
        await desk.all()

    timed(test)


def test_a_call_under_two_limits_keeps_both() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=1), every=CallLimit(max_in_flight=2))
        for _ in range(3):
            desk.ask()
            desk.ask("award")
        await asyncio.sleep(SECOND / 2)
        assert desk.worker.now == 2
        await desk.all()
        assert desk.worker.most == 2
        charged = [at for at, name in desk.came if name == "charge"]
        assert charged == sorted(set(charged))

    timed(test)


def test_who_is_stopped_while_it_waits_takes_no_place() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=1))
        running, waiting, last = desk.ask(), desk.ask(), desk.ask()
        await asyncio.sleep(SECOND / 2)
        waiting.cancel()
        await asyncio.gather(running, waiting, last, return_exceptions=True)
        assert [at for at, _ in desk.came] == [0.0, 1.0]
        assert desk.calls.limits.waited_for == {}
        desk.tasks.clear()
        again, beside = desk.ask(), desk.ask()
        await asyncio.sleep(SECOND / 2)
        again.cancel()  # it has a place, which it leaves
        await asyncio.gather(again, beside, return_exceptions=True)
        assert [at for at, _ in desk.came] == [0.0, 1.0, 2.0, 2.5]

    timed(test)


def test_who_gets_a_place_and_is_stopped_in_the_same_turn_leaves_it() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=1))
        running, waiting = desk.ask(), desk.ask()
        await asyncio.sleep(SECOND / 2)
        running.cancel()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        await desk.ask()
        assert [at for at, _ in desk.came] == [0.0, 0.5]

    timed(test)


def test_a_call_that_nobody_wants_any_more_when_its_place_comes_is_not_made() -> None:
    async def test() -> None:
        desk, wanted = Desk(charge=CallLimit(max_in_flight=1)), [True]
        desk.ask()
        unwanted = desk.ask(asker=Asker(wanted=lambda: wanted[0]))
        await asyncio.sleep(SECOND / 2)
        wanted[0] = False
        assert await unwanted is None
        await desk.all()
        assert len(desk.came) == 1

    timed(test)


def test_a_larger_share_lets_the_next_go_at_once() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=4))
        desk.calls.limits.share(0, 2)
        for _ in range(4):
            desk.ask()
        await asyncio.sleep(SECOND / 2)
        assert desk.worker.now == 1
        desk.calls.limits.share(shards_count, 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await desk.all()
        assert [at for at, _ in desk.came] == [0.0, 0.5, 0.5, 0.5]

    timed(test)


def test_there_is_no_room_while_as_many_wait_as_may() -> None:
    async def test() -> None:
        desk = Desk(charge=CallLimit(max_in_flight=1, waiting_max=2))
        for _ in range(3):
            desk.calls.limits.check_room("A", ["charge", "award"])
            desk.ask()
            await asyncio.sleep(0)
        with pytest.raises(OperatorError) as refusal:
            desk.calls.limits.check_room("A", ["charge", "award"])
        assert refusal.value.code == "ACC731"
        desk.calls.limits.check_room("A", ["award"])
        desk.calls.limits.check_room("B", ["charge"])
        await desk.all()
        desk.calls.limits.check_room("A", ["charge"])

    timed(test)
