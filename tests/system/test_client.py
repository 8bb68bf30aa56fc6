"""The Python clients against real sidecars."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from accompanist import Client, SyncClient
from accompanist.client import Refused, Undone
from accompanist.errors import AuthorError
from ops.stage import ALL_DONE, Stage
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Line, Order, Parcel


def order(customer: str, product: str = "kettle") -> Order:
    return Order(customer, (Line(product, 1),))


def test_an_order_from_its_start_to_its_parcel(stage: Stage) -> None:
    async def use() -> tuple[Parcel, list[str], str]:
        async with Client(stage.running.config.service("warehouse").api) as client:
            session = await client.start(fulfil_order, order("customer-gold"), attributes={"via": "client"})
            seen = [state.state async for state in session.watch()]
            found = [line.session async for line in client.list(attributes={"via": "client"})]
            assert found == [session.id]
            return await session.result(), seen, str(session.id)

    parcel, seen, session = asyncio.run(use())
    assert isinstance(parcel, Parcel) and parcel.tracking
    assert seen[-1] == "settled"
    assert stage.ledger(session) == ALL_DONE


def test_an_order_that_is_declined_and_one_that_is_not_known(stage: Stage) -> None:
    with SyncClient(stage.running.config.service("warehouse").api) as client:
        session = client.start(fulfil_order, order("customer-gold", "gas_cooker"))
        with pytest.raises(Undone) as undone:
            session.result()
        assert undone.value.reason
        with pytest.raises((Refused, AuthorError)) as unknown:
            client.start("no_such_order", named={})
        assert unknown.value.code != "ACC801"


def test_a_start_outlives_the_death_of_the_sidecar(stage: Stage) -> None:
    """Its answer is lost, and the client sends it again under the key that it drew: one order, not two."""
    stage.arm("warehouse.sidecar.start_committed")
    with SyncClient(stage.running.config.service("warehouse").api) as client:
        session = client.start(fulfil_order, order("customer-gold"), attributes={"via": "killed"})
        assert session.result().tracking
        assert [line.session for line in client.list(attributes={"via": "killed"})] == [session.id]
        os.kill(stage.running.pid("warehouse"), signal.SIGKILL)
        assert session.result().tracking, "it is asked for again until the sidecar is back"
    assert stage.ledger(str(session.id)) == ALL_DONE
