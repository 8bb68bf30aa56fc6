"""A reduced search comes to the same verdict as the full one, and to the same ends, in no more states.

The ends are compared whole: of every role what its log keeps, what its fence holds and which late calls are left. What
the reduction rests on is said in `simulation.search.reduce`; here both searches are made and laid side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accompanist.language.program.load import load
from accompanist.language.program.program import RoleProgram
from accompanist.simulation.search.explore import Explorer, FaultBudget, SearchBounds
from accompanist.simulation.search.role import RoleSystem
from accompanist.simulation.search.scenarios import events_of, scenarios
from accompanist.simulation.search.session import row_key
from accompanist.simulation.search.verify import workers_of
from accompanist.testing.source import programs_of
from tests.language.programs import compiled
from tests.model import random_sagas
from tests.model.searched import BOUNDS, explorer, holds
from tests.model.test_calculus import BUDGET, random_program
from tests.model.test_switched_off import ROWS, SAGAS
from tests.runtime import sagas

SMALL: dict[str, Callable[[], Mapping[str, RoleProgram]]] = {**SAGAS, "lone": sagas.lone}
FAULTS = [
    FaultBudget(crashes=0, declines=9),
    FaultBudget(crashes=1, declines=1),
    FaultBudget(crashes=0, declines=1, lost_answers=1),
    FaultBudget(crashes=0, declines=1, cancels=1),
    FaultBudget(crashes=0, declines=0, deadlines=1),
    FaultBudget(crashes=0, declines=1, lies=1),
]
HEAVY = {("tail", FAULTS[1]), ("tail", FAULTS[2]), ("tail", FAULTS[3])}
"""A minute each in the full search; ring and fork show the same."""
LARGE = Path(__file__).with_name("large")
BOUNDS_LARGE = SearchBounds(states_max=400_000, seconds_max=1_200.0)
CORPUS = ["auction", "escrow", "hotel_search", "replicated_store", "travel", "two_phase_commit"]


def ends(searched: Explorer, states_max: int = BOUNDS.states_max) -> tuple[set[Hashable], int]:
    """Everything that a search comes to rest in, and how many states it met."""
    waiting = searched.starts()
    met, found = set(waiting), set[Hashable]()
    while waiting:
        assert len(met) <= states_max
        state = waiting.pop()
        moves = list(searched.moves(state))
        if not any(move.chance == "helpful" for _, move, _ in moves):
            found.add((searched.judge_end(state), *map(_end, searched.roles, state)))
        for place, move, left in moves:
            to = searched.after(state, place, move, left)
            if to not in met:
                met.add(to)
                waiting.append(to)
    return found, len(met)


def _end(role: RoleSystem, at: int) -> Hashable:
    row, state = role.row(at), role.state(at)
    return None if row is None else row_key(row), state.fence, state.late


def alike(searched: Explorer) -> tuple[int, int]:
    """Both searches of a saga come to the same ends; how many states each of them met."""
    full, most = ends(replace(searched, reduced=False))
    reduced, fewer = ends(searched)
    assert reduced == full
    return fewer, most


@pytest.mark.search
@pytest.mark.parametrize(
    ("saga", "faults"), [(saga, faults) for saga in SMALL for faults in FAULTS if (saga, faults) not in HEAVY], ids=str
)
def test_small_sagas_end_alike(saga: str, faults: FaultBudget) -> None:
    fewer, most = alike(explorer(SMALL[saga](), faults, doubtful=saga == "asking"))
    assert fewer <= most or faults.crashes, "one start for each role that may crash costs more where there is little"


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus_ends_alike(name: str) -> None:
    choreography = compiled("must_pass", name).choreographies[-1]
    programs = {role: load(choreography, role) for role in choreography.roles}
    for scenario in scenarios(programs):
        workers = workers_of(programs, scenario, None, declines=True)
        fewer, most = alike(Explorer(programs, workers, scenario.arguments, FaultBudget(crashes=0, declines=99)))
        assert fewer <= most


@pytest.mark.search
@settings(max_examples=max(10, BUDGET // 10))
@given(st.integers(0, 2**32), st.booleans())
def test_random_choreographies_end_alike(seed: int, reached: bool) -> None:
    choreography, module, _ = random_program(seed, reached)
    if choreography is None:
        return
    programs = {role: load(choreography, role, lambda name: module) for role in choreography.roles}
    scenario = scenarios(programs)[0]
    workers = workers_of(programs, scenario, None, declines=True)
    for faults in (
        FaultBudget(crashes=0, declines=2),
        FaultBudget(crashes=1, declines=0),
        FaultBudget(crashes=1, declines=1),
    ):
        searched = Explorer(programs, workers, scenario.arguments, faults)
        if replace(searched, reduced=False).explore(SearchBounds(states_max=20_000)).stopped:
            continue  # too many to be laid side by side here
        alike(searched)


@pytest.mark.search
@settings(max_examples=max(10, BUDGET // 10))
@given(st.integers(0, 2**32))
@example(1015)  # a call that no fence takes any more is late, or was refused before: that is one end
@example(1047)
def test_random_sagas_with_a_commit_point_end_alike(seed: int) -> None:
    programs, _ = random_sagas.programs_of(random_sagas.text(seed))
    for scenario in scenarios(programs)[-1:] if programs else ():
        workers = workers_of(programs, scenario, None, declines=True)
        for faults in (FaultBudget(crashes=1, declines=1), FaultBudget(crashes=0, declines=9)):
            for plain in (frozenset[str](), frozenset(programs)):
                told = events_of(scenario)
                searched = Explorer(programs, workers, scenario.arguments, faults, events=told, plain=plain)
                if not replace(searched, reduced=False).explore(SearchBounds(states_max=6_000)).stopped:
                    alike(searched)


@pytest.mark.search
@pytest.mark.parametrize("rule", ROWS)
def test_a_rule_switched_off_fails_in_both(rule: str) -> None:
    rules, saga, faults, broken = ROWS[rule]
    for reduced in (False, True):
        searched = replace(explorer(SAGAS[saga](), faults, rules, doubtful=saga == "asking"), reduced=reduced)
        found = searched.explore(BOUNDS).broken
        assert found is not None and found.property is broken, (reduced, found)


def test_seven_services_are_searched_to_the_end() -> None:
    """Reason: the paper's web shop could not be; without a crash here, with one where the examples are many."""
    programs = programs_of(LARGE / "place_order.py", "place_order")
    scenario = scenarios(programs)[0]
    workers = workers_of(programs, scenario, None, declines=True)
    crashes = 1 if BUDGET > 200 else 0
    report = holds(
        Explorer(programs, workers, scenario.arguments, FaultBudget(crashes=crashes, declines=1)), BOUNDS_LARGE
    )
    assert report.ends["settled"] and report.ends["ended"]
    assert report.states < (100_000 if crashes else 2_000)


@pytest.mark.search
def test_it_is_worth_it() -> None:
    """Reason: a chain of services that may all decline could not be searched before."""
    choreography = compiled("must_pass", "chain").choreographies[-1]
    programs = {role: load(choreography, role) for role in choreography.roles}
    scenario = scenarios(programs)[0]
    workers = workers_of(programs, scenario, None, declines=True)
    searched = Explorer(programs, workers, scenario.arguments, FaultBudget(crashes=0, declines=99))
    full = replace(searched, reduced=False)
    assert 50 * holds(searched, BOUNDS_LARGE).states < holds(full, BOUNDS_LARGE).states
