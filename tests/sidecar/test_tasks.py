"""A failed task of a session is noticed, and a task that is cancelled with its sidecar is no failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from accompanist.errors import OperatorError
from accompanist.log.server import LOST
from accompanist.runtime.ports import LogUnavailable
from accompanist.sidecar import process
from accompanist.sidecar.sessions.freshness import Key
from accompanist.sidecar.sessions.tasks import Tasks


async def test_what_is_stopped_with_the_sidecar_has_damaged_nothing() -> None:
    damaged: list[Key] = []
    tasks = Tasks(lambda key, problem: damaged.append(key))

    async def forever() -> None:
        await asyncio.Event().wait()

    async def cancelled() -> None:
        raise asyncio.CancelledError

    key, other = (uuid4(), "a"), (uuid4(), "a")
    tasks.spawn([key], forever())
    tasks.spawn([other], cancelled())
    await tasks.drain(0.01)
    for _ in range(5):
        await asyncio.sleep(0)
    assert damaged == [other], "what was cancelled before nobody goes on with"


async def test_what_ends_with_a_process_that_ends_as_it_is_says_nothing_of_its_session() -> None:
    """The process says why it ends. That its tasks are cancelled is no trouble of theirs."""
    damaged: list[Key] = []
    tasks = Tasks(lambda key, problem: damaged.append(key))

    async def forever() -> None:
        await asyncio.Event().wait()

    async def unavailable() -> None:
        raise LogUnavailable("commits are missing on the server")

    task = tasks.spawn([(uuid4(), "a")], forever())
    tasks.end()
    tasks.spawn([(uuid4(), "a")], unavailable())
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (damaged, len(tasks)) == ([], 0)


async def test_a_sidecar_that_finds_commits_missing_before_it_has_started_says_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not that its log does not answer, which is what all who ask it are told from then on."""

    async def start(config: object, name: str, lost: Callable[[OperatorError], None]) -> object:
        lost(OperatorError(LOST, "commit 7 is not there"))
        raise LogUnavailable("commits are missing on the server")

    monkeypatch.setattr(process.Sidecar, "start", start)
    nothing: Any = None
    with pytest.raises(OperatorError, match="commit 7"):
        await process._main(nothing, "warehouse")
