"""What a process does in the background: nothing of it ends unheard.

A task that nobody awaits ends silently when it raises: the process lives, says that it is well, and something in it is
not done any more. So every such task is begun here, or stands on the list of `tests/house/test_background.py` with the
reason why it cannot end unheard.

    repeat   a step and a pause, for ever. A step that fails is done again after a back-off. What the `away` errors say
             (the log does not answer) is no failure of the step.
    keep     work that has no end by itself. When it ends or raises it is begun again after a back-off.

They are begun again and do not end the process: each is a loop over what is in the tables, so that a new turn finds all
that the last one left, and the process may have other work that goes well. What must end the process says so by itself.

`failing` names the tasks that do not go well now, with the reason. It is told of, in the log, once when a task begins
to fail and once when it is well again; so is a log that does not answer, once for all the tasks that ask it.

Not promised: that a step which waits for ever is noticed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.background")


class Background:
    """The background of one process, or of one part of it. `away`: errors that say that the log does not answer.
    `sleep` takes seconds, `jitter` is below 1; `failed` is told of each failure, by the task's name."""

    def __init__(
        self,
        away: tuple[type[Exception], ...] = (),
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        failed: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._away = away
        self._sleep = sleep
        self._jitter = jitter
        self._clock = clock
        self._failed = failed
        self._without_log: set[str] = set()
        """Tasks that the log did not answer when they last asked."""
        self._down_since = 0.0
        self.failing: dict[str, str] = {}

    def repeat(
        self, name: str, work: Callable[[], Awaitable[object]], pause: Callable[[], Awaitable[object]]
    ) -> asyncio.Task[None]:
        """Do the work, pause, and so on until the task is cancelled."""

        async def turn() -> None:
            await work()
            self._well(name)
            await pause()

        return asyncio.create_task(self._repeat(name, turn), name=name)

    def keep(self, name: str, work: Callable[[], Coroutine[Any, Any, object]]) -> asyncio.Task[None]:
        """Do the work, which is not to end, until the task is cancelled."""

        async def turn() -> None:
            # well again when it has run for as long as the longest back-off
            well = asyncio.get_running_loop().call_later(limits.backoff_cap_ms / 1000, self._well, name)
            try:
                await work()
            finally:
                well.cancel()
            raise EndedEarly(name)

        return asyncio.create_task(self._repeat(name, turn), name=name)

    async def _repeat(self, name: str, turn: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                await turn()
            except self._away as problem:
                end_if_cancelled()
                self._not_answered(name, problem)
                await self._sleep(limits.backoff_first_ms * 4 / 1000)
            except asyncio.CancelledError as problem:
                end_if_cancelled()
                failures = await self._again(name, problem, failures)  # something inside was cancelled, not this task
            except Exception as problem:
                end_if_cancelled()
                failures = await self._again(name, problem, failures)
            else:
                failures = 0

    async def _again(self, name: str, problem: BaseException, failures: int) -> int:
        """The count of failures in a row, when it is time to begin again."""
        failures = failures + 1 if name in self.failing else 1
        self._failed(name)
        if name not in self.failing:
            logger.error("task.failed", task=name, problem=type(problem).__name__, exc_info=problem)
        self.failing[name] = type(problem).__name__
        doublings = min(failures, limits.backoff_cap_ms.bit_length())
        full_ms = min(limits.backoff_cap_ms, limits.backoff_first_ms << doublings)
        await self._sleep(full_ms * (0.5 + self._jitter() / 2) / 1000)
        return failures

    def _not_answered(self, name: str, problem: Exception) -> None:
        if not self._without_log:
            self._down_since = self._clock()
            logger.warning("log.unavailable", problem=str(problem))
        self._without_log.add(name)

    def _well(self, name: str) -> None:
        if self.failing.pop(name, None) is not None:
            logger.info("task.well", task=name)
        if name in self._without_log:
            self._without_log.discard(name)
            if not self._without_log:
                logger.info("log.available", duration_s=round(self._clock() - self._down_since, 1))


class EndedEarly(Exception):
    """Work that was not to end has ended."""


def end_if_cancelled() -> None:
    """Whatever was raised in place of a cancellation of this task: it is to end. Raises CancelledError."""
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise asyncio.CancelledError
