"""Real workers, on a real Postgres with their own fence, in the scenarios that fakes run in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from accompanist.testing import Saga, Served
from accompanist.testing.plugin import Kit
from workers.orders import loyalty, payment, warehouse
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Line, Order

pytestmark = pytest.mark.postgres

ORDER = Order("customer-gold", (Line("kettle", 1),))
ALL = ["warehouse.reserve", "payment.charge", "loyalty.award", "warehouse.ship"]


@pytest.fixture
def real(accompanist: Kit) -> Iterator[dict[str, Served]]:
    modules: Any = {"warehouse": warehouse, "payment": payment, "loyalty": loyalty}
    yield {role: accompanist.serve(module.worker, module.install) for role, module in modules.items()}


def asked(served: Served, statement: str) -> Any:
    """The first value of a statement in a worker's own database and schema."""

    async def ask() -> Any:
        connection = await asyncpg.connect(served.dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def balance(served: Served) -> int:
    return int(asked(served, "SELECT balance_cents FROM payment_worker.account WHERE customer = 'customer-gold'"))


def order(real: dict[str, Served]) -> Saga:
    return Saga(fulfil_order, workers=real, arguments={"order": ORDER})


def test_real_workers_under_the_scenarios_of_fakes(real: dict[str, Served]) -> None:
    before = balance(real["payment"])
    settled = order(real).crash("payment", "after call").crash("warehouse", "after commit").run()
    assert settled.outcome == "settled" and settled.ledger == ALL
    paid = before - balance(real["payment"])
    assert paid > 0, "once, although it was asked twice"

    undone = order(real).decline("loyalty.award", "no such customer").run()
    assert undone.reason == "no such customer"
    assert sorted(undone.ledger[2:]) == ["payment.refund", "warehouse.release"]
    assert balance(real["payment"]) == before - paid

    lost = order(real).fail("payment.charge", done=True).run()
    assert lost.outcome == "settled" and "payment's fence holds the reply" in lost.diagram()
    assert balance(real["payment"]) == before - 2 * paid

    never = order(real).fail("payment.charge").run()
    assert never.outcome == "ended" and balance(real["payment"]) == before - 2 * paid


def test_a_real_worker_beside_fakes_declines_by_itself(accompanist: Kit) -> None:
    served = accompanist.serve(payment.worker, payment.install)
    poor = {"order": Order("customer-poor", (Line("grinder", 1),))}
    reserve = {"warehouse.reserve": lambda order: {"number": "R", "customer": order.customer, "total_cents": 10**9}}
    saga = accompanist.saga(fulfil_order, workers={"payment": served, **reserve}, arguments=poor).run()
    assert saga.outcome == "ended" and saga.reason == "not enough money"


def test_a_search_of_a_real_worker_is_refused(accompanist: Kit) -> None:
    served = accompanist.serve(payment.worker, payment.install)
    with pytest.raises(ValueError, match="a real worker cannot be searched"):
        accompanist.saga(fulfil_order, workers={"payment": served}).explore()
