"""What a test of sidecars leaves under way is ended with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.sidecar.harness import Sidecar


@pytest.fixture(autouse=True)
async def drained() -> AsyncIterator[None]:
    """A driver ends by being drained: a timer of it that fired in a loop that is being closed would begin a write that
    nobody ever runs."""
    yield
    left, Sidecar.made[:] = list(Sidecar.made), []
    for sidecar in left:
        await sidecar.driver.drain(0)
