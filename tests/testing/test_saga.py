"""`accompanist.testing`, as a user's pytest uses it, on the order saga."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from accompanist.testing import Saga
from accompanist.testing.script import MOMENTS
from tests.testing.tills import Till
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Line, Order, Receipt, Reservation, Tier

ORDERS = Path(__file__).parents[2] / "workers" / "orders" / "choreography.py"
ALL = ["warehouse.reserve", "payment.charge", "loyalty.award", "warehouse.ship"]


ROLES = """
from accompanist import Role, query

class Shop(Role):
    @query
    def sign(self, text: str) -> str: ...
"""
CLOSING = """
from accompanist import At, choreography
from shop.roles import Shop

@choreography
def closing(shop: Shop, text: At[str, "shop"]) -> At[str, "shop"]:
    return shop.sign(text)
"""


def orders(**given: Any) -> Saga:
    return Saga(ORDERS, **given)


def test_a_saga_settles() -> None:
    saga = orders().run()
    assert saga.outcome == "settled" and saga.reason is None
    assert saga.ledger == ALL
    assert set(saga.phases.values()) == {"settled"}
    assert saga.result.reservation == "reservation"


def test_the_function_itself_will_do() -> None:
    assert Saga(fulfil_order).run().outcome == "settled"


def test_a_function_is_found_where_it_was_imported_from(tmp_path: Path) -> None:
    """Where no project is marked, its module's name says which directory imports begin at."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "roles.py").write_text(ROLES)
    (tmp_path / "shop" / "sagas.py").write_text(CLOSING)
    with patch.object(sys, "path", [str(tmp_path), *sys.path]), patch.dict(sys.modules):
        sys.modules.pop("shop", None)
        closing = importlib.import_module("shop.sagas").closing
        assert Saga(closing).run().result == "sign"


def test_a_decline_undoes_what_was_done_in_reverse() -> None:
    saga = orders().decline("loyalty.award", "no such customer").run()
    assert (saga.outcome, saga.reason) == ("ended", "no such customer")
    assert saga.ledger[:2] == ALL[:2]
    assert sorted(saga.ledger[2:]) == ["payment.refund", "warehouse.release"]


@pytest.mark.parametrize("when", MOMENTS)
@pytest.mark.parametrize("role", ["warehouse", "payment", "loyalty"])
def test_a_crash_changes_nothing(role: str, when: str) -> None:
    saga = orders().crash(role, when).run()
    assert saga.outcome == "settled"
    assert saga.ledger == ALL
    assert f"CRASH of the sidecar of {role}" in saga.diagram()


def test_step_by_step() -> None:
    saga = orders()
    assert saga.outcome is None
    said = []
    while (step := saga.step()) is not None:
        said.append(step)
    assert said[0] == "warehouse hears start from the client"
    assert saga.outcome == "settled"
    assert saga.diagram(mermaid=True).startswith("sequenceDiagram")


def test_fakes_with_data_and_arguments() -> None:
    order = Order("ann", (Line("kettle", 1),))
    fakes = {
        "payment": Till(100),
        "warehouse.reserve": lambda order: Reservation("R1", order.customer, 70),
    }
    assert orders(workers=fakes, arguments={"order": order}).run().ledger == ALL
    poor = orders(workers=fakes | {"payment": Till(50)}, arguments={"order": order}).run()
    assert poor.reason == "no funds" and poor.ledger == ["warehouse.reserve", "warehouse.release"]


def test_every_schedule() -> None:
    verdict = orders(workers={"payment": Till(100_000)}).explore(crashes=0)
    assert verdict.complete and verdict.states > 70
    assert {end for one in verdict.searched for end in one.report.ends} == {"settled", "ended"}


def test_a_refund_that_keeps_a_cent_is_found() -> None:
    with pytest.raises(AssertionError, match="the data of payment is not what it was before") as found:
        orders(workers={"payment": Till(100, short=1)}).explore(crashes=0)
    assert "payment's worker undoes" in str(found.value)


def test_a_compensation_that_fails_is_found() -> None:
    def refund(reservation: Reservation, tier: Tier) -> None:
        raise RuntimeError("the bank is closed")

    fakes = {"payment.refund": refund, "payment.charge": lambda reservation, tier: Receipt("P1", "ann", 1)}
    with pytest.raises(AssertionError, match=r"payment is parked: the compensation of site \d+ fails"):
        orders(workers=fakes).explore(crashes=0)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (lambda: orders().decline("payment.refund"), "may not decline"),
        (lambda: orders().decline("payment.pay"), r"there are warehouse\.reserve"),
        (lambda: orders().crash("bank"), "there is no role bank"),
        (lambda: orders().crash("payment", "never"), "before commit, after commit"),
        (lambda: orders(workers={"paymnt": Till(1)}), "there is no paymnt; there are .*payment"),
        (lambda: orders(workers={"payment.chrage": print}), r"there is no payment\.chrage; .*payment\.charge"),
        (lambda: orders(arguments={"ordre": 1}), "arguments: missing: order; unknown: ordre"),
        (lambda: Saga(ORDERS.with_name("roles.py")), "ACC"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(wrong: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        wrong()


def test_a_crash_that_never_comes_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="never came"):
        orders().decline("warehouse.reserve").crash("loyalty", "after call").crash("loyalty", "after call").run()
