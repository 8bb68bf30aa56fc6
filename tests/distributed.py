"""The tests on several processes at once: which go together, and which begin first.

A file's tests go to one process, which compiles what they share once. What fills minutes is cut finer, and begins
first, so that no process is left alone with it at the end. A wrong place in the lists costs time and nothing else.

Not promised: that tests which use one file or port at the same time get along. Each test has its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

APART = ("tests/model/", "tests/simulation/test_planted.py")
"""Whose tests share nothing, and take long one by one."""

FIRST = ("tests/system/", "tests/simulation/", "tests/model/")
"""What begins first: the system's tests wait for processes most of the time."""


def scope(test: str) -> str:
    """What a test goes to a process with, by its id."""
    return test if test.startswith(APART) else test.partition("::")[0]


def in_order(tests: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests, those that take long before the others; otherwise as they were."""
    return sorted(tests, key=lambda test: _rank(test.nodeid))


def _rank(test: str) -> int:
    return next((rank for rank, folder in enumerate(FIRST) if test.startswith(folder)), len(FIRST))


class Scheduling(LoadScopeScheduling):
    """Whoever is free gets what comes next in the order of the tests."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)  # type: ignore[arg-type]
        config.option.loadscopereorder = False  # it would begin with the files of most tests

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)
