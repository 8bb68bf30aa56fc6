"""The three services of an order, over their sockets, on a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from accompanist.rpc.client import connect
from accompanist.runtime.answers import Closed, Declined, Replied
from accompanist.worker import start
from tests.postgres import Database
from tests.worker.calling import Caller
from workers.orders import loyalty, payment, warehouse
from workers.orders.messages import Line, Order, Parcel, Points, Receipt, Reservation, Tier

ORDER = Order("customer-gold", (Line("kettle", 2), Line("teapot", 1), Line("kettle", 1)))


@pytest.fixture
def dsn(blank_database: Database) -> str:
    return blank_database.dsn()


@asynccontextmanager
async def playing(module: Any, dsn: str, directory: Path, role: str) -> AsyncIterator[Caller]:
    await module.install(dsn)
    running = await start(module.worker, f"unix:{directory}/{role}.sock", dsn)
    client = connect(running.url)
    try:
        yield Caller(client, uuid4(), role)
    finally:
        await client.close()
        await running.stop()


async def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


STOCK = "SELECT sku, stock FROM warehouse_worker.product ORDER BY sku"


async def test_an_order_is_reserved_and_shipped_once(dsn: str, tmp_path: Path) -> None:
    async with playing(warehouse, dsn, tmp_path, "warehouse") as caller:
        before = dict(await rows(dsn, STOCK))
        reservation = await caller.value("reserve", "1", Reservation, order=ORDER)
        assert reservation.total_cents == 3 * 3900 + 2450
        assert await caller.value("reserve", "1", Reservation, order=ORDER) == reservation
        points = Points("customer-gold", 141)
        parcel = await caller.value("ship", "9", Parcel, reservation=reservation, points=points)
        assert parcel == await caller.value("ship", "9", Parcel, reservation=reservation, points=points)
        assert (parcel.reservation, parcel.points) == (reservation.number, 141)
        after = dict(await rows(dsn, STOCK))
        assert {sku: before[sku] - after[sku] for sku in before if before[sku] != after[sku]} == {
            "kettle": 3,
            "teapot": 1,
        }
        assert await rows(dsn, "SELECT site, kind, operation FROM warehouse_worker.ledger ORDER BY site") == [
            ("1", "forward", "reserve"),
            ("9", "forward", "ship"),
        ]


async def test_a_release_restores_the_stock_exactly_and_once(dsn: str, tmp_path: Path) -> None:
    async with playing(warehouse, dsn, tmp_path, "warehouse") as caller:
        before = await rows(dsn, STOCK)
        reservation = await caller.value("reserve", "1", Reservation, order=ORDER)
        [executed] = (await caller.close())["executed"]
        assert (executed["site"], executed["operation"]) == ("1", "reserve")
        for _ in range(2):
            assert await caller.call("release", "1", "compensate", order=ORDER) == Replied(b"null")
        assert await rows(dsn, STOCK) == before
        assert await caller.call("reserve", "1", order=ORDER) == Closed()
        assert await caller.call("ship", "9", reservation=reservation, points=Points("customer-gold", 1)) == Closed()
        kinds = "SELECT kind, operation FROM warehouse_worker.ledger ORDER BY kind"
        assert await rows(dsn, kinds) == [("compensate", "release"), ("forward", "reserve")]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "an order needs lines, each with a quantity of one at least"),
        ((Line("kettle", 0),), "an order needs lines, each with a quantity of one at least"),
        ((Line("kettle", 1), Line("unobtainium", 1)), "unknown product unobtainium"),
        ((Line("kettle", 1), Line("samovar", 4)), "not enough stock of samovar"),
        ((Line("samovar", 2), Line("samovar", 2)), "not enough stock of samovar"),
        ((Line("kettle", 2**62), Line("kettle", 2**62)), "not enough stock of kettle"),
    ],
)
async def test_an_order_is_declined_for_ever(dsn: str, tmp_path: Path, lines: tuple[Line, ...], reason: str) -> None:
    async with playing(warehouse, dsn, tmp_path, "warehouse") as caller:
        before = await rows(dsn, STOCK)
        for _ in range(2):
            assert await caller.call("reserve", "1", order=Order("customer-gold", lines)) == Declined(reason)
        assert await rows(dsn, STOCK) == before
        assert await rows(dsn, "SELECT * FROM warehouse_worker.ledger") == []
        assert (await caller.close())["executed"] == []


async def test_shipping_is_declined(dsn: str, tmp_path: Path) -> None:
    async with playing(warehouse, dsn, tmp_path, "warehouse") as caller:
        order = Order("customer-gold", (Line("gas_cooker", 1),))
        reservation = await caller.value("reserve", "1", Reservation, order=order)
        points = Points("customer-gold", 89)
        answer = await caller.call("ship", "9", reservation=reservation, points=points)
        assert answer == Declined("gas_cooker cannot be shipped any more")
        unknown = Reservation("R0", "customer-gold", 1)
        answer = await caller.call("ship", "10", reservation=unknown, points=points)
        assert answer == Declined("the reservation is not held")


@pytest.mark.parametrize(("tier", "paid"), [(Tier.NONE, 64_909), (Tier.SILVER, 61_664), (Tier.GOLD, 58_419)])
async def test_a_charge_is_taken_and_given_back(dsn: str, tmp_path: Path, tier: Tier, paid: int) -> None:
    balance = "SELECT balance_cents FROM payment_worker.account WHERE customer = 'customer-gold'"
    async with playing(payment, dsn, tmp_path, "payment") as caller:
        [(before,)] = await rows(dsn, balance)
        reservation = Reservation("R1", "customer-gold", 64_909)
        receipt = await caller.value("charge", "3", Receipt, reservation=reservation, tier=tier)
        assert (receipt.customer, receipt.paid_cents) == ("customer-gold", paid)
        assert await rows(dsn, balance) == [(before - paid,)]
        await caller.close()
        for _ in range(2):
            answer = await caller.call("refund", "3", "compensate", reservation=reservation, tier=tier)
            assert answer == Replied(b"null")
        assert await rows(dsn, balance) == [(before,)]


@pytest.mark.parametrize(
    ("customer", "cents", "reason"),
    [
        ("customer-poor", 1001, "not enough money"),
        ("nobody", 1, "unknown customer"),
        ("customer-gold", -5, "the total is negative"),
    ],
)
async def test_a_charge_is_declined(dsn: str, tmp_path: Path, customer: str, cents: int, reason: str) -> None:
    async with playing(payment, dsn, tmp_path, "payment") as caller:
        reservation = Reservation("R1", customer, cents)
        answer = await caller.call("charge", "3", reservation=reservation, tier=Tier.NONE)
        assert answer == Declined(reason)
        assert await rows(dsn, "SELECT * FROM payment_worker.ledger") == []


async def test_points_are_awarded_and_revoked(dsn: str, tmp_path: Path) -> None:
    standing = "SELECT points FROM loyalty_worker.member WHERE customer = 'customer-silver'"
    async with playing(loyalty, dsn, tmp_path, "loyalty") as caller:
        assert await caller.value("tier", "2", Tier, customer="customer-silver") is Tier.SILVER
        assert await caller.call("tier", "2", customer="nobody") == Declined("unknown customer")
        receipt = Receipt("P1", "customer-silver", 12_345)
        assert await caller.value("award", "5", Points, receipt=receipt) == Points("customer-silver", 123)
        assert await rows(dsn, standing) == [(123,)]
        answer = await caller.call("award", "6", receipt=Receipt("P2", "nobody", 1))
        assert answer == Declined("unknown customer")
        await caller.close()
        assert await caller.call("revoke", "5", "compensate", receipt=receipt) == Replied(b"null")
        assert await rows(dsn, standing) == [(0,)]


async def test_the_workers_live_with_the_rights_that_bootstrap_gives(database: Database, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        callers = {
            module.__name__.rpartition(".")[2]: await stack.enter_async_context(
                playing(module, database.worker_dsn(role), tmp_path, role)
            )
            for module, role in ((warehouse, "warehouse"), (payment, "payment"), (loyalty, "loyalty"))
        }
        reservation = await callers["warehouse"].value("reserve", "1", Reservation, order=ORDER)
        receipt = await callers["payment"].value("charge", "3", Receipt, reservation=reservation, tier=Tier.NONE)
        points = await callers["loyalty"].value("award", "5", Points, receipt=receipt)
        await callers["warehouse"].value("ship", "9", Parcel, reservation=reservation, points=points)
