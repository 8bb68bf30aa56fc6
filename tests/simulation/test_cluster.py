"""Real sidecars in seeded clusters: a fast selection of seeds, the situations it must reach, and that a seed repeats
its run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from accompanist.cli.simulate import subjects_of
from accompanist.sidecar.tracing import Tracing
from accompanist.simulation.clusters.faults import FaultKind
from accompanist.simulation.clusters.marks import unreached
from accompanist.simulation.clusters.run import Ran, Setting, run
from tests.language.programs import ROOT
from tests.simulation.subjects import FILES, subjects

SEEDS = range(96)


@pytest.fixture(scope="module")
def slice() -> list[Ran]:
    return [run(Setting(seed), subjects()) for seed in SEEDS]


def test_nothing_breaks(slice: list[Ran]) -> None:
    broken = [(ran.setting.seed, ran.broken) for ran in slice if ran.broken]
    assert not broken, f"{broken[0][1]}\n{Setting(broken[0][0]).command(FILES)}"


def test_the_slice_reaches_what_can_go_wrong(slice: list[Ran]) -> None:
    """A slice in which nothing aborted, crashed or was taken over would show nothing."""
    marks: Counter[str] = Counter()
    for ran in slice:
        marks += ran.marks
    assert unreached(marks, len(slice)) == []


@pytest.mark.parametrize("seed", [301, 314, 333])
def test_honest_services_believe_one_another(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amid a deployment, too, after which clients repeat what they asked for."""
    refused: list[tuple[str, str]] = []
    monkeypatch.setattr(Tracing, "refused", lambda self, speaker, kind: refused.append((speaker, kind)))
    ran = run(Setting(seed, hostile=False), subjects())
    assert not ran.broken
    assert refused == []


@pytest.fixture(scope="module")
def digests() -> list[str]:
    return [run(Setting(seed), subjects()).digest for seed in range(3)]


def test_a_seed_is_a_run(digests: list[str]) -> None:
    assert [run(Setting(seed), subjects()).digest for seed in range(3)] == digests
    assert len(set(digests)) == 3


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_is_the_same_run_in_another_process(digests: list[str], hash_seed: str) -> None:
    program = (
        "from tests.simulation.subjects import subjects\n"
        "from accompanist.simulation.clusters.run import Setting, run\n"
        "import sys\n"
        "sys.stdout.write(' '.join(run(Setting(seed), subjects()).digest for seed in range(3)))"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == digests


def test_a_setting_says_how_to_repeat_it() -> None:
    setting = Setting(7, frozenset({FaultKind.PAUSE, FaultKind.CRASH}), 3, 2)
    told = setting.command(["orders.py"])
    assert told == "accompanist simulate orders.py --seed 7 --without crash,pause --faults-max 3 --sessions-max 2"


def test_a_directory_stands_for_what_can_be_started_in_it() -> None:
    found = subjects_of([ROOT / "workers/orders"])
    assert found is not None
    assert [subject.choreography.name for subject in found] == ["approve_order", "fulfil_order", "standing_order"]
