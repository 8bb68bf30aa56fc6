"""`accompanist verify FILE`: searches every schedule of a choreography within a bound.

The search runs the sidecar's session cores with fake workers: every interleaving, every crash point, every decline. It
covers workers with a fence, and without one, where calls may also be late, repeated, or declined after they were
executed. It either finds a schedule that breaks a promise, and prints it as a sequence diagram, or says that there is
none within the bound, and what the bound leaves out.

Unlike `check`, this imports the module, for its message types and @pure functions.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accompanist.cli.check import refused
from accompanist.cli.output import show
from accompanist.cli.project import chosen
from accompanist.cli.source import compiled, root_of
from accompanist.errors import OperatorError, catalogue
from accompanist.language.program.load import load
from accompanist.simulation import settling
from accompanist.simulation.search import diagram
from accompanist.simulation.search.explore import FaultBudget, SearchBounds
from accompanist.simulation.search.properties import PLAIN, Property
from accompanist.simulation.search.verify import Progress, ScenarioSearch, Verification, in_what, in_words, verify

NO_FAKES = catalogue(
    "ACC830",
    "no fake workers in the file",
    "`verify --workers` reads a Python file that defines WORKERS, a dict of functions by 'role.operation' or of "
    "objects by role, and may define ARGUMENTS, a list of dicts of parameters. This one has none, or does not load.",
    "Define WORKERS there, or leave --workers out, and replies are generated.",
)
DECLINES = {"all": sys.maxsize, "one": 1, "none": 0}


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What is asked for."""

    choreography: str
    faults: FaultBudget
    bounds: SearchBounds
    workers: Path | None
    mermaid: bool
    plain: tuple[bool, ...] = (False, True)
    """Which workers to search: without a fence (True), with one (False), or both."""


def run(file: Path, wanted: VerifyRequest, as_json: bool) -> int:
    """Search, and return the exit code: 0 if everything holds within the bound; 1 if not, or if the file is refused; 5
    if the search was stopped early, and what it saw holds; 6 if everything holds but no run settled."""
    result = compiled(file)
    if not result.ok:
        return refused(result, as_json)
    choreography = chosen(result.choreographies, wanted.choreography, file)
    root = str(root_of(file))
    if root not in sys.path:
        sys.path.insert(0, root)
    programs = {role: load(choreography, role) for role in choreography.roles}
    fakes, arguments = _fakes(wanted.workers) if wanted.workers is not None else (None, [])
    progress = None if as_json or not sys.stderr.isatty() else _progress()
    verdict = verify(
        programs,
        wanted.faults,
        wanted.bounds,
        fakes=fakes,
        arguments=arguments,
        progress=progress,
        plain=wanted.plain,
    )
    if progress is not None:
        print(end="\r\x1b[K", file=sys.stderr)
    show(_data(verdict, choreography.roles), as_json, _text(choreography.name, choreography.roles, verdict, wanted))
    if verdict.broken is not None:
        return 1
    if not verdict.complete:
        return 5
    return 0 if verdict.settled else settling.EXIT


def _fakes(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """WORKERS and ARGUMENTS of a file. Python's bytecode cache is not used, because it misses a change within a second
    that keeps the file's size. Raises OperatorError."""
    name = f"fakes_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None:
        raise OperatorError(NO_FAKES, f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pickle looks here for the classes of stateful fakes
    try:
        exec(compile(file.read_bytes(), file, "exec", dont_inherit=True), vars(module))
    except Exception as problem:
        raise OperatorError(NO_FAKES, f"{file} does not load: {type(problem).__name__}: {problem}") from problem
    if not isinstance(getattr(module, "WORKERS", None), dict):
        raise OperatorError(NO_FAKES, f"{file} does not define WORKERS")
    return module.WORKERS, list(getattr(module, "ARGUMENTS", []))


def _progress() -> Progress:
    def shown(states: int, waiting: int, seconds: float) -> None:
        text = f"\r\x1b[K{states:,} states met, {waiting:,} to look at, {seconds:.0f} s"
        print(end=text, file=sys.stderr, flush=True)

    return shown


def _text(name: str, roles: tuple[str, ...], verdict: Verification, wanted: VerifyRequest) -> str:
    lines = [f"{name}: at most {in_words(verdict.faults)} in one run"]
    for number, one in verdict.numbered():
        lines.append(f"  scenario {number}{in_what(one)}: {_searched(one)}")
    if verdict.broken is None and not verdict.complete:
        lines += ["", f"NOT FINISHED: {_left_out(verdict, wanted)}"]
    if verdict.broken is None and verdict.searched and not (verdict.settled and verdict.ended):
        ended = None if verdict.complete else verdict.ended
        lines += ["", *settling.never_settled(verdict.reasons, ended=ended, met=verdict.ended)]
    if verdict.broken is None and verdict.good and not verdict.searches_settled:
        lines += ["", "a run without faults settles; the searches met no end of that kind within the bound"]
    if verdict.broken is None and verdict.searched:
        what = "everything that was searched"
        if verdict.ended and not verdict.settled:
            what = "sagas that are undone, and no others were seen"
        lines += ["", f"holds, in {what}:", *_held(verdict)]
    if verdict.broken is not None:
        lines += ["", *_broken(roles, verdict.broken, wanted.mermaid)]
    lines += ["", "not explored:", *(f"  {left}" for left in verdict.unexplored())]
    if verdict.broken is None and verdict.unreached and wanted.workers is None:
        lines += ["", "replies were made up; --workers FILE gives others, that lead where no run came"]
    return "\n".join(lines)


def _held(verdict: Verification) -> list[str]:
    """The properties that hold; without a fence some are weaker."""
    lines = [f"  {held.value}" for held in Property if held is not Property.REFINES]
    if verdict.refined:
        where = " where workers have a fence" if any(one.plain for one in verdict.searched) else ""
        lines.append(f"  refines the proved protocol: {verdict.refined:,} steps{where}")
    if any(one.plain for one in verdict.searched):
        lines += ["where workers have no fence, of these only:", *(f"  {less}" for less in PLAIN.values())]
    return lines


def _left_out(verdict: Verification, wanted: VerifyRequest) -> str:
    """A line that says what was not explored, and how to search less."""
    if not verdict.searched:
        return "nothing was searched, since no made-up replies lead to an end; give real ones with --workers FILE"
    less = " or ".join(_narrower(verdict, wanted))
    return f"{finished(verdict)}; ask for less with {less}, or for more with --states-max or --seconds"


def finished(verdict: Verification) -> str:
    """How many searches were completed, and why the others were not."""
    stopped = sum(not one.report.complete for one in verdict.searched)
    whole, known = len(verdict.searched) + verdict.skipped, len(verdict.searched) - stopped
    left = [f"{stopped} {'was' if stopped == 1 else 'were'} stopped"] if stopped else []
    left += [f"{verdict.skipped} did not begin"] if verdict.skipped else []
    return f"{known} of {whole} searches finished; {', '.join(left)}"


def _narrower(verdict: Verification, wanted: VerifyRequest) -> list[str]:
    """Options that make the search smaller, the most effective first."""
    options = ["--fenced"] if len(wanted.plain) > 1 else []
    options += ["--crashes 0"] if wanted.faults.crashes else []
    options += ["--declines none"] if wanted.faults.declines else []
    options += ["--lost 0"] if wanted.faults.lost_answers else []
    scenarios = {one.scenario.arguments for one in verdict.searched}
    return options + (
        [] if wanted.workers is not None and len(scenarios) < 2 else ["--workers FILE with one of ARGUMENTS"]
    )


def _searched(one: ScenarioSearch) -> str:
    report = one.report
    ends = ", ".join(f"{count} {outcome}" for outcome, count in sorted(report.ends.items())) or "none"
    return (
        f"{report.states:,} states, {report.steps:,} steps, {report.depth} deep, {report.seconds:.1f} s; ends: {ends}\n"
        f"    start {one.scenario.arguments.decode()}"
    )


def _broken(roles: tuple[str, ...], one: ScenarioSearch, mermaid: bool) -> list[str]:
    broken, schedule = one.report.broken, one.report.schedule
    assert broken is not None
    draw = diagram.mermaid if mermaid else diagram.text
    return [f"broken: {broken.property.value}", f"  {broken.text}", "", draw(roles, schedule)]


def _data(verdict: Verification, roles: tuple[str, ...]) -> dict[str, Any]:
    broken = verdict.broken
    found = None
    if broken is not None and broken.report.broken is not None:
        found = {
            "property": broken.report.broken.property.name,
            "text": broken.report.broken.text,
            "schedule": [
                {"role": step.role, "text": step.text, "sent": [[m.kind, m.site, m.receiver] for m in step.sent]}
                for step in broken.report.schedule
            ],
            "mermaid": diagram.mermaid(roles, broken.report.schedule),
        }
    return {
        "holds": broken is None and bool(verdict.settled),
        "complete": verdict.complete,
        "settled": verdict.settled,
        "reasons": dict(verdict.reasons),
        "broken": found,
        "states": verdict.states,
        "refined": verdict.refined,
        "faults": verdict.faults._asdict(),
        "scenarios": [
            {
                "start": one.scenario.arguments.decode(),
                "fence": not one.plain,
                "states": one.report.states,
                "steps": one.report.steps,
                "depth": one.report.depth,
                "seconds": one.report.seconds,
                "ends": dict(one.report.ends),
                "stopped": one.report.stopped,
            }
            for one in verdict.searched
        ],
        "unexplored": verdict.unexplored(),
    }
