"""Background tasks of sessions: protected from garbage collection, with their failures handled.

If a task raises, only the sessions that it works for are affected: `damaged` is called for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from accompanist.sidecar.sessions.freshness import Key

logger = structlog.get_logger("accompanist.driver")


class Tasks:
    """The tasks under way, in the order they began, so that a simulation is reproducible."""

    def __init__(self, damaged: Callable[[Key, BaseException], None]) -> None:
        self._damaged = damaged
        self._tasks: dict[asyncio.Task[None], Sequence[Key]] = {}
        self._unwanted: set[asyncio.Task[None]] = set()
        self._ending = False
        self._over = False

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, keys: Sequence[Key], work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task for these sessions."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = keys
        task.add_done_callback(self._done)
        return task

    def stop(self, task: asyncio.Task[None]) -> None:
        """Cancel a task that is not needed any more."""
        self._unwanted.add(task)
        task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        keys = self._tasks.pop(task, ())
        if task in self._unwanted:
            self._unwanted.discard(task)
            return
        if self._over:
            return
        if task.cancelled():  # by us, or by a cancelled part of it: nothing would go on with its work
            problem: BaseException | None = None if self._ending else asyncio.CancelledError()
        else:
            problem = task.exception()
        if problem is None:
            return
        logger.error("driver.task_failed", problem=type(problem).__name__, exc_info=problem)
        for key in keys:
            self._damaged(key, problem)

    def end(self) -> None:
        """The process is about to end: ignore how its tasks end."""
        self._over = True

    async def drain(self, seconds: float) -> None:
        """Let tasks finish within so many seconds, then cancel them."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        self._ending = True
        for task in list(self._tasks):
            task.cancel()
