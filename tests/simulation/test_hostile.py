"""One service of a simulated cluster sends any message that its login allows, and does no harm to the others."""

from __future__ import annotations

from collections import Counter

import pytest

from accompanist.simulation.clusters.run import Ran, Setting, run
from tests.simulation.subjects import FILES, subjects

SEEDS = range(24)
MOVES = ("forged", "own", "ending", "ordered", "squatted", "smuggled", "replayed", "begun", "flooded")


@pytest.fixture(scope="module")
def lied_to() -> list[Ran]:
    return [run(Setting(seed, hostile=True), subjects()) for seed in SEEDS]


def test_one_that_lies_harms_nobody_else(lied_to: list[Ran]) -> None:
    broken = [(ran.setting, ran.broken) for ran in lied_to if ran.broken]
    assert not broken, f"{broken[0][1]}\n{broken[0][0].command(FILES)}"


def test_it_says_everything_and_sagas_end_all_the_same(lied_to: list[Ran]) -> None:
    marks: Counter[str] = Counter()
    for ran in lied_to:
        marks += ran.marks
    wanted = [*(f"lies {move}" for move in MOVES), "lies to another database", "lie stored", "settled", "ended"]
    assert [name for name in wanted if not marks[name]] == []


def test_a_seed_with_a_liar_is_a_run(lied_to: list[Ran]) -> None:
    again = run(Setting(3, hostile=True), subjects())
    assert (again.digest, again.marks) == (lied_to[3].digest, lied_to[3].marks)


def test_the_command_repeats_it() -> None:
    assert Setting(7, hostile=True).command(["orders.py"]) == "accompanist simulate orders.py --seed 7 --hostile"
