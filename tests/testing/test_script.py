"""The faults that a test requests: which call, which time, at what hour; and that a fault which never happened is
reported.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from accompanist.testing import Saga
from tests.testing.test_fakes import SAGAS, TABLE, Stove, dinner

ORDERS = Path(__file__).parents[2] / "workers" / "orders" / "choreography.py"


def approved(**given: int) -> Saga:
    return Saga(SAGAS / "waiting.py", "approved", arguments=TABLE, **given)


def test_the_second_call_of_an_operation_fails() -> None:
    stove = Stove(looks=1)
    saga = dinner(stove).decline("kitchen.fire", "no gas", at=2).run()
    assert (saga.reason, stove.fired) == ("no gas", [1, -1])
    saga = dinner(stove := Stove(looks=1)).fail("kitchen.fire", at=2).run()
    assert saga.outcome == "ended" and stove.fired == [1, -1]
    assert saga.reason == "fire gives no answer"


def test_an_answer_that_is_lost_is_found_in_the_fence() -> None:
    saga = dinner(stove := Stove(looks=1)).fail("kitchen.fire", at=2, done=True).run()
    assert saga.outcome == "settled" and stove.fired == [1, 2]
    assert "kitchen's fence holds the reply" in saga.diagram()


def test_a_compensation_that_fails_is_asked_again() -> None:
    saga = dinner(stove := Stove(looks=1)).decline("waiter.serve").fail("kitchen.scrap").run()
    assert saga.outcome == "ended" and stove.fired == [1, 2, -2, -1]
    assert saga.diagram().count("gets no answer to scrap") == 2, "once for each, and then they are answered"


def test_an_event_comes_at_its_hour() -> None:
    saga = approved().tell("kitchen.approved", {"by": "ann"}, after=600).run()
    assert saga.outcome == "settled" and saga.result == 600 and saga.clock == 600
    late = approved().tell("kitchen.approved", {"by": "ann"}, after=3601).run()
    assert late.reason == "nobody approved it" and late.clock >= 3600


@pytest.mark.parametrize("when", ["before commit", "after commit"])
def test_a_crash_does_not_begin_a_wait_anew(when: str) -> None:
    saga = approved().withhold("kitchen.approved").crash("kitchen", when, at=2).run()
    assert saga.reason == "nobody approved it" and saga.clock == 3600


def test_a_crash_is_drawn_after_what_it_came_to() -> None:
    drawn = dinner(Stove(looks=1)).crash("kitchen").run().diagram()
    assert drawn.index("kitchen hears start") < drawn.index("CRASH") < drawn.index("kitchen restarts")


def test_an_event_of_another_type_is_refused_to_the_test() -> None:
    with pytest.raises(ValueError, match=r"kitchen\.approved: .*by"):
        approved().tell("kitchen.approved", {"bye": "ann"})


def test_a_fault_that_never_came_fails_the_test() -> None:
    with pytest.raises(AssertionError, match=r"call 3 of kitchen\.fire never came"):
        dinner(Stove(looks=1)).fail("kitchen.fire", at=3).run()
    with pytest.raises(AssertionError, match=r"the decline of waiter\.serve that goes wrong never came"):
        dinner(Stove(looks=1)).decline("kitchen.fire").decline("waiter.serve").run()


def test_faults_are_chosen_before_the_first_step() -> None:
    saga = dinner(Stove(looks=1))
    saga.step()
    for late in (lambda: saga.decline("waiter.serve"), lambda: saga.crash("waiter"), lambda: saga.fail("waiter.serve")):
        with pytest.raises(ValueError, match="before the first step"):
            late()


def test_a_program_that_fails_is_no_decline() -> None:
    with pytest.raises(
        AssertionError, match=r"no run settled \(ACC833\): the program failed at shelf: IndexError"
    ) as no:
        Saga(SAGAS / "never.py", arguments={"names": ["ann"]}).run()
    assert isinstance(no.value.__cause__, IndexError) and "shelf hears start" in str(no.value)
    assert f"\nIndexError: {no.value.__cause__}\n" in str(no.value)


def test_what_an_exception_behind_the_commit_point_says_is_shown() -> None:
    with pytest.raises(
        AssertionError, match=r"bank is parked: OverflowError in a local expression at .*large.py:16"
    ) as no:
        Saga(SAGAS / "large.py", arguments={"amount": 10**10}).run()
    assert isinstance(no.value.__cause__, OverflowError)
    assert f"\nOverflowError: {no.value.__cause__}\n" in str(no.value)


def test_an_undone_saga_has_no_result() -> None:
    saga = dinner(Stove(looks=1)).decline("waiter.serve", "closed").run()
    with pytest.raises(AssertionError, match="there is no result: the saga was undone, closed"):
        _ = saga.result
    assert repr(saga) == "<Saga dinner: ended, closed>"


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    def run(seed: int) -> tuple[str, list[str]]:
        saga = Saga(ORDERS, seed=seed).decline("loyalty.award").run()
        return saga.diagram(), saga.ledger

    runs = {seed: run(seed) for seed in range(8)}
    assert len({drawn for drawn, _ in runs.values()}) > 1
    assert all(run(seed) == runs[seed] for seed in (0, 5))
    assert all(sorted(ledger) == sorted(runs[0][1]) for _, ledger in runs.values())
    chances = [Saga(SAGAS / "waiting.py", "by_chance", arguments=TABLE, seed=seed).run().result for seed in (1, 1, 2)]
    assert chances[0] == chances[1] != chances[2]


def test_a_search_takes_what_the_test_has_chosen() -> None:
    verdict = Saga(ORDERS).decline("payment.charge", "no funds").explore(crashes=0, settles=False)
    assert not verdict.settled and set(verdict.reasons) >= {"no funds"}
    with pytest.raises(AssertionError, match=r"NO RUN SETTLED \(ACC833\)"):
        Saga(ORDERS).decline("payment.charge", "no funds").explore(crashes=0)
    verdict = approved().withhold("kitchen.approved").explore(crashes=0, settles=False)
    assert set(verdict.reasons) == {"nobody approved it"}
    with pytest.raises(ValueError, match="a search tries every crash"):
        Saga(ORDERS).crash("payment").explore()
