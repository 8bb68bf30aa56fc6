"""The environment of a simulated cluster: awaited events are sent at random times, and time passes."""

from __future__ import annotations

from collections import Counter

import pytest

from accompanist.cli.simulate import subjects_of
from accompanist.simulation.clusters import outside
from accompanist.simulation.clusters.faults import FaultKind
from accompanist.simulation.clusters.run import Setting, run
from tests.language.programs import ROOT

HERE = ROOT / "tests" / "simulation"


def marks(name: str, seeds: int, without: frozenset[FaultKind] = frozenset()) -> Counter[str]:
    subjects = subjects_of([HERE / f"{name}.py"])
    assert subjects is not None
    reached: Counter[str] = Counter()
    for seed in range(seeds):
        ran = run(Setting(seed, without), subjects)
        assert not ran.broken, (seed, ran.broken)
        reached += ran.marks
    return reached


def test_what_programs_ask_for_is_told_early_and_late_and_in_vain() -> None:
    reached = marks("hears", 12)
    for name in ("settled", "ended", "event early", "event told", "time passes", "waits for what nobody sends"):
        assert reached[name], name


def test_a_program_that_waits_for_what_nobody_sends_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits, is told in the end, and settles."""
    monkeypatch.setattr(outside, "_told_of_all", 0.0)
    reached = marks("hears", 3, frozenset(FaultKind))
    assert reached["waits for what nobody sends"] == 3
    assert reached["settled"]


def test_a_night_is_slept_and_a_whole_number_is_given_for_a_fraction() -> None:
    """The direct reading has 1.0 where 1 was sent: what was sent is what is compared."""
    reached = marks("lingers", 4)
    assert reached["settled"] and reached["time passes"]
