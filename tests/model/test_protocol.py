"""The session protocol holds: every schedule of small sagas on the real core, within bounds that are stated here."""

from __future__ import annotations

import pytest

from accompanist.language.program.program import RoleProgram
from accompanist.simulation.search.explore import FaultBudget
from accompanist.simulation.search.state import Rules
from tests.model import switched
from tests.model.searched import explorer, holds
from tests.runtime import sagas

Programs = dict[str, RoleProgram]


@pytest.mark.parametrize("crashes", [0, 1, 2])
def test_one_role_under_all_faults(crashes: int) -> None:
    faults = FaultBudget(crashes, lost_answers=1, declines=1, deadlines=1, cancels=1)
    assert set(holds(explorer(sagas.lone(), faults)).ends) == {"settled", "ended"}


@pytest.mark.parametrize(
    "faults",
    [
        FaultBudget(crashes=1, declines=1),
        FaultBudget(crashes=0, declines=9, cancels=1),
        FaultBudget(crashes=0, lost_answers=1),
    ],
)
@pytest.mark.parametrize("saga", ["ring", "fork", "recorded"])
def test_three_roles(saga: str, faults: FaultBudget) -> None:
    programs: Programs = getattr(sagas, saga)()
    assert set(holds(explorer(programs, faults)).ends) == {"settled", "ended"}


@pytest.mark.parametrize("saga", ["ring", "fork", "recorded"])
def test_a_crash_alone_undoes_nothing(saga: str) -> None:
    programs: Programs = getattr(sagas, saga)()
    assert set(holds(explorer(programs, FaultBudget(crashes=2, declines=0))).ends) == {"settled"}


def test_a_core_that_gives_up_after_a_crash_breaks_no_property() -> None:
    """It is seen by how its runs end."""
    rules = Rules(core=switched.GivesUpAfterACrash)
    assert "ended" in holds(explorer(sagas.fork(), FaultBudget(crashes=1, declines=0), rules)).ends


def test_a_branch_that_runs_beside() -> None:
    holds(explorer(sagas.ring(pivot=False, concurrent_tail=True), FaultBudget(crashes=0, declines=9)))


@pytest.mark.search
@pytest.mark.parametrize(
    "faults",
    [
        FaultBudget(crashes=1, declines=0, lies=1),
        FaultBudget(crashes=0, lost_answers=1, declines=0, lies=1),
        FaultBudget(crashes=0, declines=9, cancels=1, lies=2),
    ],
    ids=str,
)
@pytest.mark.parametrize("saga", ["ring", "fork", "delivered", "relayed"])
@pytest.mark.parametrize("plain", [False, True])
def test_a_participant_may_abort_without_cause_at_any_time(saga: str, faults: FaultBudget, plain: bool) -> None:
    """Then all is undone, or nothing: what has passed its commit point does not hear of it."""
    programs: Programs = getattr(sagas, saga)()
    assert {"settled", "ended"} <= set(holds(explorer(programs, faults, plain=plain)).ends)


def test_the_same_search_finds_the_same() -> None:
    one, other = (holds(explorer(sagas.fork(), FaultBudget(crashes=0, declines=9))) for _ in range(2))
    assert (one.states, one.steps, one.ends) == (other.states, other.steps, other.ends)
