"""The group commit: bursts that wait at the same time share one flush.

State. A queue, and one task while it is not empty. While a flush is in flight, further commits queue up. The next flush
takes them, at most `flush_bursts_max` of them or `flush_bytes_max` of payload. A session's commits are flushed in the
order they were handed in. Sessions take turns, and a large commit is split between the others (`log.commit_queue`).

Failures.
- `LogUnavailable`: the same group is retried with back-off for as long as it takes, and its callers wait. A flush is
  idempotent. If the log is too slow for the group, it is retried in halves.
  A flush that was given up may be carried out late, after others. So every write of a session row has a turn, and the
  log never overwrites a later one. Turns are counted here, so a process may only use one flusher per log.
- `LeaseLost`: the commits of the lost shards fail with it; the rest of the group is flushed again. A commit carries the
  epoch under which it was decided, so one from before a shard was lost and acquired again fails, too.
- Anything else (a value that no column takes): each commit is written alone, so that only the one at fault fails. With
  it fail all later commits of the same life of its session, because they depend on it.

Not promised: that a commit did not happen if its caller was cancelled, or if it waited when the flusher was closed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from accompanist.log.commit_queue import CommitQueue, QueuedCommit
from accompanist.runtime.backoff import RETRIABLE, delay_ms
from accompanist.runtime.dependent_commits import PredecessorRefused
from accompanist.runtime.log import CommitPort
from accompanist.runtime.ports import Commit, Delivery, LeaseLost, LogSlow, LogUnavailable


class FencedCommitPort(CommitPort, Protocol):
    """A log that knows the epochs it holds."""

    def epoch(self, shard: int) -> int | None: ...


class Flusher:
    """Collects commits and flushes them in groups. `sleep` takes seconds; `jitter` returns a number in [0, 1) for the
    back-off; `flushed` is called with the seconds and the number of bursts of each flush."""

    def __init__(
        self,
        log: FencedCommitPort,
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
        self._queue = CommitQueue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._turn = 0
        self._standing_since: float | None = None
        """Since when commits wait without an answer from the log; None if none waits."""

    def stands_for_s(self) -> float:
        """For how many seconds commits have waited while none succeeded."""
        return 0.0 if self._standing_since is None else self._clock() - self._standing_since

    async def commit(self, commit: Commit) -> Sequence[Delivery]:
        """Wait until the commit is on disk. Returns the delivery of each of its messages, then of its home. Raises
        LeaseLost if its shard is not held any more, LogUnavailable if the flusher is closed, PredecessorRefused if an
        earlier commit of its life was refused."""
        if self._closed:
            raise LogUnavailable("closed")
        if commit.shard is not None and commit.epoch is None:
            # only the caller knows under which epoch it decided: the present epoch may be a later one
            raise LeaseLost([commit.shard])
        if commit.life is not None and commit.life.refused:
            raise PredecessorRefused
        if commit.session is not None:
            # numbered here and not in the flush, because a retried flush is the same write
            self._turn += 1
            commit = msgspec.structs.replace(commit, turn=self._turn)
        waiting = QueuedCommit(commit, asyncio.get_running_loop().create_future())
        self._queue.add(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await waiting.answer

    async def close(self) -> None:
        """Stop at once; waiting callers get LogUnavailable."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._fail(list(self._queue), LogUnavailable("closed"))
        self._queue.clear()

    async def _run(self) -> None:
        """Flush until the queue is empty. It starts after the present turn of the event loop, so the first flush has
        all commits of that turn."""
        self._standing_since = self._clock()
        try:
            while self._queue:
                group = self._queue.next_group()
                try:
                    await self._flush(group)
                except asyncio.CancelledError:
                    self._fail(group, LogUnavailable("closed"))
                    raise
                except Exception as problem:  # callers are always answered, and the next group goes on
                    self._fail(group, problem)
        finally:
            self._task = None
            self._standing_since = None

    async def _flush(self, group: list[QueuedCommit]) -> None:
        failures = 0
        while group := self._refuse_stale(group):
            began = self._clock()
            try:
                answers = await self._log.flush([waiting.commit for waiting in group])
            except LogUnavailable as problem:
                failures += 1
                await self._sleep(self._pause(failures))
                if isinstance(problem, LogSlow) and len(group) > 1:
                    # the same group would be too slow again: halve it
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
                        self._queue.put_back(waiting)
                return

    async def _take_apart(self, group: list[QueuedCommit], problem: Exception) -> None:
        """Write each commit alone, to find the one that cannot be written."""
        if len(group) == 1:
            self._fail(group, problem)
            return
        for waiting in group:
            await self._flush([waiting])

    def _refuse_stale(self, group: list[QueuedCommit]) -> list[QueuedCommit]:
        """Fail commits that became stale in the queue: their shard was lost, or acquired again under another epoch, or
        an earlier commit that they depend on was refused."""
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

    def _refuse_lost(self, group: list[QueuedCommit], lost: LeaseLost) -> list[QueuedCommit]:
        kept = [waiting for waiting in group if waiting.commit.shard not in lost.shards]
        if len(kept) == len(group):  # none of the lost shards is in this group: a retry would never end
            kept = []
        self._fail([waiting for waiting in group if waiting.commit.shard in lost.shards or not kept], lost)
        return kept

    def _fail(self, group: Sequence[QueuedCommit], problem: Exception) -> None:
        for waiting in group:
            waiting.fail(problem)

    def _pause(self, failures: int) -> float:
        return (delay_ms(failures, RETRIABLE, self._jitter()) or 0) / 1000
