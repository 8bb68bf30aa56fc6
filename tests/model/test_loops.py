"""A search's made-up arguments and replies turn loops: not at all, once and twice."""

from __future__ import annotations

from pathlib import Path

from accompanist.simulation.search.explore import FaultBudget, SearchBounds
from accompanist.simulation.search.verify import Verification, verify
from accompanist.testing.source import programs_of

WAITING = Path(__file__).parents[1] / "testing" / "sagas" / "waiting.py"


def searched(name: str) -> Verification:
    verdict = verify(programs_of(WAITING, name), FaultBudget(crashes=0, declines=1), SearchBounds(50_000, 60.0))
    assert verdict.complete and verdict.settled and not verdict.unreached
    return verdict


def turns(verdict: Verification, site: str) -> set[int]:
    """How often a loop was come to at a site of it, at most, in each scenario."""
    found = ([at for at in one.report.sites if at.startswith(f"{site}[")] for one in verdict.searched)
    return {max((int(at.partition("[")[2].partition("]")[0]) for at in sites), default=0) for sites in found}


def test_replies_change_after_the_first_turn() -> None:
    assert turns(searched("dinner"), "3") == {1, 2}


def test_lists_have_no_item_one_and_two() -> None:
    verdict = searched("round_of")
    assert {1, 2} <= turns(verdict, "2") | turns(verdict, "1")
    assert any(b"[]" in one.scenario.arguments for one in verdict.searched)
