"""Deliberate bugs are found, and a run that found one is made smaller. `make simulate-planted` looks for all of them,
from the first seed on."""

from __future__ import annotations

import pytest

from accompanist.simulation.clusters.run import Setting, run
from accompanist.simulation.clusters.shrink import shrink
from tests.sidecar import test_late_answers
from tests.simulation.holes import HOLES
from tests.simulation.planted import LATE_NEWS, PLANTED
from tests.simulation.planting import SHOWN_BY, Plant, found
from tests.simulation.subjects import subjects


@pytest.mark.search
@pytest.mark.parametrize("plant", [plant for plant in (*PLANTED, *HOLES) if plant.quick], ids=lambda plant: plant.name)
def test_a_planted_bug_is_found(plant: Plant) -> None:
    caught = found(plant, first=SHOWN_BY.get(plant.name, 0))
    assert caught is not None, f"{plant.about}: not found in {plant.seeds_max} seeds"


def test_the_seeds_that_show_a_bug_are_of_bugs_and_within_their_bound() -> None:
    bounds = {plant.name: plant.seeds_max for plant in (*PLANTED, *HOLES)}
    assert all(seed < bounds[name] for name, seed in SHOWN_BY.items())


def test_a_failing_run_is_made_smaller() -> None:
    plant = next(plant for plant in PLANTED if plant.name == "fence-forgets")
    with plant.grown():
        ran = next(ran for seed in range(plant.seeds_max) if (ran := run(Setting(seed), subjects())).broken)
        small = shrink(ran, subjects())
        assert small.broken
        assert sum(small.faults.values()) < sum(ran.faults.values())
        assert small.setting != ran.setting
        again = run(small.setting, subjects())
    assert (again.broken, again.digest) == (small.broken, small.digest)


async def test_late_answers_are_found_where_they_are_arranged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Epochs, write-once rows and keyed calls mask this one from most seeds; here the lease is held all the time."""
    with LATE_NEWS.grown(), pytest.raises(AssertionError):
        await test_late_answers.test_a_session_was_read_before_its_shard_was_anothers(monkeypatch)
