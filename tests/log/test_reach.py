"""An error that the driver raises while a task is cancelled does not keep the task alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import pytest

from accompanist.background import Background
from accompanist.log.connection import reach
from accompanist.runtime.ports import LogUnavailable


async def lost() -> None:
    """As the driver does where the line is lost: the cancellation becomes a failure of the connection."""
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        raise asyncpg.InterfaceError("the connection is closed") from None


async def asks_for_ever(begun: asyncio.Event) -> None:
    while True:
        try:
            async with reach():
                begun.set()
                await lost()
        except LogUnavailable:
            await asyncio.sleep(0)


async def works_for_ever(begun: asyncio.Event) -> None:
    async def work() -> None:
        begun.set()
        await lost()

    await Background(away=(asyncpg.InterfaceError,)).repeat("work", work, lambda: asyncio.sleep(0))


@pytest.mark.parametrize("for_ever", [asks_for_ever, works_for_ever])
async def test_a_cancelled_task_ends_whatever_was_raised_in_place_of_its_cancellation(
    for_ever: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
) -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(for_ever(begun))
    await begun.wait()
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    assert task.cancelled()


async def test_a_time_limit_around_it_is_a_time_limit() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), reach():
            await lost()
