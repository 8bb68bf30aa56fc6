"""A user's choreography, searched: for each scenario one search, and what was left out of all of them.

Workers are made up, unless the user gives his own: functions by "role.operation", or objects by role, and the arguments
to start with. The bounds hold for all scenarios together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accompanist.language import codec
from accompanist.language.program import RoleProgram
from accompanist.simulation.explore import Bounds, Explorer, Faults, Report
from accompanist.simulation.explore_faithful import Faithful
from accompanist.simulation.explore_fence import Worker
from accompanist.simulation.explore_scenarios import Scenario, scenarios, unreached
from accompanist.simulation.explore_state import Rules
from accompanist.simulation.explore_workers import Functions, Replies

Fakes = Mapping[str, Any]
"""Functions by "role.operation", objects by "role"."""


@dataclass(frozen=True, slots=True)
class Searched:
    """One scenario and what its search found."""

    scenario: Scenario
    report: Report


@dataclass(frozen=True, slots=True)
class Verdict:
    """All searches of a choreography. `skipped`: scenarios that no bound was left for."""

    faults: Faults
    searched: tuple[Searched, ...]
    skipped: int
    unreached: tuple[str, ...]

    @property
    def broken(self) -> Searched | None:
        return next((one for one in self.searched if not one.report.holds), None)

    @property
    def states(self) -> int:
        return sum(one.report.states for one in self.searched)

    def unexplored(self) -> list[str]:
        """What the searches left out, in words."""
        left = [
            f"scenario {number}: stopped when {one.report.stopped}, with {one.report.waiting} states not looked at"
            for number, one in enumerate(self.searched, 1)
            if one.report.stopped
        ]
        if self.skipped:
            left.append(f"{self.skipped} scenarios, for want of time, states or memory")
        left.extend(f"{what}: no run came there" for what in self.unreached)
        spent = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.faults._asdict().items())
        left.append(f"runs with more than {spent}; other values; several sessions at once")
        return left


def verify(
    programs: Mapping[str, RoleProgram],
    faults: Faults,
    bounds: Bounds,
    *,
    fakes: Fakes | None = None,
    arguments: Sequence[Mapping[str, Any]] = (),
    rules: Rules | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> Verdict:
    """Search a choreography, scenario by scenario, until one breaks or all are seen."""
    found = scenarios(programs, [codec.encode(dict(given)) for given in arguments])
    if fakes:  # replies are the fakes' business, only the starts differ
        found = [replace(found[0], arguments=start) for start in dict.fromkeys(one.arguments for one in found)]
    searched: list[Searched] = []
    sites: set[str] = set()
    left = bounds
    for scenario in found:
        workers = _workers(programs, scenario, fakes, declines=faults.declines > 0)
        judge = Faithful(programs, workers, scenario.arguments)
        explorer = Explorer(programs, workers, scenario.arguments, faults, rules or Rules(), judge, progress)
        report = explorer.explore(left)
        searched.append(Searched(scenario, report))
        sites |= report.sites
        left = replace(left, states_max=left.states_max - report.states, seconds_max=left.seconds_max - report.seconds)
        if not report.holds or left.states_max <= 0 or left.seconds_max <= 0:
            break
    choreography = next(iter(programs.values())).choreography
    return Verdict(faults, tuple(searched), len(found) - len(searched), tuple(unreached(choreography, sites)))


def _workers(
    programs: Mapping[str, RoleProgram], scenario: Scenario, fakes: Fakes | None, declines: bool
) -> dict[str, Worker]:
    workers: dict[str, Worker] = {}
    for role, program in programs.items():
        operations = program.projection.operations
        mine = {name: fakes[f"{role}.{name}"] for name in operations if fakes and f"{role}.{name}" in fakes}
        source = fakes.get(role, mine) if fakes else None
        if source:
            workers[role] = Functions(program, source, declines)
        else:
            workers[role] = Replies(operations, scenario.replies[role], declines)
    return workers
