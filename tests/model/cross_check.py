"""Compares the explorer's full search with SPIN's, saga by saga: the number of states, and whether every run ends.

    python -m tests.model.cross_check

prints a line for each search and ends with 1 if one of them differs, or if SPIN or a C compiler is missing. SPIN has
one state more, before its `init` has begun. Then each message of the ring is dropped once: both searches have to say
of the same messages that the saga is stuck without them.

Not compared: what else `search.properties` asks of a run, and searches of workers without a fence.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from accompanist.simulation.search.explore import Explorer, FaultBudget, Report, SearchBounds
from accompanist.simulation.search.properties import Property
from accompanist.simulation.search.scenarios import events_of, scenarios
from accompanist.simulation.search.verify import workers_of
from accompanist.simulation.search.words import told
from accompanist.testing.source import programs_of
from tests.language.programs import ROOT, path_of
from tests.model import spin
from tests.model.promela import STUCK, model, recorded
from tests.model.searched import explorer
from tests.model.test_reduced import CORPUS, FAULTS, HEAVY, SMALL
from tests.runtime import sagas

DECLINES = FaultBudget(crashes=0, declines=9)
BOUNDS = SearchBounds(states_max=100_000, seconds_max=120.0)
ORDERS = ROOT / "workers" / "orders" / "choreography.py"


class Comparison(NamedTuple):
    """One saga that both have searched: SPIN's verdict, and the explorer's report."""

    name: str
    spin: spin.SpinVerdict
    report: Report
    seconds: float

    @property
    def ends(self) -> bool:
        """Whether every run ends, as the explorer has it."""
        return self.report.holds and STUCK not in self.report.ends

    @property
    def alike(self) -> bool:
        cycle = self.report.broken is not None and self.report.broken.property is Property.ENDS
        searched = not self.report.stopped and (self.report.holds or cycle)
        return searched and self.spin.known and self.spin[0] == self.report.states + 1 and self.spin.ends == self.ends

    def line(self) -> str:
        mark = "ok" if self.alike else "NO"
        verdicts = " / ".join("over in the end" if ends else "stuck" for ends in (self.spin.ends, self.ends))
        found = "" if self.report.holds else f"; {self.report.broken}"
        found += f"; stopped when {self.report.stopped}" if self.report.stopped else ""
        found += "" if self.spin.known else "; SPIN came to a place where the explorer was not"
        states = f"{self.spin.states:>6} / {self.report.states:>6} states"
        return f"{mark} {self.name:<60} {states}  {verdicts}  {self.seconds:5.1f} s{found}"


def compared(name: str, searched: Explorer, lost: int | None = None) -> Comparison:
    """Search a saga with both. `lost`: the number of the message that is dropped."""
    began = time.monotonic()
    exported = recorded(searched, lost)
    report = exported.explore(BOUNDS)
    verdict = spin.check(model(exported))
    return Comparison(name, verdict, report, time.monotonic() - began)


def corpus(name: str, path: Path, faults: FaultBudget, choreography: str = "") -> Iterator[tuple[str, Explorer]]:
    """The searches of a choreography, one for each scenario."""
    programs = programs_of(path, choreography)
    for number, scenario in enumerate(scenarios(programs)):
        workers = workers_of(programs, scenario, None, declines=faults.declines > 0)
        found = Explorer(programs, workers, scenario.arguments, faults, events=events_of(scenario))
        yield f"{name}, scenario {number + 1}: {in_short(faults)}", found


def every() -> Iterator[tuple[str, Explorer]]:
    """What is compared: the runtime's small sagas under each kind of fault but lies, the corpus and the order saga
    under declines."""
    for saga, programs in SMALL.items():
        for faults in FAULTS:
            if not faults.lies and (saga, faults) not in HEAVY:
                yield f"{saga}: {in_short(faults)}", explorer(programs(), faults, doubtful=saga == "asking")
    for name in CORPUS:
        yield from corpus(name, path_of("must_pass", name), DECLINES)
    yield from corpus("fulfil_order", ORDERS, DECLINES, "fulfil_order")


def in_short(faults: FaultBudget) -> str:
    """The faults of which there are any."""
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in faults._asdict().items() if count)


def dropped() -> Iterator[tuple[int, str]]:
    """Every message that a role of the ring sends to another in some run without a crash: its number, and its name."""
    searched = recorded(explorer(sagas.ring(), DECLINES))
    searched.explore(BOUNDS)
    sent = {number for moves in searched.taken.values() for move in moves for number in move.sent}
    for number in sorted(sent):
        message = searched.post.messages[number]
        yield number, f"ring without {told(message)} to {message.receiver}"


def main() -> int:
    if absent := spin.missing():
        print(absent, file=sys.stderr)
        return 1
    began, differ, count = time.monotonic(), 0, 0
    without = ((name, explorer(sagas.ring(), DECLINES), number) for number, name in dropped())
    for name, searched, lost in (*((*one, None) for one in every()), *without):
        found = compared(name, searched, lost)
        print(found.line(), flush=True)
        count, differ = count + 1, differ + (not found.alike)
    print(f"SPIN / ours: {count} searches compared in {time.monotonic() - began:.0f} s, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
