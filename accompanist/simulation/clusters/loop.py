"""A seeded event loop, with simulated processes that can crash and pause.

The loop is asyncio's own with two things taken away. Time: it stands still while anything is ready, then jumps to
the next timer. The outside: there is no selector, so nothing happens that the program did not arrange. What is left
is a function of the seed.

asyncio promises an order to what was made ready one after another, and programs rely on it; it promises none to timers
that are due together, nor to answers of different connections. So the seed shuffles what becomes due in one jump,
and whoever plays the network draws its delays from the seed.

A `Process` is everything that runs in a context of its own: its tasks, their callbacks, their timers. Killed, it never
runs again, from the very instruction: no `finally`, no `except`, as after SIGKILL. Stopped, all that becomes ready
for it is kept, in order, until it goes on, as after SIGSTOP.

Not promised: an end. A world in which nothing is ready and no timer is set raises `Stuck`, and so does one in which
something is ready for ever, so that time stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import random
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context, ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_turns_max = 100_000
"""Turns of the loop at one time; a turn of waiting for others takes one."""
_PROCESS: ContextVar[Process] = ContextVar("process")


class Stuck(Exception):
    """Nothing is left to happen and somebody still waits, or something goes round and time stands still."""


class Process:
    """What dies and stops as one."""

    def __init__(self, loop: SeededLoop, name: str) -> None:
        self._loop = loop
        self.name = name
        self.alive = True
        self.stopped = False
        self._context = Context()
        self._context.run(_PROCESS.set, self)
        self._held: list[asyncio.Handle] = []
        self._kept: list[object] = []
        """Tasks, lest the garbage collector ends what only stands still."""

    def run(self, function: Callable[..., T], *given: Any) -> T:
        """Run a function here, now: what it starts belongs to this process."""
        return self._context.copy().run(function, *given)

    def soon(self, function: Callable[..., object], *given: Any) -> None:
        """Run a function here, when its turn comes."""
        if self.alive:
            self._loop.call_soon(function, *given, context=self._context.copy())

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(work, context=self._context.copy())
        self._kept.append(task)
        return task

    def kill(self) -> None:
        """Nothing of it runs from now on. Called from inside, the caller must not go on: `await for_ever()`."""
        self.alive = False
        self._held.clear()

    def stop(self) -> None:
        self.stopped = True

    def go_on(self) -> None:
        self.stopped = False
        held, self._held = self._held, []
        self._loop.put(held)

    def admits(self, handle: asyncio.Handle) -> bool:
        """Whether a handle may run now; one that may later is kept."""
        if self.alive and self.stopped:
            self._held.append(handle)
        return self.alive and not self.stopped


class SeededLoop(asyncio.BaseEventLoop):
    """The loop. `failures`: what no one caught."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(f"{seed}/loop")
        self._now = 0.0
        self.failures: list[str] = []
        self.steps = 0
        self._turns = 0
        """Since time moved."""
        self.set_exception_handler(self._failed)

    def time(self) -> float:
        return self._now

    def later(self, seconds: float, function: Callable[..., object], *given: Any) -> asyncio.TimerHandle:
        """Call a function of the world's: no process it is called from can take it along when it dies."""
        return self.call_later(seconds, function, *given, context=Context())

    def outside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of the world's."""
        return self.create_task(work, context=Context())

    def put(self, handles: list[asyncio.Handle]) -> None:
        self._ready.extend(handles)  # type: ignore[attr-defined]

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """There are no threads: it is done at once."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as problem:
            done.set_exception(problem)
        return done

    def end(self) -> None:
        """Let go of everything that still waits, without a word."""
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            with contextlib.suppress(Exception):
                task.get_coro().close()
        self.close()

    def _run_once(self) -> None:
        """One turn, in place of asyncio's that asks a selector."""
        ready: Any = self._ready  # type: ignore[attr-defined]
        if not ready:
            ready.extend(self._due())
        self._turns += 1
        if self._turns > _turns_max:
            raise Stuck(f"time stands still at {self._now:.4f} s, after {_turns_max} turns: {_named(ready)}")
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(_PROCESS)
            if process is None or process.admits(handle):
                self.steps += 1
                handle._run()

    def _due(self) -> list[asyncio.TimerHandle]:
        """Jump to the next timer of anyone alive; all that are due then, in an order of the seed's."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        due: list[asyncio.TimerHandle] = []
        while scheduled and (not due or scheduled[0].when() <= self._now):
            handle: Any = heapq.heappop(scheduled)
            handle._scheduled = False
            process = handle._context.get(_PROCESS)
            if handle.cancelled() or (process is not None and not process.alive):
                continue
            if not due:
                self._turns = self._turns if handle.when() <= self._now else 0
                self._now = max(self._now, handle.when())
            due.append(handle)
        if not due:
            raise Stuck("nothing is left to happen")
        if len(due) > 1:
            self._chance.shuffle(due)
        return due

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        problem = context.get("exception")
        if not str(context.get("message", "")).startswith("Task was destroyed"):
            self.failures.append(f"{context.get('message')}: {problem!r}")

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody else runs who could have to be woken."""


def _named(handles: Iterable[asyncio.Handle]) -> str:
    """What goes round, by the places where tasks wait."""
    tasks = (getattr(handle._callback, "__self__", None) for handle in handles)  # type: ignore[attr-defined]
    frames = [frame for task in tasks if isinstance(task, asyncio.Task) for frame in task.get_stack()[-1:]]
    places = {f"{frame.f_code.co_qualname} at {frame.f_code.co_filename}:{frame.f_lineno}" for frame in frames}
    return ", ".join(sorted(places)[:5]) or "no task"


def current() -> Process | None:
    """The process that runs now; None: the world."""
    return _PROCESS.get(None)


async def for_ever() -> None:
    """Where the rest of a dead process waits."""
    await asyncio.get_running_loop().create_future()
