"""A bound on every wait in a test: a wait that never ends fails, and names what it waited for.

A test that looks again in each turn of the loop would never end if its condition never holds. The bound is around each
coroutine as a whole, and is far above what any of them takes on a busy machine. `hanging` ends tests that let no turn
of the loop pass.
"""

from __future__ import annotations

import asyncio
import functools
import linecache
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

SECONDS = 120.0


def bounded(test: Callable[..., Awaitable[None]], seconds: float = SECONDS) -> Callable[..., Awaitable[None]]:
    """The test, which fails when it is not over within that time."""

    @functools.wraps(test)
    async def run(*given: Any, **named: Any) -> None:
        task = asyncio.ensure_future(test(*given, **named))
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
            waits = [] if done else list(_waits(task))
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)
        if waits or not done:
            pytest.fail(f"it still waits after {seconds:g} s:\n" + "\n".join(waits), pytrace=False)
        await task

    return run


def _waits(task: asyncio.Future[None]) -> Iterator[str]:
    """Where a task waits, outermost first: the line, and the one before it, which says until when."""
    inside = task.get_coro() if isinstance(task, asyncio.Task) else None
    while inside is not None:
        frame = getattr(inside, "cr_frame", None)
        if frame is not None:
            file, line = frame.f_code.co_filename, frame.f_lineno
            text = " ".join(linecache.getline(file, number).strip() for number in (line - 1, line))
            yield f"{file}:{line} in {frame.f_code.co_name}: {text}"
        inside = getattr(inside, "cr_await", None)
