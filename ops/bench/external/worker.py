"""A worker of the saga: `python -m ops.bench.external.worker Warehouse --service bench_warehouse --install`.

The tables are those of the benchmark that drives it, in its schemas `warehouse`, `payment` and `loyalty`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import asyncpg

from accompanist.worker import Declined, Worker, main, provision
from ops.bench.external import saga
from ops.bench.external.saga import Order

SERVICES = {"Warehouse": "bench_warehouse", "Payment": "bench_payment", "Loyalty": "bench_loyalty"}
"""By role."""


def schema(role: str) -> str:
    """The schema of a role's fence."""
    return f"{SERVICES[role]}_worker"


warehouse = Worker(saga.Warehouse, schema("Warehouse"))
payment = Worker(saga.Payment, schema("Payment"))
loyalty = Worker(saga.Loyalty, schema("Loyalty"))


@warehouse.operation
async def reserve(tx: asyncpg.Connection, order: Order) -> Order:
    await tx.fetchval(
        "INSERT INTO warehouse.reservation (saga, step, item, qty, state) VALUES ($1, 1, $2, $3, 'reserved')",
        order.saga,
        order.item,
        order.qty,
    )
    taken = "UPDATE warehouse.stock SET qty = qty - $2 WHERE item = $1 AND qty >= $2 RETURNING 1"
    if not await tx.fetchval(taken, order.item, order.qty):
        raise Declined("out of stock")
    return order


@warehouse.operation
async def release(tx: asyncpg.Connection, order: Order) -> None:
    await tx.fetchval("UPDATE warehouse.reservation SET state = 'released' WHERE saga = $1 AND step = 1", order.saga)
    await tx.fetchval("UPDATE warehouse.stock SET qty = qty + $2 WHERE item = $1", order.item, order.qty)


@warehouse.operation
async def ship(tx: asyncpg.Connection, order: Order) -> Order:
    item = await tx.fetchval(
        "UPDATE warehouse.reservation SET state = 'shipped' WHERE saga = $1 AND step = 1 RETURNING item", order.saga
    )
    if item is None or order.fail_at == 4:
        raise Declined("cannot ship")
    await tx.fetchval("INSERT INTO warehouse.parcel (saga, step, item) VALUES ($1, 4, $2)", order.saga, item)
    return order


@payment.operation
async def charge(tx: asyncpg.Connection, order: Order) -> Order:
    await tx.fetchval(
        "INSERT INTO payment.charge (saga, step, customer, amount, state) VALUES ($1, 2, $2, $3, 'charged')",
        order.saga,
        order.customer,
        order.amount,
    )
    paid = "UPDATE payment.account SET balance = balance - $2 WHERE customer = $1 AND balance >= $2 RETURNING 1"
    if not await tx.fetchval(paid, order.customer, order.amount):
        raise Declined("balance too low")
    return order


@payment.operation
async def refund(tx: asyncpg.Connection, order: Order) -> None:
    await tx.fetchval("UPDATE payment.charge SET state = 'refunded' WHERE saga = $1 AND step = 2", order.saga)
    await tx.fetchval(
        "UPDATE payment.account SET balance = balance + $2 WHERE customer = $1", order.customer, order.amount
    )


@loyalty.operation
async def award(tx: asyncpg.Connection, order: Order) -> Order:
    await tx.fetchval(
        "INSERT INTO loyalty.points (saga, step, customer, points, state) VALUES ($1, 3, $2, $3, 'awarded')",
        order.saga,
        order.customer,
        order.amount,
    )
    return order


@loyalty.operation
async def revoke(tx: asyncpg.Connection, order: Order) -> None:
    await tx.fetchval("UPDATE loyalty.points SET state = 'revoked' WHERE saga = $1 AND step = 3", order.saga)


if __name__ == "__main__":
    chosen = {"Warehouse": warehouse, "Payment": payment, "Loyalty": loyalty}[sys.argv[1]]

    async def install(dsn: str) -> None:
        await provision(dsn, chosen.schema, Path(__file__).with_name("nothing.sql"))

    raise SystemExit(main(chosen, install, sys.argv[2:]))
