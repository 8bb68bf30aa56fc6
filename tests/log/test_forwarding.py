"""The methods that `PostgresLog` forwards: each reaches its part with all arguments, and its answer comes back."""

from __future__ import annotations

import inspect
from typing import Any, cast

import pytest

from accompanist.log.connection import Connections
from accompanist.log.guard import Guard
from accompanist.log.postgres import PostgresLog
from accompanist.log.queries import PostgresQueries
from accompanist.log.requests import PostgresRequests
from accompanist.log.versions import PostgresVersions
from tests.log.worlds import SERVICES

PARTS = {"_queries": PostgresQueries, "_requests": PostgresRequests, "_versions": PostgresVersions}
FORWARDED = [
    (part, name)
    for part, kind in PARTS.items()
    for name, _ in inspect.getmembers(kind, inspect.iscoroutinefunction)
    if not name.startswith("_")
]


class Recording:
    """A part that keeps what one of its methods was called with."""

    def __init__(self, kind: type, name: str) -> None:
        self.called: dict[str, object] = {}
        signature = inspect.signature(getattr(kind, name))

        async def method(*given: object, **named: object) -> Any:
            bound = signature.bind(self, *given, **named)
            self.called = dict(list(bound.arguments.items())[1:])
            return self

        setattr(self, name, method)


def test_each_part_is_forwarded_to() -> None:
    assert {part for part, _ in FORWARDED} == set(PARTS)
    assert len(FORWARDED) >= 14


@pytest.mark.parametrize(("part", "name"), FORWARDED)
async def test_all_arguments_arrive_and_the_answer_comes_back(part: str, name: str) -> None:
    log = PostgresLog(cast(Connections, None), "payment", SERVICES, cast(Guard, None))
    recording = Recording(PARTS[part], name)
    setattr(log, part, recording)
    expected = inspect.signature(getattr(PARTS[part], name)).parameters.values()
    assert list(inspect.signature(getattr(PostgresLog, name)).parameters.values()) == list(expected)
    given = {parameter.name: object() for parameter in expected if parameter.name != "self"}
    answer = await getattr(log, name)(**given)
    assert recording.called == given
    assert answer is (None if name in ("register", "keep") else recording)
