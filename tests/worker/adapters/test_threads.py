"""A blocking connection in its thread: what is left of it when its caller was stopped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from accompanist.worker.adapters.threads import CallThreads, ThreadedConnection
from accompanist.worker.port import Isolation, Work

WAITING_S = 20.0


class Recording:
    """A blocking connection that notes what it was asked, and where."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.go_on = threading.Event()

    def open(self) -> None:
        self._note("open")

    def begin(self, isolation: Isolation, readonly: bool) -> None:
        self._note("begin")

    def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        self._note("statement")
        return values

    def perform(self, work: Work) -> Any:
        self._note("perform")
        return work(self)

    def commit(self) -> None:
        self._note("commit")

    def rollback(self) -> None:
        self._note("rollback")

    def release(self, *, spoilt: bool) -> None:
        self._note(f"release {spoilt}")

    def _note(self, what: str) -> None:
        self.asked.append(what)
        self.threads.add(threading.get_ident())


async def test_all_of_a_call_is_done_in_one_thread_which_serves_the_next_call_too() -> None:
    threads, inner = CallThreads("test"), Recording()
    for _ in range(2):
        connection = ThreadedConnection(threads, inner)
        await connection.open()
        await connection.begin("read committed", False)
        assert await connection.statement("SELECT $1", [7]) == [7]
        assert await connection.perform(lambda tx: 8) == 8
        await connection.commit()
        await connection.release(spoilt=False)
    assert inner.asked == ["open", "begin", "statement", "perform", "commit", "release False"] * 2
    assert len(inner.threads) == 1 and threading.get_ident() not in inner.threads
    await threads.end(lambda: None)


async def test_what_raises_in_the_thread_raises_here() -> None:
    connection = ThreadedConnection(CallThreads("test"), Recording())

    def fails(tx: Any) -> None:
        raise KeyError("here")

    def stops(tx: Any) -> None:
        raise StopIteration

    for work, kind in ((fails, KeyError), (stops, RuntimeError)):
        with pytest.raises(kind):
            await connection.perform(work)


@pytest.mark.parametrize("ends_first", [True, False])
async def test_who_was_stopped_leaves_a_connection_that_is_rolled_back_and_closed(ends_first: bool) -> None:
    """Also if the operation has ended in the thread before the connection is given back."""
    inner, entered = Recording(), asyncio.Event()
    connection = ThreadedConnection(CallThreads("test"), inner)
    loop = asyncio.get_running_loop()

    def waits(tx: Any) -> None:
        loop.call_soon_threadsafe(entered.set)
        inner.go_on.wait(WAITING_S)

    asked = asyncio.create_task(connection.perform(waits))
    await entered.wait()
    assert not connection.is_busy()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    if ends_first:
        inner.go_on.set()
        await connection._thread.ask(lambda: None)
    assert connection.is_busy()
    loop.call_soon(inner.go_on.set)
    await connection.release(spoilt=False)
    assert inner.asked == ["perform", "rollback", "release True"]
