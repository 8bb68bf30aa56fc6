"""What the tests here search: the runtime's small sagas and the corpus, with workers that may decline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from accompanist.language.program.program import Operation, RoleProgram
from accompanist.runtime.answers import Answer, Declined, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.simulation.search import diagram as explore_diagram
from accompanist.simulation.search.explore import Explorer, FaultBudget, Report, SearchBounds
from accompanist.simulation.search.fence import ModelWorker
from accompanist.simulation.search.properties import Broken
from accompanist.simulation.search.state import Rules

BOUNDS = SearchBounds(states_max=400_000, seconds_max=60.0)


class Adding:
    """Adds one, or declines; with `doubtful`, what it says is its choice anew whenever it is asked."""

    memory = b""

    def __init__(self, operations: Mapping[str, Operation], declines: bool, doubtful: bool) -> None:
        self._operations, self._declines, self._doubtful = operations, declines, doubtful

    def answers(self, call: CallWorker, memory: bytes) -> list[tuple[Answer, bytes]]:
        if self._operations[call.operation].kind == "compensation":
            return [(Replied(b"null"), memory)]
        if self._operations[call.operation].drawn:
            return [(Replied(b"null"), memory)]
        value: Any = orjson.loads(call.arguments)["value"]
        ways: list[tuple[Answer, bytes]] = [(Replied(orjson.dumps(value + 1)), memory)]
        if self._doubtful:
            ways.append((Replied(orjson.dumps(value + 2)), memory))
        if self._declines and not self._operations[call.operation].retriable:
            ways.append((Declined("no"), memory))
        return ways


def explorer(
    programs: Mapping[str, RoleProgram],
    faults: FaultBudget,
    rules: Rules | None = None,
    doubtful: bool = False,
    plain: bool = False,
) -> Explorer:
    """A search of one of `tests.runtime.sagas`. `plain`: no worker has a fence."""
    workers: dict[str, ModelWorker] = {
        role: Adding(program.projection.operations, faults.declines > 0, doubtful) for role, program in programs.items()
    }
    without = frozenset(programs) if plain else frozenset[str]()
    return Explorer(programs, workers, b'{"value":1}', faults, rules or Rules(), plain=without)


def shown(searched: Explorer, report: Report) -> str:
    """A report for a failing test."""
    drawn = explore_diagram.text([role.name for role in searched.roles], report.schedule)
    return f"{report.broken}\n{drawn}\n{report.states} states, {report.stopped}"


def holds(searched: Explorer, bounds: SearchBounds = BOUNDS) -> Report:
    """Search, and fail with the schedule if something breaks or is left out."""
    report = searched.explore(bounds)
    assert report.complete, shown(searched, report)
    return report


def breaks(searched: Explorer, bounds: SearchBounds = BOUNDS) -> tuple[Broken, str]:
    """Search for what has to break: the property, and the schedule in words."""
    report = searched.explore(bounds)
    assert report.broken is not None, f"holds, in {report.states} states {report.stopped}"
    return report.broken, " / ".join(step.text for step in report.schedule)
