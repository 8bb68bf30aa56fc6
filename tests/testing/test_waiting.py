"""A test sends events or withholds them; a search tries every moment at which one may come, with a crash in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from accompanist.testing import Saga
from tests.testing.sagas.waiting import one_then_another

APPROVAL = Path(__file__).parent.parent.parent / "workers" / "orders" / "approval.py"
ORDER = {"order": {"customer": "ann", "lines": []}, "patience_s": 60.0}


def test_an_event_is_told() -> None:
    saga = Saga(APPROVAL).tell("warehouse.approved", {"by": "ann", "granted": True}).run()
    assert saga.outcome == "settled"
    saga = Saga(APPROVAL).tell("warehouse.approved", {"by": "ann", "granted": False}).run()
    assert (saga.outcome, saga.reason) == ("ended", "it was not approved")
    assert saga.ledger == ["warehouse.reserve", "warehouse.release"]


def test_an_event_that_is_withheld_loses_against_time() -> None:
    saga = Saga(APPROVAL).withhold("warehouse.approved").run()
    assert (saga.outcome, saga.reason) == ("ended", "nobody approved it in time")


def test_a_crash_does_not_lose_what_is_waited_for() -> None:
    saga = Saga(APPROVAL).tell("warehouse.approved", {"by": "ann", "granted": True}).crash("warehouse", "after commit")
    assert saga.run().outcome == "settled"


def test_what_nobody_waits_for_cannot_be_told() -> None:
    with pytest.raises(ValueError, match=r"there are warehouse\.approved"):
        Saga(APPROVAL).tell("warehouse.aproved", True)


@pytest.mark.slow
def test_every_schedule_with_a_crash_holds() -> None:
    verdict = Saga(APPROVAL).explore(crashes=1, declines=0)
    assert verdict.complete
    outcomes = {outcome for one in verdict.searched for outcome in one.report.ends}
    assert outcomes == {"settled", "ended"}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("after", [(0, 0, 0), (5, 9, 12), (9, 5, 1)])
def test_a_role_waits_for_one_event_after_another(seed: int, after: tuple[float, float, float]) -> None:
    saga = Saga(one_then_another, workers={"kitchen.ready": lambda table: True}, arguments={"table": 1}, seed=seed)
    for name, when in zip(("first", "second", "third"), after, strict=True):
        saga.tell(f"kitchen.{name}", name, after=when)
    assert saga.run().result == "first True second third"
    assert saga.clock == max(after)


@pytest.mark.parametrize("when", ["before commit", "after commit", "after call"])
def test_a_crash_between_two_events_loses_none(when: str) -> None:
    saga = Saga(one_then_another, workers={"kitchen.ready": lambda table: True}, arguments={"table": 1})
    for name in ("first", "second", "third"):
        saga.tell(f"kitchen.{name}", name)
    assert saga.crash("kitchen", when).run().result == "first True second third"


def test_a_second_event_that_nobody_tells_ends_no_run_in_a_circle() -> None:
    saga = Saga(one_then_another).tell("kitchen.first", "a").withhold("kitchen.second")
    with pytest.raises(AssertionError) as raised:
        saga.run()
    assert "no end after" not in str(raised.value) and saga.outcome is None


def test_an_event_is_told_once() -> None:
    saga = Saga(one_then_another).tell("kitchen.first", "a")
    with pytest.raises(ValueError, match=r"kitchen\.first is told already"):
        saga.tell("kitchen.first", "b")
    assert saga.tell("kitchen.second", "c").run().result.startswith("a ")
