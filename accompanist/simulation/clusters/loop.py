"""A seeded event loop, with simulated processes that can crash and pause.

The loop is asyncio's own, without a real clock and without input. Time does not pass while anything is ready; then it
jumps to the next timer. There is no selector, so only what the program itself has arranged can happen. So a run is a
function of the seed.

asyncio promises the order of callbacks that become ready one after another, and programs rely on it. It promises no
order of timers that are due together, or of answers from different connections. So the seed shuffles the timers of one
jump, and the simulated network draws its delays from the seed.

A `Process` is everything that runs in one context: its tasks, their callbacks, their timers. A killed process never
runs again, from that very instruction on: no `finally`, no `except`, as after SIGKILL. For a stopped process, callbacks
that become ready are kept, in order, until it goes on, as after SIGSTOP.

Not promised: that a run ends. If nothing is ready and no timer is set, or if something is always ready, so that time
does not pass, `Stuck` is raised.
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
"""The most turns of the loop without time passing."""
_PROCESS: ContextVar[Process] = ContextVar("process")


class Stuck(Exception):
    """Something still waits although nothing can happen any more, or the loop is busy for ever and time does not
    pass."""


class Process:
    """A simulated process: its tasks are killed and stopped together."""

    def __init__(self, loop: SeededLoop, name: str) -> None:
        self._loop = loop
        self.name = name
        self.alive = True
        self.stopped = False
        self._context = Context()
        self._context.run(_PROCESS.set, self)
        self._held: list[asyncio.Handle] = []
        self._kept: list[object] = []
        """References to tasks, so that the garbage collector does not close a stopped one."""

    def run(self, function: Callable[..., T], *given: Any) -> T:
        """Run a function now, in this process: tasks that it starts belong to the process."""
        return self._context.copy().run(function, *given)

    def soon(self, function: Callable[..., object], *given: Any) -> None:
        """Run a function in this process in the loop's next turn."""
        if self.alive:
            self._loop.call_soon(function, *given, context=self._context.copy())

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(work, context=self._context.copy())
        self._kept.append(task)
        return task

    def kill(self) -> None:
        """Kill it: nothing of it runs from now on. A caller inside the process must then `await for_ever()`."""
        self.alive = False
        self._held.clear()

    def stop(self) -> None:
        self.stopped = True

    def go_on(self) -> None:
        self.stopped = False
        held, self._held = self._held, []
        self._loop.put(held)

    def admits(self, handle: asyncio.Handle) -> bool:
        """Whether a handle may run now. A stopped process keeps it for later."""
        if self.alive and self.stopped:
            self._held.append(handle)
        return self.alive and not self.stopped


class SeededLoop(asyncio.BaseEventLoop):
    """The event loop. `failures`: the exceptions that nothing caught."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(f"{seed}/loop")
        self._now = 0.0
        self.failures: list[str] = []
        self.steps = 0
        self._turns = 0
        """The turns since time last passed."""
        self.set_exception_handler(self._failed)

    def time(self) -> float:
        return self._now

    def later(self, seconds: float, function: Callable[..., object], *given: Any) -> asyncio.TimerHandle:
        """Call a function later, outside of every process: it runs even if the calling process is killed."""
        return self.call_later(seconds, function, *given, context=Context())

    def outside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task outside of every process."""
        return self.create_task(work, context=Context())

    def put(self, handles: list[asyncio.Handle]) -> None:
        self._ready.extend(handles)  # type: ignore[attr-defined]

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run the function at once: there are no threads."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as problem:
            done.set_exception(problem)
        return done

    def end(self) -> None:
        """Drop all tasks that still wait, without warnings."""
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            with contextlib.suppress(Exception):
                task.get_coro().close()
        self.close()

    def _run_once(self) -> None:
        """Run one turn, without the selector of asyncio's own."""
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
        """Let time pass to the next timer of a live process. Returns all timers that are due then, in the seed's
        order."""
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
        """Do nothing: there are no events of a selector."""

    def _write_to_self(self) -> None:
        """Do nothing: there is no other thread to wake."""


def _named(handles: Iterable[asyncio.Handle]) -> str:
    """The places in the source where the tasks of these handles wait."""
    tasks = (getattr(handle._callback, "__self__", None) for handle in handles)  # type: ignore[attr-defined]
    frames = [frame for task in tasks if isinstance(task, asyncio.Task) for frame in task.get_stack()[-1:]]
    places = {f"{frame.f_code.co_qualname} at {frame.f_code.co_filename}:{frame.f_lineno}" for frame in frames}
    return ", ".join(sorted(places)[:5]) or "no task"


def current() -> Process | None:
    """The process that runs now; None outside of every process."""
    return _PROCESS.get(None)


async def for_ever() -> None:
    """Wait for ever: the rest of a killed process does this."""
    await asyncio.get_running_loop().create_future()
