"""Rows that are deferred: what they wait for, and that a drained driver begins no write."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from accompanist.runtime.ports import Commit, Delivery, Phase
from tests.runtime import sagas
from tests.sidecar.harness import Services, few


async def test_the_last_row_of_a_session_shares_the_next_flush() -> None:
    with few("lazy_write_ms", 3_600_000):
        services = Services(sagas.ring())
        log = services.sidecars["b"].log
        flush, flushes = log.flush, list[Sequence[Commit]]()

        async def noted(commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
            flushes.append(commits)
            return await flush(commits)

        log.flush = noted  # type: ignore[method-assign]
        first = await services.start()
        await services.over("b", first)
        assert [len(commits) for commits in flushes] == [1], "its vote; its last row waits"
        await services.end(await services.start())
        await services.row("b", first, Phase.SETTLED)
        assert [len(commits) for commits in flushes] == [1, 2], "the vote of the second has taken it along"


async def test_a_driver_that_was_drained_begins_no_write() -> None:
    with few("lazy_write_ms", 1):
        services = Services(sagas.recorded())
        driver = services.sidecars["a"].driver
        session = await services.start()
        while (live := driver.session(session, "a")) is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        begun: list[object] = []
        driver._output._deferred._write = begun.append  # type: ignore[assignment]
        driver._output._deferred.soon(live)
        await driver.drain(0)
        begun.clear()
        driver._output._deferred.soon(live)
        await asyncio.sleep(0.01)
        assert begun == []
