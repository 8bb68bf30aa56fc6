"""A test tells events or withholds them; a search tries every moment at which one may come, with a crash in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from accompanist.testing import Saga

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


def test_every_schedule_with_a_crash_holds() -> None:
    verdict = Saga(APPROVAL).explore(crashes=1, declines=0)
    assert verdict.complete
    outcomes = {outcome for one in verdict.searched for outcome in one.report.ends}
    assert outcomes == {"settled", "ended"}
