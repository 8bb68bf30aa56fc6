"""The worker of alpha. What an operation writes through `tx` is one commit with its reply.

python -m project_name.alpha.worker --url URL --database DSN --install
"""

from __future__ import annotations

from pathlib import Path

import asyncpg
from accompanist.worker import Declined, Worker, current_call, main, provision

from project_name.alpha.role import Alpha
from project_name.messages import Booking, Confirmation, Request

SCHEMA = "alpha_worker"
AMOUNT_MAX = 100

worker = Worker(Alpha, SCHEMA)


async def install(dsn: str) -> None:
    await provision(dsn, SCHEMA, Path(__file__).with_name("tables.sql"))


@worker.operation
async def reserve(tx: asyncpg.Connection, request: Request) -> Booking:
    if not 0 < request.amount <= AMOUNT_MAX:
        raise Declined(f"alpha has between 1 and {AMOUNT_MAX}")
    call = current_call()
    await tx.execute(
        "INSERT INTO booking (session, site, customer, amount) VALUES ($1, $2, $3, $4)",
        call.session,
        call.site,
        request.customer,
        request.amount,
    )
    return Booking("alpha", request.amount)


@worker.operation
async def release(tx: asyncpg.Connection, request: Request) -> None:
    call = current_call()
    await tx.execute(
        "UPDATE booking SET released = true WHERE session = $1 AND site = $2",
        call.session,
        call.site,
    )


@worker.operation
async def confirm(tx: asyncpg.Connection, request: Request, bookings: tuple[Booking, ...]) -> Confirmation:
    await tx.execute(
        "INSERT INTO confirmation (session, customer, bookings) VALUES ($1, $2, $3)",
        current_call().session,
        request.customer,
        len(bookings),
    )
    return Confirmation(request.customer, len(bookings))


if __name__ == "__main__":
    raise SystemExit(main(worker, install))
