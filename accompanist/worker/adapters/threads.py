"""Threads for blocking drivers: a connection, and the operation on it, stays in one thread for the length of a call.

The event loop decides what comes next in a call: BEGIN, the fence, the operation, COMMIT. So a call that was cancelled
while its operation ran in a thread is never committed: the COMMIT is not sent. The operation itself cannot be stopped.
It runs to its end, then the thread rolls back, gives the connection back, and is free for another call.

Not promised: that a process waits for its threads when it ends. They are daemons, and Postgres rolls back what they had
open.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from accompanist.worker.adapters.connection import BlockingConnection
from accompanist.worker.port import Isolation, Work


class CallThread:
    """One thread, which carries out functions in order."""

    def __init__(self, name: str) -> None:
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def ask(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> asyncio.Future[Any]:
        """Have a function carried out, in the caller's context. The future has its result, or what it raised. Nobody
        need look at it, and cancelling it does not stop the function."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Any] = loop.create_future()
        told.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be left to look at it
        context = contextvars.copy_context()

        def carry_out() -> None:
            result: Any = None
            problem: BaseException | None = None
            try:
                result = context.run(function, *arguments, **named)
            except BaseException as raised:
                problem = RuntimeError("a generator stopped") if isinstance(raised, StopIteration) else raised
            with suppress(RuntimeError):  # the loop has ended, and who waited with it
                loop.call_soon_threadsafe(_tell, told, result, problem)

        self._asked.put(carry_out)
        return told

    def end(self) -> None:
        """End the thread, once it has done what it was asked."""
        self._asked.put(None)

    def _serve(self) -> None:
        while (carry_out := self._asked.get()) is not None:
            carry_out()


def _tell(told: asyncio.Future[Any], result: Any, problem: BaseException | None) -> None:
    if told.done():
        return
    if problem is not None:
        told.set_exception(problem)
    else:
        told.set_result(result)


class CallThreads:
    """The threads of one worker. There are as many as calls were under way at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: list[CallThread] = []
        self._count = 0

    def take(self) -> CallThread:
        """A thread that does nothing else; a new one if all are at work. The caller bounds how many it takes."""
        if self._idle:
            return self._idle.pop()
        self._count += 1
        return CallThread(f"{self._name} {self._count}")

    def give_back(self, thread: CallThread) -> None:
        """Take a thread back that has done what it was asked."""
        self._idle.append(thread)

    async def end(self, last: Callable[[], None]) -> None:
        """End the idle threads, each after `last`. Those at work end with the process."""
        idle, self._idle = self._idle, []
        for thread in idle:
            await thread.ask(last)
            thread.end()


class ThreadedConnection:
    """`DriverConnection` on a blocking one, in a thread of its own."""

    def __init__(self, threads: CallThreads, inner: BlockingConnection) -> None:
        self._threads = threads
        self._inner = inner
        self._thread = threads.take()
        self._stopped = False

    async def open(self) -> None:
        await self._ask(self._inner.open)

    async def begin(self, isolation: Isolation, readonly: bool) -> None:
        await self._ask(self._inner.begin, isolation, readonly)

    async def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        row: Sequence[Any] | None = await self._ask(self._inner.statement, query, values)
        return row

    async def perform(self, work: Work) -> Any:
        return await self._ask(self._inner.perform, work)

    async def commit(self) -> None:
        await self._ask(self._inner.commit)

    async def status_of(self, transaction: str) -> str | None:
        found: str | None = await self._ask(self._inner.status_of, transaction)
        return found

    async def rollback(self) -> None:
        await self._ask(self._inner.rollback)

    async def release(self, *, spoilt: bool) -> None:
        try:
            if self._stopped:
                spoilt = True
                with suppress(Exception):
                    await asyncio.shield(self._thread.ask(self._inner.rollback))
            await asyncio.shield(self._thread.ask(self._inner.release, spoilt=spoilt))
        finally:
            self._threads.give_back(self._thread)

    def is_busy(self) -> bool:
        return self._stopped  # also when the thread has ended it meanwhile: nobody has heard how

    async def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        told = self._thread.ask(function, *arguments)
        try:
            return await asyncio.shield(told)
        except asyncio.CancelledError:
            self._stopped = True
            raise
