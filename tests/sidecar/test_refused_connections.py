"""That Postgres refuses connections is counted each time and said now and then; what was asked fails as before."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.log.connection import Pool
from accompanist.sidecar.refused_connections import RefusedConnections


class Refusing:
    def __init__(self, problem: Exception) -> None:
        self._problem = problem

    async def acquire(self) -> Any:
        raise self._problem


@pytest.mark.parametrize(
    ("problem", "times"), [(asyncpg.TooManyConnectionsError("full"), 1), (ConnectionRefusedError(), 0)]
)
async def test_a_pool_says_that_the_server_has_no_more(problem: Exception, times: int) -> None:
    said: list[None] = []
    pool = Pool(Refusing(problem), lambda: None, lambda: said.append(None))
    with pytest.raises(type(problem)):
        async with pool.acquire():
            pass
    assert len(said) == times


def test_each_is_counted_and_one_line_is_logged_until_there_were_none_for_a_while() -> None:
    times, counted = [0.0], []
    refused = RefusedConnections(lambda: counted.append(None), lambda: times[-1])
    assert not refused.lately
    with capture_logs() as lines:
        for seconds in (0.0, 1.0, 2.0):
            times.append(seconds)
            refused.note()
        assert refused.lately
        times.append(2.0 + limits.slowness_told_s)
        assert not refused.lately
        refused.note()
    assert len(counted) == 4
    assert [line["event"] for line in lines] == ["connections.refused"] * 2
