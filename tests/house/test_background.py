"""Every failure in the background is noticed: where tasks are started, and why none of them can end silently."""

from __future__ import annotations

import ast
import asyncio
from collections import Counter
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.background import Background
from accompanist.runtime.ports import LogUnavailable

PACKAGE = Path(__file__).parents[2] / "accompanist"
BEGINNINGS = {"create_task", "ensure_future", "TaskGroup", "Thread", "Process", "start_soon", "run_in_executor"}
HEARD = {
    "background.py": (2, "here they are begun again when they end"),
    "log/group.py": (
        1,
        "it answers those who wait with whatever is raised, and goes on",
    ),
    "log/notifier.py": (1, "it drops what it could not tell, whatever is raised; the next call begins another"),
    "log/listener.py": (
        2,
        "its pauses are awaited",
    ),
    "sidecar/links/handed.py": (1, "it catches all, is told of, and leaves the messages to the inbox"),
    "sidecar/links/sending.py": (1, "it catches all, is told of, and the next message without a link begins another"),
    "sidecar/sessions/tasks.py": (1, "what it raises is told of, and damages the sessions it was begun for"),
    "sidecar/volatile/calling.py": (1, "it catches all, is told of, and the session it was begun for is lost"),
    "sidecar/volatile/far_ways.py": (1, "it catches all, is told of, and the way is lost"),
    "sidecar/volatile/forgetting.py": (1, "it catches all, is told of, and the next session that is over begins one"),
    "sidecar/volatile/sessions.py": (1, "it catches all, is told of, and the session it was begun for is lost"),
    "rpc/http_client.py": (2, "one is awaited by its caller or by the other, whose end its `left` is told of"),
    "rpc/watch.py": (1, "ending a line is the one thing in it that may raise, and that is told of"),
    "rpc/http_server.py": (1, "it is awaited by the request it answers"),
    "rpc/stream_server.py": (1, "what it raises is told of, and ends the connection of who waits for it"),
    "telemetry/otlp.py": (1, "it ends with the process, which waits for it a bounded time"),
    "testing/real.py": (1, "whoever asks its loop for something waits for it, and is told what it raises"),
    "worker/adapters/database.py": (1, "it catches all, is told of, and is awaited unless the connection is busy"),
    "worker/adapters/threads.py": (1, "whatever a function raises is told to who asked for it"),
    "worker/conformance/wire.py": (1, "it is awaited by the check that began it"),
}
ELSEWHERE = ("simulation/",)  # its tasks are what it looks at


def begun() -> Counter[str]:
    found: Counter[str] = Counter()
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE).as_posix()
        if place.startswith(ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                found[place] += name in BEGINNINGS
    return Counter({place: count for place, count in found.items() if count})


def test_every_task_is_begun_where_somebody_hears_of_its_end() -> None:
    """A new place needs a reason here, or is begun by `Background`."""
    assert begun() == {place: count for place, (count, _) in HEARD.items()}


class Steps:
    """Work that does as it is told, and pauses that take no time."""

    def __init__(self, *told: BaseException | None) -> None:
        self.told = list(told)
        self.done = asyncio.Event()
        self.slept: list[float] = []

    async def work(self) -> None:
        if not self.told:
            self.done.set()
            await asyncio.Event().wait()
        if (problem := self.told.pop(0)) is not None:
            raise problem

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def pause(self) -> None:
        await asyncio.sleep(0)


async def until_done(task: asyncio.Task[None], steps: Steps) -> None:
    try:
        async with asyncio.timeout(10):
            await steps.done.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("problem", [ZeroDivisionError(), asyncio.CancelledError()])
async def test_a_step_that_fails_is_done_again_and_told_of_once(problem: BaseException) -> None:
    steps = Steps(None, problem, problem, problem, None, None)
    counted: list[str] = []
    background = Background(sleep=steps.sleep, jitter=lambda: 0.0, failed=counted.append)
    with capture_logs() as lines:
        await until_done(background.repeat("inbox", steps.work, steps.pause), steps)
    assert [line["event"] for line in lines] == ["task.failed", "task.well"]
    assert {line["task"] for line in lines} == {"inbox"}
    assert counted == ["inbox"] * 3
    assert steps.slept == sorted(set(steps.slept)), "the back-off grows"
    assert background.failing == {}


async def test_what_fails_is_named_as_long_as_it_fails() -> None:
    steps = Steps(ZeroDivisionError())
    failed = asyncio.Event()
    background = Background(sleep=lambda seconds: asyncio.Event().wait(), failed=lambda name: failed.set())
    task = background.repeat("inbox", steps.work, steps.pause)
    await failed.wait()
    assert background.failing == {"inbox": "ZeroDivisionError"}
    task.cancel()


@pytest.mark.parametrize("problem", [None, ZeroDivisionError()])
async def test_work_that_was_not_to_end_is_begun_again(problem: BaseException | None) -> None:
    steps = Steps(problem, problem)
    background = Background(sleep=steps.sleep)
    with capture_logs() as lines:
        await until_done(background.keep("listener", steps.work), steps)
    assert [line["event"] for line in lines] == ["task.failed"]
    assert len(steps.slept) == 2
    assert set(background.failing) == {"listener"}, "until it has run for a while"


async def test_a_log_that_does_not_answer_is_told_of_once_for_all_who_ask_it() -> None:
    away = LogUnavailable("ConnectionRefusedError")
    all_steps = [Steps(away, away, away, None) for _ in range(4)]
    now = iter([10.0, 17.5])
    background = Background((LogUnavailable,), sleep=all_steps[0].sleep, clock=lambda: next(now))
    with capture_logs() as lines:
        tasks = [background.repeat(f"loop {n}", steps.work, steps.pause) for n, steps in enumerate(all_steps)]
        for task, steps in zip(tasks, all_steps, strict=True):
            await until_done(task, steps)
    assert [line["event"] for line in lines] == ["log.unavailable", "log.available"]
    assert lines[1]["duration_s"] == 7.5
    assert background.failing == {}, "a log that is away is no defect of who asks it"
    assert set(all_steps[0].slept) == {limits.backoff_first_ms * 4 / 1000}


async def test_who_is_told_to_stop_stops() -> None:
    steps = Steps()
    task = Background().repeat("inbox", steps.work, steps.pause)
    await steps.done.wait()
    task.cancel()
    ended, _ = await asyncio.wait({task}, timeout=10)
    assert ended, "it goes on"
    assert task.cancelled()
