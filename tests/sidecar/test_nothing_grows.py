"""A sidecar keeps nothing of sessions that are over: its memory is as large after many as after a few."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

from accompanist.runtime.answers import Declined
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Delivery
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, few, of

_CONTAINERS = (dict, set, list, deque)
_NOT_OURS = ("tables", "_database", "_world", "_programs", "_tracing", "_workers", "_couriers", "hosting")
"""The log itself, the harness, and what the programs are."""


def sizes(sidecar: Sidecar) -> dict[str, int]:
    """Every container that a part of the sidecar holds, by each way to it."""
    seen: set[int] = set()

    def walk(thing: Any, way: str) -> Iterator[tuple[str, int]]:
        if isinstance(thing, _CONTAINERS):
            yield way, len(thing)  # by each way: which of two is met first may differ from one look to the next
            return
        if id(thing) in seen:
            return
        seen.add(id(thing))
        if type(thing).__module__.startswith(("accompanist.sidecar", "accompanist.log")):
            names = [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]
            for name in names:
                if name not in _NOT_OURS:
                    yield from walk(getattr(thing, name, None), f"{way}.{name}")

    parts = ("driver", "intake", "relay", "flusher", "log")
    return {way: size for part in parts for way, size in walk(getattr(sidecar, part), part)}


async def quiet(services: Services) -> dict[str, dict[str, int]]:
    """What the sidecars hold when nothing is under way, and the inbox has been asked since."""
    async with asyncio.timeout(20):
        for _ in range(2):
            for sidecar in services.sidecars.values():
                driver = sidecar.driver
                while driver._tasks or driver._output._deferred or driver.holding.open_sessions:  # noqa: ASYNC110
                    await asyncio.sleep(0)  # a turn of the loop, not a time
                sidecar.intake.wake()
            for _ in range(50):
                await asyncio.sleep(0)
    return {role: sizes(sidecar) for role, sidecar in services.sidecars.items()}


async def some(services: Services, count: int) -> None:
    """Sagas that settle, sagas that are undone, one that is heard of too late, in turn."""
    for _ in range(count):
        assert (await services.end(await services.start())).outcome == "settled"
        services.workers["c"].answers = [Declined("no")]
        ended = await services.start()
        assert (await services.end(ended)).outcome == "ended"
        late = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"2")
        b = services.sidecars["b"]
        b.driver.clashed(of(late, ended), Delivery.CLASH)
        b.driver.arrive(of(late, ended), known=True)
        b.driver.fire([(ended, "b", "7")])


@pytest.mark.parametrize("apart", [(), ("b",)])
async def test_what_is_over_is_forgotten(apart: tuple[str, ...]) -> None:
    with few("poll_ms", 5), few("measure_s", 1):
        services = Services(sagas.ring(), apart=apart)
        await some(services, 2)
        before = await quiet(services)
        await some(services, 6)
        after = await quiet(services)
    grown = {
        f"{role}: {way}": (before[role].get(way, 0), size)
        for role, ways in after.items()
        for way, size in ways.items()
        if size > before[role].get(way, 0) + 2
    }
    assert not grown
    assert any("residences._live" in way for way in before["a"]), "it looked"


async def test_the_parked_are_counted_as_long_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    services.workers["b"].turns = 3_000
    driver = services.sidecars["b"].driver
    sessions = [await services.start() for _ in range(3)]
    async with asyncio.timeout(20):
        while any(driver.session(session, "b") is None for session in sessions):  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    assert driver.holding.standing()[1] == 0
    for number, session in enumerate(sessions[:2]):
        live = driver.session(session, "b")
        assert live is not None
        driver.carry(live, live.park("ACC206", "by hand"))
        assert driver.holding.standing()[1] == number + 1
    assert sum(driver.holding.standing()[0].values()) == 3
