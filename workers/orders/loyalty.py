"""Loyalty's worker: tells tiers, awards points and takes them back.

python -m workers.orders.loyalty --url unix:/run/loyalty.sock --database DSN --install
"""

from __future__ import annotations

from pathlib import Path

import asyncpg

from accompanist.worker import Declined, Worker, current_call, main, provision
from workers.orders.messages import Points, Receipt, Tier
from workers.orders.roles import Loyalty

SCHEMA = "loyalty_worker"
CENTS_PER_POINT = 100

worker = Worker(Loyalty, SCHEMA)


async def install(dsn: str) -> None:
    await provision(dsn, SCHEMA, Path(__file__).with_suffix(".sql"))


@worker.operation
async def tier(tx: asyncpg.Connection, customer: str) -> Tier:
    name = await tx.fetchval("SELECT tier FROM member WHERE customer = $1", customer)
    if name is None:
        raise Declined("unknown customer")
    return Tier(name)


@worker.operation
async def award(tx: asyncpg.Connection, receipt: Receipt) -> Points:
    points = max(0, receipt.paid_cents) // CENTS_PER_POINT
    call = current_call()
    awarded = await tx.fetchval(
        """
        WITH given AS (UPDATE member SET points = points + $4 WHERE customer = $3 RETURNING customer),
             made AS (INSERT INTO award (session, site, customer, points)
                      SELECT $1, $2, customer, $4 FROM given),
             told AS (INSERT INTO ledger (session, site, kind, operation)
                      SELECT $1, $2, 'forward', 'award' FROM given)
        SELECT count(*) FROM given
        """,
        call.session,
        call.site,
        receipt.customer,
        points,
    )
    if awarded != 1:
        raise Declined("unknown customer")
    return Points(receipt.customer, points)


@worker.operation
async def revoke(tx: asyncpg.Connection, receipt: Receipt) -> None:
    call = current_call()
    revoked = await tx.fetchval(
        """
        WITH undone AS (UPDATE award SET revoked = true
                         WHERE session = $1 AND site = $2 AND NOT revoked RETURNING customer, points),
             back AS (UPDATE member m SET points = m.points - u.points
                        FROM undone u WHERE m.customer = u.customer),
             told AS (INSERT INTO ledger (session, site, kind, operation)
                      VALUES ($1, $2, 'compensate', 'revoke'))
        SELECT count(*) FROM undone
        """,
        call.session,
        call.site,
    )
    if revoked != 1:
        raise RuntimeError("what is to be revoked was not awarded")


if __name__ == "__main__":
    raise SystemExit(main(worker, install))
