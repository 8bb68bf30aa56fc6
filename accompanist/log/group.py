"""The group commit: bursts that wait at the same time share one flush.

State. A queue, and one task while there is anything in it. While a flush is in flight the others gather; the next
flush takes them, at most `flush_bursts_max` of them or `flush_bytes_max` of payload. A session's commits are flushed in
the order they were handed in; sessions take turns, and a heavy commit goes in parts between the others (`log.queue`).

Failures.
- `LogUnavailable`: the same group is tried again with back-off for as long as it takes; those who wait just wait.
  Everything in a flush may be done twice. One that the log is too slow for is tried again in halves.
  One that was given up may be carried out late, after others: every session row has its turn, and the log writes none
  over a later one. Turns are counted here, so that a process has one flusher for a log, not two in turn.
- `LeaseLost`: the commits of the lost shards fail with it, the rest of the group is flushed again. A commit brings the
  epoch that it was decided under: one that was decided before a shard was lost and won back fails too.
- Anything else (a value that no column takes): the group is taken apart, so that the commit at fault fails, and with it
  what the same life of its session has handed in since: that builds upon it.

Not promised: that a commit whose caller was cancelled, or that waited when the flusher was closed, did not happen.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from accompanist.log.queue import Queue, Waiting
from accompanist.runtime.backoff import RETRIABLE, delay_ms
from accompanist.runtime.life import PredecessorRefused
from accompanist.runtime.ports import Commit, Delivery, LeaseLost, Log, LogSlow, LogUnavailable


class Fenced(Log, Protocol):
    """A log that knows the epochs it holds."""

    def epoch(self, shard: int) -> int | None: ...


class Flusher:
    """`sleep` takes seconds; `jitter` a number below 1 for the back-off; `flushed` is told how long each flush took
    and of how many bursts it was."""

    def __init__(
        self,
        log: Fenced,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        flushed: Callable[[float, int], None] = lambda seconds, bursts: None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._flushed = flushed
        self._sleep = sleep
        self._jitter = jitter
        self._queue = Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._turn = 0
        self._standing_since: float | None = None
        """Since when what waits here has had no answer of the log; None: nothing waits."""

    def stands_for_s(self) -> float:
        """For how long something has waited to be committed while nothing was."""
        return 0.0 if self._standing_since is None else self._clock() - self._standing_since

    async def commit(self, commit: Commit) -> Sequence[Delivery]:
        """Return when the commit is on disk: the delivery of each of its messages, then of its home. Raises LeaseLost
        when its shard is not held any more, LogUnavailable when the flusher is closed."""
        if self._closed:
            raise LogUnavailable("closed")
        if commit.shard is not None and commit.epoch is None:
            # only whoever decided knows: the epoch of this turn of the loop may be a later one
            raise LeaseLost([commit.shard])
        if commit.life is not None and commit.life.refused:
            raise PredecessorRefused
        if commit.session is not None:
            # not when it is flushed: what is flushed again is the same write
            self._turn += 1
            commit = msgspec.structs.replace(commit, turn=self._turn)
        waiting = Waiting(commit, asyncio.get_running_loop().create_future())
        self._queue.add(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await waiting.answer

    async def close(self) -> None:
        """Stop, whatever is in flight; those who wait get LogUnavailable."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._fail(list(self._queue), LogUnavailable("closed"))
        self._queue.clear()

    async def _run(self) -> None:
        """Until nothing waits. Started by a commit, it sees all that were handed in in the same turn of the loop."""
        self._standing_since = self._clock()
        try:
            while self._queue:
                group = self._queue.gather()
                try:
                    await self._flush(group)
                except asyncio.CancelledError:
                    self._fail(group, LogUnavailable("closed"))
                    raise
                except Exception as problem:  # whoever waits is answered whatever happens, and the next group goes on
                    self._fail(group, problem)
        finally:
            self._task = None
            self._standing_since = None

    async def _flush(self, group: list[Waiting]) -> None:
        failures = 0
        while group := self._refuse_stale(group):
            began = self._clock()
            try:
                answers = await self._log.flush([waiting.commit for waiting in group])
            except LogUnavailable as problem:
                failures += 1
                await self._sleep(self._pause(failures))
                if isinstance(problem, LogSlow) and len(group) > 1:
                    # asked for as much again, the log would be as slow again
                    await self._flush(group[: len(group) // 2])
                    group = group[len(group) // 2 :]
            except LeaseLost as lost:
                self._standing_since = self._clock()
                group = self._refuse_lost(group, lost)
            except Exception as problem:
                self._standing_since = self._clock()
                await self._take_apart(group, problem)
                return
            else:
                self._standing_since = self._clock()
                self._flushed(self._clock() - began, len(group))
                for waiting, answer in zip(group, answers, strict=True):
                    if not waiting.written(answer):
                        self._queue.back(waiting)
                return

    async def _take_apart(self, group: list[Waiting], problem: Exception) -> None:
        """One of them cannot be written: find it by writing each alone."""
        if len(group) == 1:
            self._fail(group, problem)
            return
        for waiting in group:
            await self._flush([waiting])

    def _refuse_stale(self, group: list[Waiting]) -> list[Waiting]:
        """A lease may be lost, and won back, while a commit waits here; and one that it builds upon may be refused."""
        good = []
        for waiting in group:
            shard = waiting.commit.shard
            if waiting.life is not None and waiting.life.refused:
                self._fail([waiting], PredecessorRefused())
            elif shard is None or waiting.commit.epoch == self._log.epoch(shard):
                good.append(waiting)
            else:
                self._fail([waiting], LeaseLost([shard]))
        return good

    def _refuse_lost(self, group: list[Waiting], lost: LeaseLost) -> list[Waiting]:
        kept = [waiting for waiting in group if waiting.commit.shard not in lost.shards]
        if len(kept) == len(group):  # refused for shards that nobody here wrote for: it would be asked for ever
            kept = []
        self._fail([waiting for waiting in group if waiting.commit.shard in lost.shards or not kept], lost)
        return kept

    def _fail(self, group: Sequence[Waiting], problem: Exception) -> None:
        for waiting in group:
            waiting.fail(problem)

    def _pause(self, failures: int) -> float:
        return (delay_ms(failures, RETRIABLE, self._jitter()) or 0) / 1000
