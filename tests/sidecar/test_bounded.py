"""A wait that never ends fails, and names what it waited for."""

from __future__ import annotations

import asyncio

import pytest

from tests.bounded import bounded
from tests.runtime import sagas
from tests.sidecar.harness import Services


async def until_it_is_over(services: Services) -> None:
    await services.over("b", sagas.HEADER.session)


async def test_a_condition_that_never_holds_is_named() -> None:
    services = Services(sagas.ring())
    with pytest.raises(pytest.fail.Exception) as failed:
        await bounded(until_it_is_over, 0.2)(services)
    assert "in until_it_is_over" in str(failed.value)
    assert "driver.session(session, role)) is None or not found.final" in str(failed.value)


async def test_an_event_that_never_comes_is_named() -> None:
    async def waits() -> None:
        answered = asyncio.Event()
        await answered.wait()

    with pytest.raises(pytest.fail.Exception, match=r"await answered.wait\(\)"):
        await bounded(waits, 0.01)()


async def test_what_ends_in_time_ends_as_it_does() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("of its own")

    with pytest.raises(LookupError, match="of its own"):
        await bounded(fails)()


async def test_every_test_here_is_bounded(request: pytest.FixtureRequest) -> None:
    assert hasattr(request.function, "__wrapped__")
