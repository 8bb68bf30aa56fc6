"""Payment's worker: takes money from accounts and gives it back.

python -m workers.orders.payment --url unix:/run/payment.sock --database DSN --install
"""

from __future__ import annotations

from pathlib import Path

import asyncpg

from accompanist.worker import Declined, Worker, current_call, main, provision
from workers.orders.messages import Receipt, Reservation, Tier
from workers.orders.roles import Payment

SCHEMA = "payment_worker"
DISCOUNT_PERCENT = {Tier.NONE: 0, Tier.SILVER: 5, Tier.GOLD: 10}

worker = Worker(Payment, SCHEMA)


async def install(dsn: str) -> None:
    await provision(dsn, SCHEMA, Path(__file__).with_suffix(".sql"))


@worker.operation
async def charge(tx: asyncpg.Connection, reservation: Reservation, tier: Tier) -> Receipt:
    # the discount is rounded down: a cent is never given away
    paid_cents = reservation.total_cents - reservation.total_cents * DISCOUNT_PERCENT[tier] // 100
    if paid_cents < 0:
        raise Declined("the total is negative")
    call = current_call()
    number = await tx.fetchval(
        """
        WITH taken AS (UPDATE account SET balance_cents = balance_cents - $4
                        WHERE customer = $3 AND balance_cents >= $4 RETURNING customer),
             made AS (INSERT INTO payment (session, site, customer, paid_cents)
                      SELECT $1, $2, customer, $4 FROM taken RETURNING receipt),
             told AS (INSERT INTO ledger (session, site, kind, operation)
                      SELECT $1, $2, 'forward', 'charge' FROM taken)
        SELECT receipt FROM made
        """,
        call.session,
        call.site,
        reservation.customer,
        paid_cents,
    )
    if number is None:
        known = await tx.fetchval("SELECT EXISTS (SELECT FROM account WHERE customer = $1)", reservation.customer)
        raise Declined("not enough money" if known else "unknown customer")
    return Receipt(number, reservation.customer, paid_cents)


@worker.operation
async def refund(tx: asyncpg.Connection, reservation: Reservation, tier: Tier) -> None:
    call = current_call()
    refunded = await tx.fetchval(
        """
        WITH undone AS (UPDATE payment SET refunded = true
                         WHERE session = $1 AND site = $2 AND NOT refunded RETURNING customer, paid_cents),
             back AS (UPDATE account a SET balance_cents = balance_cents + u.paid_cents
                        FROM undone u WHERE a.customer = u.customer),
             told AS (INSERT INTO ledger (session, site, kind, operation)
                      VALUES ($1, $2, 'compensate', 'refund'))
        SELECT count(*) FROM undone
        """,
        call.session,
        call.site,
    )
    if refunded != 1:
        raise RuntimeError("what is to be refunded was not taken")


if __name__ == "__main__":
    raise SystemExit(main(worker, install))
