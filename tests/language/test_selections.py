"""Who is told what, and at what cost in messages."""

from __future__ import annotations

import pytest

from accompanist.language import direct
from accompanist.language.program.program import Choreography
from tests.language.programs import World, must_pass

COUNTS = {
    # program: messages for each of its argument sets
    "order_saga": [2],
    "branch_rides": [2, 2],
    "branch_label_only": [3, 4],  # the label travels alone where the bank acts first
    "shared_guard": [3, 4],
    "untold_roles": [2, 2],
    "idle_role_not_started": [0, 2],
    "started_role_is_told": [2, 3],
    "early_return": [2, 0],
    "abort_in_branch": [2, 1],
    "constant_guard": [2],
    "nested_idle": [0, 1, 0],
    "elif_told_once": [3, 3, 3, 3, 3, 3],
    "for_each": [1, 3, 7],  # one selection a turn rides on the value, and one says that there is no more
    "for_shared_length": [1, 2, 4],  # the length is shared: no selection
    "shared_knowledge": [4, 4, 3, 5],  # none either
}


@pytest.mark.parametrize("name", COUNTS)
def test_messages(name: str) -> None:
    choreography, module = must_pass(name)
    ask = direct.workers(module.WORKERS)
    counts = [len(World(choreography, given, ask, 1).run().messages) for given in module.ARGUMENTS]
    assert counts == COUNTS[name]


def told(choreography: Choreography) -> list[tuple[int, str, tuple[str, ...], tuple[str, ...]]]:
    return [(notice.line, notice.selector, notice.told, notice.riding) for notice in choreography.notices]


def test_no_selection_where_roles_know_or_need_not() -> None:
    for name in ("shared_guard", "share_call_once", "untold_roles", "abort_in_branch", "attempt_shared", "nested_idle"):
        assert told(must_pass(name)[0]) == [], name


def test_a_selection_rides_only_on_the_first_action() -> None:
    choreography, _ = must_pass("branch_label_only")
    source = choreography.projections["stock"].source
    assert 'yield Choose("2", "bank", "then")\n' in source
    assert 'yield Choose("2", "bank", "else", True, held)\n' in source
    assert 'Branch("2", "stock", {"then": None, "else": Held})' in choreography.projections["bank"].source


def test_one_fixed_owner_of_the_guard_tells() -> None:
    choreography, _ = must_pass("nested_if")
    assert told(choreography) == [(15, "stock", ("bank",), ("bank",)), (17, "bank", ("stock",), ())]


def test_what_can_be_sent_is_known_statically() -> None:
    choreography, _ = must_pass("elif_chain")
    assert choreography.projections["stock"].sends_to == {"bank"}
    assert choreography.projections["stock"].receives_from == frozenset()
    assert choreography.projections["bank"].receives_from == {"stock"}
