"""A simulated run that does not end says so, and names what it waits for."""

from __future__ import annotations

import asyncio

import pytest

from accompanist.simulation.clusters.loop import SeededLoop, Stuck


def test_what_goes_round_while_time_stands_still_is_named() -> None:
    async def goes_round() -> None:
        while True:  # noqa: ASYNC110 (a wait for something that never is)
            await asyncio.sleep(0)

    loop = SeededLoop(0)
    with pytest.raises(Stuck, match=r"time stands still at 0\.0000 s.*goes_round at .*test_loop\.py"):
        loop.run_until_complete(goes_round())
    loop.end()


def test_what_waits_for_nothing_that_comes_is_stuck() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    loop = SeededLoop(0)
    with pytest.raises(Stuck, match="nothing is left to happen"):
        loop.run_until_complete(waits())
    loop.end()


def test_what_takes_its_turns_as_time_goes_on_is_not_stuck() -> None:
    async def takes_turns() -> None:
        for _ in range(300):
            for _ in range(500):
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)

    loop = SeededLoop(0)
    loop.run_until_complete(takes_turns())
    loop.end()
