"""Schedules that the search broke the runtime with, kept where it was mended."""

from __future__ import annotations

import pytest

from accompanist.language.program.operations import Call, Program
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.session import Session
from accompanist.simulation.search.explore import FaultBudget
from accompanist.simulation.search.session import facts
from tests.model.searched import explorer, holds
from tests.runtime import sagas


def retriable_beside_its_pivot() -> dict[str, RoleProgram]:
    """One role: what can be undone, the pivot, and what may not fail any more."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        shipped = yield Call("2", "ship", {"value": done}, int)
        confirmed = yield Call("3", "confirm", {"value": shipped}, int)
        return confirmed

    confirm = sagas.transaction("confirm", None, retriable=True)
    operations = sagas.transaction("do") + sagas.transaction("ship", None) + confirm
    return sagas.saga({"a": (a, operations, set())}, commit_role="a", after_commit={"a": {"3"}})


def test_a_close_that_comes_after_the_pivot() -> None:
    """A deadline passes, a close is on its way for it, the sidecar dies; its successor, by whose clock the deadline is
    still to come, gets past the pivot; then the close arrives. So a deadline is a stable message before it counts."""
    holds(explorer(retriable_beside_its_pivot(), FaultBudget(crashes=1, declines=0, deadlines=1)))


def test_the_same_with_a_cancel_which_is_stable() -> None:
    holds(explorer(retriable_beside_its_pivot(), FaultBudget(crashes=1, lost_answers=1, declines=1, cancels=1)))


def test_two_sessions_that_remember_the_same_are_one_state() -> None:
    """What a session holds and is only equal to itself would make every state a new one: the search would not end."""
    one, other = (Session.begin(retriable_beside_its_pivot()["a"], sagas.start()) for _ in range(2))
    assert facts(one) == facts(other)
    one.state.late = object()  # type: ignore[assignment]
    with pytest.raises(TypeError, match="no value to compare"):
        facts(one)
