"""Finds deliberate bugs by simulation: within how many seeds, and with which findings of the judges.

`tests/simulation/planted.py` has bugs of our own code, `tests/simulation/holes.py` those that a hostile service finds.
Not promised: that a bug of another kind would be found.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from accompanist.simulation.clusters.run import Ran, Setting, run
from tests.simulation.subjects import subjects


@dataclass(frozen=True)
class Plant:
    """A bug: where it is put, instead of what, and within how many seeds it has to be found."""

    name: str
    about: str
    seeds_max: int
    patches: Callable[[], Sequence[Any]]
    quick: bool = True
    """Whether it is found fast enough for every run of the tests."""
    only: str = ""
    """The choreography that shows it best."""
    plain: bool | None = None
    """Whether the workers have no fence."""
    hostile: bool = False
    """Whether a hostile service is needed to show it."""
    early: bool | None = None
    """Whether messages are handed over early."""
    says: str = ""
    """What the judges have to say of it, where they may say other things."""

    @contextmanager
    def grown(self) -> Iterator[None]:
        with ExitStack() as stack:
            for one in self.patches():
                stack.enter_context(one)
            yield


SHOWN_BY = {
    "vote-told-early": 38,
    "no-tombstone": 7,
    "close-left-out": 16,
    "marks-all": 11,
    "undone-forwards": 11,
    "taken-at-once": 5,
    "inbox-forgotten": 13,
    "query-unrecorded": 2,
    "contacts-uncounted": 10,
    "shards-kept": 5,
    "silence-is-success": 5,
    "leavings": 107,
    "hands": 283,
    "headers": 22,
    "squats": 46,
    "declines-believed": 25,
    "votes": 10,
    "ends": 50,
    "keys-of-a-version": 7,
}
"""By the name of a bug, the first seed that shows it."""


def found(plant: Plant, first: int = 0) -> tuple[int, Ran] | None:
    """After how many seeds it was found, and the run that found it. A seed that breaks without the plant, too, shows
    nothing of it. `first`: the seed to look at before all others."""
    for seed in (first, *(seed for seed in range(plant.seeds_max) if seed != first)):
        setting = Setting(seed, plain=plant.plain, hostile=plant.hostile, early=plant.early)
        with plant.grown():
            ran = run(setting, subjects(plant.only))
        if own := [broken for broken in ran.broken if "AttributeError" in broken]:
            raise AssertionError(f"{plant.name} does not fit the code any more: {own[0]}")
        if any(plant.says in broken for broken in ran.broken) and not run(setting, subjects(plant.only)).broken:
            return seed + 1, ran
    return None


def search(names: Sequence[str], plants: Sequence[Plant]) -> int:
    """Look for the plants of these names, or for all, and write what was found. Returns the exit code: 1 if one was
    missed."""
    missed = 0
    for plant in plants:
        if names and plant.name not in names:
            continue
        began = time.perf_counter()
        caught = found(plant)
        seconds = time.perf_counter() - began
        if caught is None:
            missed += 1
            sys.stdout.write(f"{plant.name:22} MISSED in {plant.seeds_max} seeds, {seconds:.0f} s\n")
        else:
            seeds, ran = caught
            told = f"{seeds:3} of {plant.seeds_max} seeds, {seconds:5.1f} s: {ran.broken[0][:110]}"
            sys.stdout.write(f"{plant.name:22} {told}\n")
        sys.stdout.flush()
    return 1 if missed else 0
