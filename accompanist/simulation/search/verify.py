"""Runs the search of a user's choreography, one search per scenario, and reports what was left out.

Workers' replies and the start's arguments are generated, unless the user gives fakes (functions by "role.operation", or
objects by "role") and arguments. The bounds hold for all scenarios together.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from accompanist.language import waits
from accompanist.language.direct import Declined
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.simulation.search.explore import Explorer, FaultBudget, Report, SearchBounds
from accompanist.simulation.search.faithful import DirectComparison
from accompanist.simulation.search.fence import ModelWorker
from accompanist.simulation.search.good_run import settles
from accompanist.simulation.search.scenarios import Scenario, events_of, scenarios, unreached
from accompanist.simulation.search.state import Rules
from accompanist.simulation.search.workers import Declining, Functions, Replies

Fakes = Mapping[str, Any]
"""Functions by "role.operation", objects by "role"."""

Told = Mapping[tuple[str, str], bytes | None]
"""The value of each event, by role and name, as JSON bytes; None: it is not sent."""

Progress = Callable[[int, int, float], None]
"""Called now and then with the states met, the states still to be looked at, and the seconds so far."""


@dataclass(frozen=True, slots=True)
class ScenarioSearch:
    """One scenario, and the report of its search. `plain`: no worker had a fence."""

    scenario: Scenario
    report: Report
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """All searches of a choreography. `skipped`: searches that were not begun, because a bound was met. `bounds`: for
    all searches together. `good`: how many runs without faults settled, of those tried before the searches."""

    faults: FaultBudget
    searched: tuple[ScenarioSearch, ...]
    skipped: int
    unreached: tuple[str, ...]
    bounds: SearchBounds = field(default_factory=SearchBounds)
    good: int = 0

    @property
    def broken(self) -> ScenarioSearch | None:
        return next((one for one in self.searched if not one.report.holds), None)

    @property
    def complete(self) -> bool:
        """Whether every run within the budget of faults was searched."""
        return bool(self.searched) and not self.skipped and all(one.report.complete for one in self.searched)

    @property
    def states(self) -> int:
        return sum(one.report.states for one in self.searched)

    @property
    def settled(self) -> int:
        """How many of the ends that were met are settled. If the searches met none, the runs without faults count."""
        return self.searches_settled or self.good

    @property
    def searches_settled(self) -> int:
        """How many settled ends the searches met."""
        return sum(one.report.ends.get("settled", 0) for one in self.searched)

    @property
    def ended(self) -> int:
        """How many ends the searches met."""
        return sum(sum(one.report.ends.values()) for one in self.searched)

    @property
    def refined(self) -> int:
        """How many steps were found to be steps of the proved protocol (`simulation.search.refinement`)."""
        return sum(one.report.refined or 0 for one in self.searched)

    @property
    def reasons(self) -> Mapping[str, int]:
        """Why sagas were undone, and in how many ends."""
        return sum((Counter(one.report.reasons) for one in self.searched), Counter())

    def numbered(self) -> list[tuple[int, ScenarioSearch]]:
        """All searches, with the numbers of their scenarios."""
        each: list[Scenario] = []
        for one in self.searched:
            if one.scenario not in each:
                each.append(one.scenario)
        return [(each.index(one.scenario) + 1, one) for one in self.searched]

    def _met(self) -> tuple[str, str]:
        """The bound that was met, and the option that raises it."""
        bounds = self.bounds
        if any("bytes" in one.report.stopped for one in self.searched):
            mebibytes = bounds.bytes_max >> 20
            return f"the {mebibytes} MiB of --mebibytes were used", f"--mebibytes {mebibytes * 2}"
        if self.states >= bounds.states_max:
            return f"the {bounds.states_max} states of --states-max were met", f"--states-max {bounds.states_max * 10}"
        return f"the {bounds.seconds_max:g} seconds of --seconds were over", f"--seconds {bounds.seconds_max * 10:g}"

    def unexplored(self) -> list[str]:
        """What the searches left out, in words."""
        left = [
            f"scenario {number}{in_what(one)}: stopped when {one.report.stopped}, with {one.report.waiting} states not "
            f"looked at; {self._met()[1]} goes on for longer"
            for number, one in self.numbered()
            if one.report.stopped
        ]
        if not self.searched:
            left.append("anything: no made-up replies lead to an end; give ARGUMENTS and WORKERS with --workers FILE")
        if self.skipped:
            met, option = self._met()
            more = "search" if self.skipped == 1 else "searches"
            left.append(f"{self.skipped} more {more}: not begun, because {met} before; {option} goes on for longer")
        if self.broken is None:
            left.extend(f"{what}: no run came there" for what in self.unreached)
        left.append(f"runs with more than {in_words(self.faults)}; other values; several sessions at once")
        return left


def verify(
    programs: Mapping[str, RoleProgram],
    faults: FaultBudget,
    bounds: SearchBounds,
    *,
    fakes: Fakes | None = None,
    arguments: Sequence[Mapping[str, Any]] = (),
    rules: Rules | None = None,
    progress: Progress | None = None,
    plain: Sequence[bool] = (False,),
    reasons: Mapping[str, Mapping[str, str]] | None = None,
    told: Told | None = None,
) -> Verification:
    """Search a choreography, scenario by scenario, until one breaks a property or all are searched. The bounds hold for
    all searches together; the seconds count from this call. `plain`: for each value, all scenarios are searched once,
    with workers that have no fence (True) or one (False). `reasons`: why operations decline, by role and name. `told`:
    the events' values, None for one that is not sent."""
    until = time.monotonic() + bounds.seconds_max
    found = scenarios(programs, [codec.encode(dict(given)) for given in arguments], until)
    if fakes:  # the fakes give the replies, so scenarios differ only by their starts
        found = [replace(found[0], arguments=start) for start in dict.fromkeys(one.arguments for one in found)]
    searched: list[ScenarioSearch] = []
    sites: set[str] = set()
    left, good = bounds, 0
    to_search = [(scenario, without) for without in plain for scenario in found]
    for scenario, without in to_search:
        workers = workers_of(programs, scenario, fakes, declines=faults.declines > 0)
        for role, why in (reasons or {}).items():
            workers[role] = Declining(workers[role], why)
        events = told_in(programs, scenario, fakes, told or {})
        left = replace(left, seconds_max=max(0.0, until - time.monotonic()))
        if not good and not without:
            calm = FaultBudget(crashes=0, declines=0)
            explorer = Explorer(programs, workers, scenario.arguments, calm, rules or Rules(), events=events)
            good = int(settles(explorer))
        report = _search(programs, scenario, workers, events, faults, left, rules, progress, without)
        searched.append(ScenarioSearch(scenario, report, without))
        sites |= report.sites
        left = replace(left, states_max=left.states_max - report.states)
        if not report.holds or left.states_max <= 0 or time.monotonic() >= until:
            break
    choreography = next(iter(programs.values())).choreography
    missed = tuple(unreached(choreography, sites))
    return Verification(faults, tuple(searched), len(to_search) - len(searched), missed, bounds, good)


def _search(
    programs: Mapping[str, RoleProgram],
    scenario: Scenario,
    workers: Mapping[str, ModelWorker],
    told: Mapping[str, Mapping[str, bytes]],
    faults: FaultBudget,
    bounds: SearchBounds,
    rules: Rules | None,
    progress: Progress | None,
    plain: bool,
) -> Report:
    """Search one scenario. First without crashes, which costs little: a failing schedule without a crash is shorter.

    Its steps are mapped to the proved protocol, but not where workers have no fence or roles lie: the proof has
    neither."""
    refines = not plain and not faults.lies
    judge = DirectComparison(programs, workers, scenario.arguments)
    report, until = None, time.monotonic() + bounds.seconds_max
    for crashes in sorted({0, faults.crashes}):
        spent = faults._replace(crashes=crashes)
        searched = Explorer(programs, workers, scenario.arguments, spent, rules or Rules(), judge, progress, told)
        left = replace(bounds, seconds_max=max(0.0, until - time.monotonic()))
        without = frozenset(programs) if plain else frozenset[str]()
        report = replace(searched, plain=without, refines=refines).explore(left)
        if not report.complete:
            break
    assert report is not None
    return report


def told_in(
    programs: Mapping[str, RoleProgram], scenario: Scenario, fakes: Fakes | None, chosen: Told | None = None
) -> dict[str, dict[str, bytes]]:
    """The events that are sent from outside: as in `chosen`, else from the user's fakes "role.event.NAME", else
    generated. A fake that raises Declined sends none."""
    told = events_of(scenario)
    for role, program in programs.items():
        for name in filter(None, map(waits.event_in, program.projection.operations)):
            fake = fakes.get(f"{role}.event.{name}") if fakes else None
            if fake is not None:
                told[role].pop(name, None)
                with suppress(Declined):
                    told[role][name] = codec.encode(fake())
    for (role, name), value in (chosen or {}).items():
        told[role].pop(name, None)
        if value is not None:
            told[role][name] = value
    return told


def workers_of(
    programs: Mapping[str, RoleProgram], scenario: Scenario, fakes: Fakes | None, declines: bool
) -> dict[str, ModelWorker]:
    """The workers of one scenario: the user's fakes, and generated replies for operations without one."""
    workers: dict[str, ModelWorker] = {}
    for role, program in programs.items():
        operations = program.projection.operations
        mine = {name: fakes[f"{role}.{name}"] for name in operations if fakes and f"{role}.{name}" in fakes}
        source = fakes.get(role, mine) if fakes else None
        if source:
            workers[role] = Functions(program, source, scenario.replies[role], declines)
        else:
            workers[role] = Replies(operations, scenario.replies[role], declines, scenario.later.get(role))
    return workers


def in_what(one: ScenarioSearch) -> str:
    """A remark for a search whose workers had no fence."""
    return " without a fence" if one.plain else ""


def in_words(faults: FaultBudget) -> str:
    """The adversary's budget of faults, for people."""
    one = {"crashes": "crash", "lost_answers": "lost answer"}
    told = []
    for name, count in faults._asdict().items():
        many = name.replace("_", " ")
        number = "any number of" if count == sys.maxsize else str(count)
        told.append(f"{number} {one.get(name, many.removesuffix('s')) if count == 1 else many}")
    return f"{', '.join(told[:-1])} and {told[-1]}"
