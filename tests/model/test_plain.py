"""Workers without a fence: what is promised of them holds, and each rule that keeps it, switched off, fails.

Promised is: each operation is done at least once, nothing that was done is forgotten when the saga is undone, nothing
is done after its compensation, and a pivot of which nobody knows whether it was done is left to a person, before
anything is told or undone. Calls are lost, late, repeated and declined after they were done.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accompanist.language.program.load import load
from accompanist.language.program.program import Operation
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind
from accompanist.simulation.fence import FenceState
from accompanist.simulation.search.explore import Explorer, FaultBudget, SearchBounds
from accompanist.simulation.search.faithful import DirectComparison
from accompanist.simulation.search.plain import answer
from accompanist.simulation.search.properties import LEFT, Broken, Property, executed
from accompanist.simulation.search.scenarios import scenarios
from accompanist.simulation.search.state import Care, Rules
from accompanist.simulation.search.verify import workers_of
from accompanist.simulation.search.workers import Replies
from tests.model import switched
from tests.model.searched import breaks, explorer, holds, shown
from tests.model.test_calculus import BUDGET, random_program
from tests.model.test_reduced import SMALL, alike

DO, UNDO = Operation("do", "transaction", {}, "int", "undo"), Operation("undo", "compensation", {}, "None")
NOTHING = Replies({"do": DO, "undo": UNDO}, {}, declines=False)
LOST = FaultBudget(crashes=0, lost_answers=1, declines=0)
LOST_AND_DECLINED = FaultBudget(crashes=0, lost_answers=1, declines=1)
LOST_TWICE = FaultBudget(crashes=0, lost_answers=2, declines=1)
CRASHED = FaultBudget(crashes=1, lost_answers=0, declines=1)
CRASHED_AND_LOST = FaultBudget(crashes=1, lost_answers=1, declines=0)
CANCELLED = FaultBudget(crashes=0, lost_answers=1, declines=0, cancels=1)
LIE = FaultBudget(crashes=0, declines=0, lies=1)
LATE = FaultBudget(crashes=0, declines=0, deadlines=1)
FAULTS = [LOST_AND_DECLINED, CRASHED, CRASHED_AND_LOST, LATE, FaultBudget(crashes=1, declines=0, cancels=1)]
HEAVY = {("tail", faults) for faults in FAULTS if faults.crashes}
"""Most of a minute each; ring and fork show the same."""
WIDE = [(saga, faults) for saga in SMALL for faults in FAULTS if (saga, faults) not in HEAVY]


@pytest.mark.search
@pytest.mark.parametrize(("saga", "faults"), WIDE, ids=str)
def test_it_holds(saga: str, faults: FaultBudget) -> None:
    ends = holds(explorer(SMALL[saga](), faults, doubtful=saga == "asking", plain=True)).ends
    assert "settled" in ends


@pytest.mark.parametrize("saga", ["lone", "billed", "recorded", "unrecorded"])
@pytest.mark.parametrize("faults", [LOST_TWICE, FaultBudget(crashes=2, lost_answers=1, declines=1)], ids=str)
def test_it_holds_under_more(saga: str, faults: FaultBudget) -> None:
    holds(explorer(SMALL[saga](), faults, plain=True))


@pytest.mark.search
@pytest.mark.parametrize("saga", ["lone", "billed", "recorded", "ring", "fork"])
@pytest.mark.parametrize("faults", [LOST_AND_DECLINED, CRASHED_AND_LOST, CANCELLED, LATE], ids=str)
def test_a_reduced_search_ends_alike(saga: str, faults: FaultBudget) -> None:
    if saga in ("ring", "fork") and faults == CRASHED_AND_LOST:
        faults = faults._replace(lost_answers=0)  # seconds, and not most of a minute
    alike(explorer(SMALL[saga](), faults, plain=True))


@settings(max_examples=max(5, BUDGET // 20))
@given(st.integers(0, 2**32), st.booleans())
def test_random_choreographies_hold(seed: int, reached: bool) -> None:
    choreography, module, _ = random_program(seed, reached)
    if choreography is None:
        return
    programs = {role: load(choreography, role, lambda name: module) for role in choreography.roles}
    scenario = scenarios(programs)[0]
    workers = workers_of(programs, scenario, None, declines=True)
    judge = DirectComparison(programs, workers, scenario.arguments)
    for faults in (FaultBudget(crashes=0, declines=1, lost_answers=1, cancels=1), FaultBudget(crashes=1, declines=1)):
        searched = Explorer(
            programs, workers, scenario.arguments, faults, judge=judge, plain=frozenset(choreography.roles)
        )
        report = searched.explore(SearchBounds(states_max=4_000))  # what takes more is searched as far as that
        assert report.holds, shown(searched, report)


def test_what_comes_after_its_compensation_is_seen() -> None:
    [undone] = answer(FenceState(), CallWorker("1", ResultKind.COMPENSATE, "undo", b"{}"), UNDO, NOTHING)
    [done] = answer(undone.fence, CallWorker("1", ResultKind.FORWARD, "do", b"{}"), DO, NOTHING)
    with pytest.raises(Broken, match="a did do at 1 after it was undone"):
        executed("a", None, undone.fence, done.fence)


def test_a_fence_beside_it_keeps_its_own_promises() -> None:
    """One role has a fence and the other has none: each is judged by what it promises."""
    searched = replace(explorer(SMALL["billed"](), CRASHED_AND_LOST), plain=frozenset({"a"}))
    assert LEFT not in holds(searched).ends, "the pivot's worker has a fence, which knows"


def test_a_pivot_in_doubt_is_left_to_a_person() -> None:
    assert holds(explorer(SMALL["billed"](), CRASHED_AND_LOST, plain=True)).ends[LEFT]


ROWS: dict[str, tuple[Rules, str, FaultBudget, Property]] = {
    "asked, then sent": (Rules(care=Care(asked_first=False)), "ring", CRASHED, Property.ALL),
    "a close waits": (Rules(care=Care(waits=False)), "lone", LOST, Property.TOMBSTONE),
    "it waits for what a predecessor asked": (Rules(care=Care(waits=False)), "fork", CRASHED, Property.TOMBSTONE),
    "a decline in doubt": (Rules(care=Care(doubts=False)), "lone", LOST_AND_DECLINED, Property.ALL),
    "a decline after a crash": (Rules(care=Care(doubts=False)), "lone", CRASHED, Property.ALL),
    "what was asked counts": (Rules(core=switched.ForgetsWhatItAsked), "lone", LOST, Property.ALL),
    "a pivot in doubt": (Rules(core=switched.GuessesThatThePivotFailed), "billed", LOST, Property.ALL),
    "an abort at a pivot in doubt": (Rules(core=switched.AbortsAPivotThatWasAsked), "ring", LIE, Property.ALL),
    "records before messages": (Rules(commit_first=False), "ring", CRASHED, Property.POSSIBLE),
}


@pytest.mark.parametrize("rule", ROWS)
@pytest.mark.parametrize("reduced", [True, False])
def test_a_rule_switched_off_fails(rule: str, reduced: bool) -> None:
    rules, saga, faults, broken = ROWS[rule]
    searched = replace(explorer(SMALL[saga](), faults, rules, plain=True), reduced=reduced)
    found, schedule = breaks(searched)
    assert found.property is broken, f"{found}: {schedule}"


@pytest.mark.parametrize(("saga", "faults"), sorted({(saga, faults) for _, saga, faults, _ in ROWS.values()}))
def test_the_same_searches_hold_with_all_rules(saga: str, faults: FaultBudget) -> None:
    holds(explorer(SMALL[saga](), faults, plain=True))
