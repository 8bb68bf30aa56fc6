"""One program in every reading, and what its roles see in each: `known` writes the programs.

The readings are the direct one, projections in any order, `testing.Saga`, one with a crash and so a replay, and the
simulator. All have to see the same, and so have all owners of a name. `python -m tests.language.known_everywhere
--minutes 60` looks for differences for so long, and ends with a line that counts the programs and what became of them:
"same", "ended" (a value has no form of its type that says the same, and every reading refuses it), "refused" by
`check`, and "different".
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accompanist.language import direct
from accompanist.language.compile import compile_file
from accompanist.language.program.load import load
from accompanist.language.program.program import Choreography
from accompanist.language.text.diagnostic import render
from accompanist.language.values import codec
from accompanist.simulation.clusters.faults import FaultKind
from accompanist.simulation.clusters.run import Setting
from accompanist.simulation.clusters.run import run as simulated
from accompanist.simulation.clusters.subject import Subject
from accompanist.testing import Saga
from tests.language.known import Author
from tests.language.programs import World, read

Sight = tuple[str, str, str]
"""A role, what it looked at, and how it looks."""


def arguments(seed: int) -> dict[str, Any]:
    """What a client starts it with."""
    chance = random.Random(f"{seed}/arguments")
    zones = [None, UTC, timezone(timedelta(hours=2)), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")]
    choices: dict[str, list[Any]] = {
        "n": [0, 1, 2, 7, 2**53 + 1, -4],
        "f": [0.0, -0.0, 1.0, 0.1, 1e16, -2.5],
        "s": ["", "x", "Straße", "a" * 40],
        "g": [True, False],
        "q": [b"", b"\0\xff"],
        "w": [datetime(2024, 10, 27, 2, 30, tzinfo=zone) for zone in zones],
        "d": [date(2024, 2, 29), date(1, 1, 1)],
        "e": [Decimal("1.10"), Decimal("0"), Decimal("1E+3"), Decimal("-0")],
        "u": [UUID(int=5), UUID(int=2**127)],
        "k": [1, 2],
    }
    return {name: chance.choice(options) for name, options in choices.items()}


class Difference(AssertionError):
    """Two who should have seen the same did not."""


def look(author: Author, folder: Path, seed: int, simulate: bool = False) -> str:
    """Run one program in every way: "same", "refused" by check, or "ended" where a value has no form. Raises
    Difference."""
    module = f"known_{author.seed}"
    path = folder / f"{module}.py"
    path.write_text(author.text)
    try:
        result = compile_file(str(path), root=str(folder), read=read)
        if not result.ok:
            return "refused\n" + "\n".join(render(one) for one in result.diagnostics)
        return _compared(result.choreographies[-1], path, seed, simulate)
    finally:
        path.unlink()
        sys.modules.pop(module, None)


def _compared(choreography: Choreography, path: Path, seed: int, simulate: bool) -> str:
    given = arguments(seed)
    importlib.invalidate_caches()
    wanted: set[Sight] = set()
    typed = {
        name: codec.decode(codec.encode(given[name]), kind)
        for name, kind in load(choreography, "a").parameter_types.items()
    }
    try:
        told = direct.run(choreography, typed, direct.workers(_workers(choreography, wanted)))
        result, ended = told.result, False
    except codec.EncodeError:
        result, ended = None, True
    if not ended:
        _alike(wanted)
    _projected(choreography, given, wanted, result, ended, seed)
    for crash in (None, *_crashes(seed)):
        _saga(choreography, path, given, wanted, result, ended, crash)
    if simulate:
        _simulated(choreography, given, wanted, ended, seed)
    return "ended" if ended else "same"


def _workers(choreography: Choreography, saw: set[Sight]) -> dict[str, Callable[..., Any]]:
    made: dict[str, Callable[..., Any]] = {}
    for role in choreography.roles:
        for name in choreography.projections[role].operations:
            made[f"{role}.{name}"] = _seeing(role, saw) if name == "see" else lambda x: x
    return made


def _seeing(role: str, saw: set[Sight]) -> Callable[..., int]:
    def see(label: str, text: str) -> int:
        saw.add((role, label, text))
        return 0

    return see


def _alike(saw: set[Sight]) -> None:
    """A name that was seen once has one look, whoever saw it."""
    looks: dict[str, set[str]] = {}
    for _, label, text in saw:
        if not label.startswith(("then", "else")) and " " not in label:
            looks.setdefault(label, set()).add(text)
    for label, texts in looks.items():
        if len(texts) > 1:
            raise Difference(f"{label} is {' and '.join(sorted(texts))}")


def _same(how: str, saw: set[Sight], wanted: set[Sight]) -> None:
    if saw != wanted:
        raise Difference(f"{how}: {sorted(saw - wanted)} instead of {sorted(wanted - saw)}")


def _projected(
    choreography: Choreography, given: Mapping[str, Any], wanted: set[Sight], result: Any, ended: bool, seed: int
) -> None:
    saw: set[Sight] = set()
    try:
        world = World(choreography, given, direct.workers(_workers(choreography, saw)), seed).run()
    except codec.EncodeError as problem:
        if not ended:
            raise Difference(f"projections: {problem}") from None
        return
    if ended or world.stuck:
        raise Difference(f"projections: stuck {world.stuck}, and to be refused: {ended}")
    _same("projections", saw, wanted)
    for role in choreography.result_owners:
        if repr(world.results[role]) != repr(result):
            raise Difference(f"the result at {role} is {world.results[role]!r} instead of {result!r}")


def _crashes(seed: int) -> list[tuple[str, str]]:
    chance = random.Random(f"{seed}/crashes")
    return [(chance.choice("abc"), chance.choice(["before commit", "after commit", "after call"]))]


def _saga(
    choreography: Choreography,
    path: Path,
    given: Mapping[str, Any],
    wanted: set[Sight],
    result: Any,
    ended: bool,
    crash: tuple[str, str] | None,
) -> None:
    saw: set[Sight] = set()
    how = f"Saga{'' if crash is None else f', with a crash of {crash[0]} {crash[1]}'}"
    saga = Saga(path, choreography.name, workers=_workers(choreography, saw), arguments=given)
    try:
        (saga if crash is None else saga.crash(*crash)).run()
    except AssertionError as problem:
        undone = ended and "ACC833" in str(problem)  # which is said of a saga that nothing but its own program undid
        if not (undone or str(problem).startswith("the crash of")):
            raise Difference(f"{how}: {problem}") from None
    if saga.outcome != ("ended" if ended else "settled"):
        raise Difference(f"{how}: {saga.outcome} {saga.reason}")
    if not ended:
        _same(how, saw, wanted)
        if repr(saga.result) != repr(result):
            raise Difference(f"{how}: the result is {saga.result!r} instead of {result!r}")


def _simulated(
    choreography: Choreography, given: Mapping[str, Any], wanted: set[Sight], ended: bool, seed: int
) -> None:
    saw: set[Sight] = set()
    # what is declined differs between the sagas of a simulation, and `attempt` makes it a value
    setting = Setting(seed, frozenset({FaultKind.DECLINES}), hostile=False)
    ran = simulated(setting, [Subject(choreography, _workers(choreography, saw), [given])])
    if ran.broken:
        raise Difference(f"simulator: {'; '.join(ran.broken)}")
    if not ended and not saw <= wanted:
        raise Difference(f"simulator: {sorted(saw - wanted)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for values that are not the same at all who know them.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1_000_000)
    asked = parser.parse_args()
    begun, seed, ends = time.monotonic(), asked.seed, Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sys.path.insert(0, name)
        while time.monotonic() < begun + asked.minutes * 60:
            author = Author(seed)
            try:
                ends[look(author, folder, seed, simulate=seed % 40 == 0).partition("\n")[0]] += 1
            except Exception as problem:
                ends["different"] += 1
                _say(f"seed {seed}: {type(problem).__name__} {problem}\n")
            seed += 1
            if seed % 500 == 0:
                _say(f"{time.monotonic() - begun:.0f} s, {dict(ends)}")
    _say(f"{sum(ends.values())} programs in {time.monotonic() - begun:.0f} s: {dict(ends)}")
    return 1 if ends["different"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
