"""Rows that are deferred: after a driver was drained, no timer of it begins another write."""

from __future__ import annotations

import asyncio

from tests.runtime import sagas
from tests.sidecar.harness import Services, few


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
