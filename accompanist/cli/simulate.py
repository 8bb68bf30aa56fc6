"""`accompanist simulate FILES`: runs choreographies on real sidecars in simulated clusters, seed by seed.

Each seed decides about one run: which choreographies, how many sidecars, which faults and when. A failing run is
printed with the command that repeats it exactly, and is minimised. A directory means all choreographies in it that can
be started; a module's WORKERS and ARGUMENTS are used if it has them.

Unlike `check`, this imports the modules.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accompanist.cli.check import refused
from accompanist.cli.output import show
from accompanist.cli.source import compiled, root_of
from accompanist.errors import OperatorError, catalogue
from accompanist.simulation.clusters.faults import FaultKind
from accompanist.simulation.clusters.marks import REQUIRED, unreached
from accompanist.simulation.clusters.run import Ran, Setting, run
from accompanist.simulation.clusters.shrink import shrink
from accompanist.simulation.clusters.subject import Subject
from accompanist.simulation.settling import EXIT, never_settled_of

NOTHING_TO_RUN = catalogue(
    "ACC831",
    "nothing to simulate",
    "A simulation starts choreographies as a client does, but no choreography in these files can be started.",
    "Name files with a choreography whose parameters are all owned by one role.",
)
UNKNOWN_FAULT = catalogue(
    "ACC832",
    "no such fault",
    "`simulate --without` takes the names of kinds of faults; this is none.",
    "Use names from accompanist/simulation/clusters/faults.py, separated by commas.",
)
NO_CHOREOGRAPHY = "ACC102"
SHARES = {"all": True, "none": False, "mixed": None}
_marked_from = 100
"""With fewer seeds than this, a run need not reach all marks."""


@dataclass(frozen=True, slots=True)
class SeedRange:
    """The seeds to run. `seconds`: if not 0, as many as fit into that time."""

    first: int
    count: int
    seconds: float
    jobs: int

    def seeds(self, until: float) -> Iterator[int]:
        number = self.first
        while time.monotonic() < until if self.seconds else number < self.first + self.count:
            yield number
            number += 1


@dataclass(slots=True)
class Sum:
    """The totals of many runs."""

    seeds: int = 0
    sessions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    virtual_s: float = 0.0
    failed: list[Ran] = field(default_factory=list)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, ran: Ran) -> None:
        self.seeds += 1
        self.sessions += ran.sessions
        self.outcomes += ran.outcomes
        self.faults += ran.faults
        self.marks += ran.marks
        self.virtual_s += ran.virtual_s
        self.ends += ran.ends
        self.reasons += ran.reasons
        if ran.broken:
            self.failed.append(ran)

    @property
    def settled(self) -> int:
        return [end for _, end in self.ends.elements()].count("settled")


def setting(
    seed: int,
    without: str,
    faults_max: int | None,
    sessions_max: int | None,
    plain: str = "mixed",
    hostile: bool | None = None,
    early: str = "mixed",
) -> Setting:
    """The setting of a run. Raises OperatorError for an unknown fault."""
    names = [name.strip() for name in without.split(",") if name.strip()]
    kinds = {kind.value for kind in FaultKind}
    if unknown := [name for name in names if name not in kinds]:
        raise OperatorError(UNKNOWN_FAULT, f"{', '.join(unknown)}; there are {', '.join(sorted(kinds))}")
    left_out = frozenset(FaultKind(name) for name in names)
    return Setting(seed, left_out, faults_max, sessions_max, SHARES[plain], hostile, SHARES[early])


def one(files: Sequence[Path], setting: Setting, trace: bool, as_json: bool) -> int:
    """Run one seed. Returns 1 if it fails."""
    subjects = subjects_of(files, as_json)
    if subjects is None:
        return 1
    ran = run(setting, subjects, keep=trace)
    text = [*ran.lines, *_told(ran, files)]
    if ran.broken and not trace:
        text += ["", *_told(shrink(ran, subjects), files)]
    if not ran.broken:
        text += never_settled_of(ran.ends, ran.reasons)
    show(_data(ran), as_json, "\n".join(text))
    return 1 if ran.broken else 0


def many(files: Sequence[Path], setting: Setting, span: SeedRange, as_json: bool) -> int:
    """Run seeds until all are done, the time is over, or one fails. Returns 1 if one fails or a mark was not reached; 6
    if a choreography has no settled saga."""
    subjects = subjects_of(files, as_json)
    if subjects is None:
        return 1
    began, sum = time.monotonic(), Sum()
    pace = Pace(began, sys.stderr.isatty() and not as_json)
    for ran in _runs(files, subjects, setting, span):
        sum.add(ran)
        pace.shown(sum)
        if ran.broken:
            break
    pace.end()
    seconds = time.monotonic() - began
    missing = unreached(sum.marks, sum.seeds) if sum.seeds >= _marked_from and not sum.failed else []
    text = [_figures(sum, seconds)]
    for ran in sum.failed[:1]:
        text += ["", *_told(ran, files), "", "made smaller:", *_told(shrink(ran, subjects), files)]
    if missing:
        text += ["", "NOT REACHED, so these seeds do not show what they should:", *(f"  {line}" for line in missing)]
    never = never_settled_of(sum.ends, sum.reasons) if not sum.failed else []
    if never:
        text += ["", *never]
    data: dict[str, Any] = {"seeds": sum.seeds, "sessions": sum.sessions, "seconds": seconds}
    data |= {"faults": dict(sum.faults)}
    data |= {"marks": {name: sum.marks[name] for name in REQUIRED}, "failed": [_data(ran) for ran in sum.failed]}
    data |= {"settled": sum.settled, "never_settled": never}
    show(data, as_json, "\n".join(text))
    if sum.failed or (missing and not never):
        return 1
    return EXIT if never else 0


def subjects_of(files: Sequence[Path], as_json: bool = False) -> list[Subject] | None:
    """The choreographies that can be started, from files and directories, in a stable order. None if a file is refused,
    which has been reported."""
    found = [file for path in files for file in (sorted(path.glob("*.py")) if path.is_dir() else [path])]
    subjects = []
    for file in found:
        result = compiled(file)
        if file not in files and {found.code for found in result.diagnostics} == {NO_CHOREOGRAPHY}:
            continue  # a directory holds other files, too
        if not result.ok:
            refused(result, as_json)
            return None
        root = str(root_of(file))
        if root not in sys.path:
            sys.path.insert(0, root)
        for choreography in result.choreographies[-1:]:  # those before it are called by it
            if choreography.initiator is not None:
                module = importlib.import_module(choreography.module)
                table, arguments = getattr(module, "WORKERS", None), getattr(module, "ARGUMENTS", ())
                source = (file.resolve(), root_of(file))
                subjects.append(Subject(choreography, table, arguments, source))
    if not subjects:
        raise OperatorError(NOTHING_TO_RUN, f"in {', '.join(map(str, files))}")
    return subjects


_subjects: list[Subject] = []
"""The choreographies of a child process that runs seeds."""


def _prepare(files: Sequence[Path]) -> None:
    _subjects.extend(subjects_of(files) or ())


def _run_here(setting: Setting) -> Ran:
    return run(setting, _subjects)


def _runs(files: Sequence[Path], subjects: Sequence[Subject], setting: Setting, span: SeedRange) -> Iterator[Ran]:
    seeds = span.seeds(time.monotonic() + span.seconds)
    if span.jobs == 1:
        yield from (run(setting.smaller(seed=seed), subjects) for seed in seeds)
        return
    with ProcessPoolExecutor(span.jobs, initializer=_prepare, initargs=(files,)) as pool:
        under_way: set[Future[Ran]] = set()
        for seed in seeds:
            under_way.add(pool.submit(_run_here, setting.smaller(seed=seed)))
            if len(under_way) >= 2 * span.jobs:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in under_way)


class Pace:
    """A progress line; if there is no terminal, a line now and then."""

    def __init__(self, began: float, live: bool) -> None:
        self._began, self._live, self._next = began, live, began + (1.0 if live else 30.0)

    def shown(self, sum: Sum) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (1.0 if self._live else 30.0)
        rate = sum.seeds / (now - self._began)
        text = f"{sum.seeds:,} seeds, {rate:.1f}/s, {sum.sessions:,} sagas, {sum.faults.total():,} faults"
        print(f"\r\x1b[K{text}" if self._live else text, end="" if self._live else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._live:
            print(end="\r\x1b[K", file=sys.stderr, flush=True)


def _figures(sum: Sum, seconds: float) -> str:
    rate = sum.seeds / seconds if seconds else 0.0
    ends = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(sum.outcomes.items()))
    faults = ", ".join(f"{name} {count:,}" for name, count in sum.faults.most_common())
    marks = ", ".join(f"{name} {sum.marks[name]:,}" for name in REQUIRED)
    return "\n".join(
        [
            f"{sum.seeds:,} seeds in {seconds:.0f} s, {rate:.1f} a second; {sum.virtual_s / 3600:.1f} simulated hours",
            f"{sum.sessions:,} sagas; at their roles {ends}",
            f"{sum.faults.total():,} faults: {faults}",
            f"reached: {marks}",
            f"{len(sum.failed)} failed",
        ]
    )


def _told(ran: Ran, files: Sequence[Path]) -> list[str]:
    ends = ", ".join(f"{count} {outcome}" for outcome, count in sorted(ran.outcomes.items()))
    faults = f"{sum(ran.faults.values())} faults, digest {ran.digest}"
    told = f"seed {ran.setting.seed}: {ran.sessions} sagas ({ends}), {faults}"
    if not ran.broken:
        return [told]
    command = ran.setting.command([*map(str, files)])
    return [f"{told}, FAILED", *(f"  {text}" for text in ran.broken[:8]), f"  {command}"]


def _data(ran: Ran) -> dict[str, Any]:
    return {
        "seed": ran.setting.seed,
        "broken": list(ran.broken),
        "digest": ran.digest,
        "sessions": ran.sessions,
        "outcomes": dict(ran.outcomes),
        "faults": dict(ran.faults),
        "trace": list(ran.lines),
    }
