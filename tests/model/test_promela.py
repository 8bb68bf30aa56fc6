"""The second search of the same sagas, by SPIN: what is exported, and that both searches come to the same.

`make cross-check` compares them all; here it is the ring, where SPIN is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from accompanist.simulation.search.explore import Explorer, FaultBudget
from tests.model import cross_check, spin
from tests.model.cross_check import DECLINES, compared, dropped
from tests.model.promela import model, recorded
from tests.model.searched import explorer
from tests.runtime import sagas

GOLDEN = Path(__file__).with_name("lone.promela.txt")
NEEDS_SPIN = pytest.mark.skipif(bool(spin.missing()), reason=spin.missing())
NOT_NEEDED = ["ring without abort from b to a", "ring without abort from b to c", "ring without abort from c to a"]
"""Of these aborts each receiver hears from another role, too."""


def exported() -> str:
    """One role that does one thing, or declines to."""
    searched = recorded(explorer(sagas.lone(), FaultBudget(crashes=0, declines=1)))
    searched.explore()
    return "\n".join(f"/* {name} */\n{text}" for name, text in model(searched).items())


def test_a_small_saga_is_exported_as_it_was() -> None:
    """After a change that is meant, write `exported()` to the file and read the difference."""
    assert exported() == GOLDEN.read_text()


@pytest.mark.parametrize(
    "searched",
    [
        explorer(sagas.lone(), FaultBudget(crashes=0, declines=0, lies=1)),
        explorer(sagas.lone(), FaultBudget(), plain=True),
    ],
    ids=["lies", "plain"],
)
def test_what_is_not_exported_is_refused(searched: Explorer) -> None:
    with pytest.raises(ValueError, match="not exported"):
        recorded(searched)


def test_the_search_that_is_exported_is_the_full_one() -> None:
    reduced = explorer(sagas.ring(), DECLINES)
    assert recorded(reduced).explore().states == replace(reduced, reduced=False).explore().states


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert cross_check.main() == 1
    told = capsys.readouterr().err
    assert told == (
        "spin and a C compiler not found; on Debian: apt-get install --no-install-recommends spin gcc libc6-dev\n"
    )


@NEEDS_SPIN
def test_both_find_the_same_of_the_ring() -> None:
    found = compared("ring", explorer(sagas.ring(), DECLINES))
    assert found.alike and found.ends and found.spin.states == 1070, found.line()


@NEEDS_SPIN
@pytest.mark.slow
def test_a_message_that_is_dropped_is_missed_by_both_or_by_none() -> None:
    found = {name: compared(name, explorer(sagas.ring(), DECLINES), number) for number, name in dropped()}
    assert all(one.alike for one in found.values()), "\n".join(one.line() for one in found.values())
    assert [name for name, one in found.items() if one.spin.ends] == NOT_NEEDED
    assert len(found) == 16


@NEEDS_SPIN
def test_spin_finds_the_run_that_stops_by_itself() -> None:
    """The explorer has searched the whole ring, and a message is dropped from what is exported."""
    searched = recorded(explorer(sagas.ring(), DECLINES))
    report = searched.explore()
    searched.lost = next(number for number, name in dropped() if "settled from a to b" in name)
    found = cross_check.Comparison("ring", spin.check(model(searched)), report, 0.0)
    assert found.ends and not found.spin.ends and not found.alike
    assert found.line().startswith("NO ring")


@NEEDS_SPIN
def test_spin_finds_a_state_where_the_explorer_was_not() -> None:
    searched = recorded(explorer(sagas.lone(), FaultBudget(crashes=0, declines=1)))
    searched.explore()
    place, at = list(searched.taken)[-1]
    del searched.taken[place, at]
    assert not spin.check(model(searched)).known


@NEEDS_SPIN
@pytest.mark.parametrize(("differs", "code"), [(False, 0), (True, 1)])
def test_a_difference_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], differs: bool, code: int
) -> None:
    def every() -> Iterator[tuple[str, Explorer]]:
        yield "lone", explorer(sagas.lone(), FaultBudget(crashes=0, declines=1))

    check = spin.check
    monkeypatch.setattr(cross_check, "every", every)
    monkeypatch.setattr(cross_check, "dropped", lambda: iter(()))
    monkeypatch.setattr(spin, "check", lambda files: (found := check(files))._replace(states=found.states + differs))
    assert cross_check.main() == code
    assert f"s, {int(differs)} differ" in capsys.readouterr().out
