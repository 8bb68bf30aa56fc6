"""The tests on several processes at once: which go together, and which begin first.

A file's tests go to one process, which compiles what they share once. What fills minutes is cut finer, and begins
first, so that no process is left alone with it at the end. A wrong place in the lists costs time and nothing else.

Not promised: that tests which use one file or port at the same time get along. Each test has its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

TOGETHER = ("tests/system/",)
"""Folders whose tests share a deployment that takes long to start."""

APART = ("tests/model/",)
"""Folders whose tests share nothing, and take long one by one."""

FIRST = ("tests/system/", "tests/model/")


def scope(test: str) -> str:
    """What a test goes to a process with, by its id."""
    for folder in TOGETHER:
        if test.startswith(folder):
            return folder
    return test if test.startswith(APART) else test.partition("::")[0]


def in_order(tests: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests, those that take long before the others; otherwise as they were."""
    return sorted(tests, key=lambda test: not test.nodeid.startswith(FIRST))


class Scheduling(LoadScopeScheduling):
    """Whoever is free gets what comes next in the order of the tests."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)  # type: ignore[arg-type]
        config.option.loadscopereorder = False  # it would begin with the files of most tests

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)
