"""The warehouse's worker: sets stock aside, puts it back, sends parcels.

    python -m workers.orders.warehouse --url unix:/run/warehouse.sock --database DSN --install

Each operation is written as if it were called once; the fence sees to it. `release` gets what `reserve` got and no
more, so it finds the reservation by the call's key, which is the same for both.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import asyncpg

from accompanist.worker import Declined, Worker, current_call, main, provision
from workers.orders.messages import Order, Parcel, Points, Reservation
from workers.orders.roles import Warehouse

SCHEMA = "warehouse_worker"

worker = Worker(Warehouse, SCHEMA)


async def install(dsn: str) -> None:
    await provision(dsn, SCHEMA, Path(__file__).with_suffix(".sql"))


@worker.operation
async def reserve(tx: asyncpg.Connection, order: Order) -> Reservation:
    if not order.lines or any(line.quantity < 1 for line in order.lines):
        raise Declined("an order needs lines, each with a quantity of one at least")
    wanted: Counter[str] = Counter()
    for line in order.lines:
        wanted[line.product] += line.quantity
    # locked in one order by everybody, so that two orders never wait for each other
    rows = await tx.fetch(
        "SELECT sku, price_cents, stock FROM product WHERE sku = ANY ($1) ORDER BY sku FOR UPDATE",
        list(wanted),
    )
    products = {row["sku"]: row for row in rows}
    if missing := wanted.keys() - products.keys():
        raise Declined(f"unknown product {min(missing)}")
    if short := [sku for sku in sorted(wanted) if products[sku]["stock"] < wanted[sku]]:
        raise Declined(f"not enough stock of {short[0]}")
    total_cents = sum(products[sku]["price_cents"] * quantity for sku, quantity in wanted.items())
    call = current_call()
    number = await tx.fetchval(
        """
        WITH wanted AS (SELECT * FROM unnest($5::text[], $6::bigint[]) AS w(sku, quantity)),
             made AS (INSERT INTO reservation (session, site, customer, total_cents)
                      VALUES ($1, $2, $3, $4) RETURNING number),
             kept AS (INSERT INTO reserved (reservation, sku, quantity)
                      SELECT number, sku, quantity FROM made, wanted),
             taken AS (UPDATE product p SET stock = stock - w.quantity
                         FROM wanted w WHERE p.sku = w.sku),
             told AS (INSERT INTO ledger (session, site, kind, operation)
                      VALUES ($1, $2, 'forward', 'reserve'))
        SELECT number FROM made
        """,
        call.session,
        call.site,
        order.customer,
        total_cents,
        list(wanted.keys()),
        list(wanted.values()),
    )
    return Reservation(number, order.customer, total_cents)


@worker.operation
async def release(tx: asyncpg.Connection, order: Order) -> None:
    call = current_call()
    released = await tx.fetchval(
        """
        WITH undone AS (UPDATE reservation SET state = 'released'
                         WHERE session = $1 AND site = $2 AND state = 'held' RETURNING number),
             back AS (UPDATE product p SET stock = stock + r.quantity
                        FROM reserved r JOIN undone ON r.reservation = undone.number
                       WHERE p.sku = r.sku),
             told AS (INSERT INTO ledger (session, site, kind, operation)
                      VALUES ($1, $2, 'compensate', 'release'))
        SELECT count(*) FROM undone
        """,
        call.session,
        call.site,
    )
    if released != 1:
        raise RuntimeError("what is to be released is not held")


@worker.operation
async def ship(tx: asyncpg.Connection, reservation: Reservation, points: Points) -> Parcel:
    held = await tx.fetchrow(
        """
        SELECT state, (SELECT min(p.sku) FROM reserved r JOIN product p USING (sku)
                        WHERE r.reservation = number AND NOT p.shippable) AS stuck
          FROM reservation WHERE number = $1 FOR UPDATE
        """,
        reservation.number,
    )
    if held is None or held["state"] != "held":
        raise Declined("the reservation is not held")
    if held["stuck"] is not None:
        raise Declined(f"{held['stuck']} cannot be shipped any more")
    call = current_call()
    tracking = await tx.fetchval(
        """
        WITH gone AS (UPDATE reservation SET state = 'shipped' WHERE number = $3),
             sent AS (INSERT INTO parcel (reservation, points) VALUES ($3, $4) RETURNING tracking),
             told AS (INSERT INTO ledger (session, site, kind, operation)
                      VALUES ($1, $2, 'forward', 'ship'))
        SELECT tracking FROM sent
        """,
        call.session,
        call.site,
        reservation.number,
        points.awarded,
    )
    return Parcel(tracking, reservation.number, points.awarded)


if __name__ == "__main__":
    raise SystemExit(main(worker, install))
