"""Tracks calls that may still be under way at a worker without a fence; compensations wait for them.

A fence refuses late calls. Without one, the only protection is to wait: a compensation begins once no call of its
session and role can be executed any more. A call has ended if

    it was answered                     whatever the answer, and even after its timeout: its connection is kept open,
                                        and the late answer is still awaited
    its connection was lost             and the call's timeout has passed since: a worker may go on for so long with a
                                        call that nobody waits for
    another sidecar made it             and, since the shard was acquired here, that sidecar's lease and the role's
                                        longest timeout have passed: by then it has stopped calling, and its last calls
                                        have ended as if their connections were lost

If a call is still under way after `limits.unended_wait_ms`, the session is parked before anything is sent or undone
(ACC208).

What this asks of a worker without a fence: that it does not begin, nor go on with, a call for longer than its
`timeout_s` once the connection is gone. What is not promised: order where it does (a worker process that is stopped
with calls in its sockets and goes on later), nor where a call takes longer than that while its session goes to another
sidecar, nor where a whole sidecar is stopped between looking at its lease and writing to the socket, for longer than
that lease and `timeout_s`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable
from uuid import UUID

from accompanist import limits
from accompanist.rpc.late import Late, Left
from accompanist.runtime.answers import Answer, Declined, Fault, Replied, RetryLater

Key = tuple[UUID, str]
"""A session, and its role here."""


class WorkerPort(Protocol):
    """A connection to a role's worker; `rpc.client.WorkerClient` is one."""

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer: ...


@runtime_checkable
class Patient(Protocol):
    """A connection that still receives an answer after its caller has timed out."""

    async def call_open(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int, left: Left) -> Answer: ...


class CallAttempts:
    """The attempts of one call. `stopped`: no further attempt may be made."""

    def __init__(self) -> None:
        self.stopped = False
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.late: list[Late] = []
        """Late answers that may still come."""
        self.doubtful = False
        """Whether an attempt that will never be answered may have been executed."""


class _Asked:
    """The calls of one session at one role."""

    def __init__(self) -> None:
        self.calls: dict[CallAttempts, None] = {}
        self.open: set[asyncio.Future[None] | Late] = set()
        self.until = 0.0
        """When calls whose connection was lost have ended, by the loop's clock."""


class Outstanding:
    """The calls of one sidecar that may not have ended. `sleep` is injected."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._asked: dict[Key, _Asked] = {}

    def __len__(self) -> int:
        return len(self._asked)

    @contextmanager
    def asking(self, key: Key) -> Iterator[CallAttempts]:
        """Register a call while its attempts are made."""
        asked, attempts = self._asked.setdefault(key, _Asked()), CallAttempts()
        asked.calls[attempts] = None
        try:
            yield attempts
        finally:
            del asked.calls[attempts]
            attempts.over.set_result(None)
            self._tidy(key)

    async def attempt(
        self,
        key: Key,
        attempts: CallAttempts,
        worker: WorkerPort,
        method: str,
        arguments: bytes,
        meta: bytes,
        timeout_ms: int,
    ) -> Answer:
        """Make one attempt, and track it until it has ended."""
        asked = self._asked[key]
        here: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asked.open.add(here)
        answer: Answer | None = None
        late_before = len(attempts.late)

        def left(late: Late | None) -> None:
            if late is None:
                self._lost(key, timeout_ms)
                return
            attempts.late.append(late)
            asked.open.add(late)
            late.add_done_callback(lambda _: self._ended_late(key, late, timeout_ms))

        try:
            if isinstance(worker, Patient):
                answer = await worker.call_open(method, arguments, meta, timeout_ms, left)
            else:
                answer = await worker.call(method, arguments, meta, timeout_ms)
        finally:
            if not isinstance(worker, Patient) and (answer is None or _lost(answer)):
                self._lost(key, timeout_ms)
            asked.open.discard(here)
            here.set_result(None)
        attempts.doubtful |= isinstance(answer, Fault) and not answer.away and len(attempts.late) == late_before
        return answer

    async def decided(self, attempts: CallAttempts, answer: Answer) -> Answer:
        """The meaning of a decline after other attempts: a late reply of one of them wins; if the outcome of one is
        unknown, so is the call's."""
        if attempts.late:
            await asyncio.wait(attempts.late, timeout=limits.unended_wait_ms / 1000)
        for late in attempts.late:
            told = _of(late)
            if isinstance(told, Replied):
                return told
            if not isinstance(told, Declined | RetryLater):
                attempts.doubtful = True
        return Fault("it was declined, and an earlier call of it gave no answer") if attempts.doubtful else answer

    async def ended(self, key: Key, *, ask_on: bool, until: float) -> bool:
        """Wait until no call of a session at a role can be executed any more; False if that takes too long. `ask_on`:
        calls under way may go on with their attempts. `until`: when all calls of a former owner have ended."""
        asked = self._asked.get(key)
        if asked is not None:
            if ask_on and asked.calls:
                overs = [attempts.over for attempts in asked.calls]
                await asyncio.wait(overs, timeout=limits.unended_wait_ms / 1000)
            for attempts in asked.calls:
                attempts.stopped = True
            if not await self._answered(asked):
                return False
            until = max(until, asked.until)
        wait_s = until - asyncio.get_running_loop().time()
        if wait_s > 0:
            await self._sleep(wait_s)
        return True

    async def _answered(self, asked: _Asked) -> bool:
        """Wait until no call is open; False if that takes too long. A call that timed out is still open."""
        loop = asyncio.get_running_loop()
        until = loop.time() + limits.unended_wait_ms / 1000
        while asked.open:
            done, _ = await asyncio.wait(set(asked.open), timeout=until - loop.time())
            if not done:
                return False
        return True

    def _ended_late(self, key: Key, late: Late, timeout_ms: int) -> None:
        if (asked := self._asked.get(key)) is not None:
            asked.open.discard(late)
        told = _of(late)
        if told is None or _lost(told):
            self._lost(key, timeout_ms)
        self._tidy(key)

    def _lost(self, key: Key, timeout_ms: int) -> None:
        loop = asyncio.get_running_loop()
        asked = self._asked.setdefault(key, _Asked())
        asked.until = max(asked.until, loop.time() + timeout_ms / 1000)
        loop.call_at(asked.until + 0.01, self._tidy, key)  # a loop's timers may be early by its clock's resolution

    def _tidy(self, key: Key) -> None:
        """Drop the entry once all its calls have ended."""
        asked = self._asked.get(key)
        over = asked is not None and asked.until <= asyncio.get_running_loop().time()
        if asked is not None and over and not asked.calls and not asked.open:
            del self._asked[key]


def _lost(answer: Answer) -> bool:
    """Whether a call may still be under way although its connection is lost: the worker may have read it."""
    return isinstance(answer, Fault) and answer.silent and not answer.away


def _of(late: Late) -> Answer | None:
    """The late answer; None if there is none."""
    if not late.done() or late.cancelled() or late.exception() is not None:
        return None
    return late.result()
