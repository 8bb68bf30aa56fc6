"""What is under way for sessions is heard when it fails, and is no failure when it is ended with the sidecar."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from accompanist.sidecar.news import Key
from accompanist.sidecar.tasks import Tasks


async def test_what_is_stopped_with_the_sidecar_has_damaged_nothing() -> None:
    damaged: list[Key] = []
    tasks = Tasks(lambda key, problem: damaged.append(key))

    async def forever() -> None:
        await asyncio.Event().wait()

    async def cancelled() -> None:
        raise asyncio.CancelledError

    key, other = (uuid4(), "a"), (uuid4(), "a")
    tasks.spawn([key], forever())
    tasks.spawn([other], cancelled())
    await tasks.drain(0.01)
    for _ in range(5):
        await asyncio.sleep(0)
    assert damaged == [other], "what was cancelled before nobody goes on with"
