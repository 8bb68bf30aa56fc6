"""The local transactions of an order, by the very functions that the workers run, without the fence around them.

Not promised: anything after a crash, or for a step that is asked for twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast, get_type_hints
from uuid import UUID

import asyncpg

from accompanist.worker import Declined
from accompanist.worker.execution import _call
from accompanist.worker.fence import Key
from ops.bench.client import CROWD
from workers.orders import loyalty, payment, warehouse
from workers.orders.messages import Line, Order, Parcel, Tier

MODULES = {"warehouse": warehouse, "payment": payment, "loyalty": loyalty}
OPERATIONS: Mapping[str, tuple[str, Callable[..., Awaitable[Any]]]] = {
    "reserve": ("warehouse", warehouse.reserve),
    "release": ("warehouse", warehouse.release),
    "ship": ("warehouse", warehouse.ship),
    "charge": ("payment", payment.charge),
    "refund": ("payment", payment.refund),
    "award": ("loyalty", loyalty.award),
    "revoke": ("loyalty", loyalty.revoke),
}
"""By name: the service, and the worker's function."""
COMPENSATIONS = {"reserve": "release", "charge": "refund", "award": "revoke"}
POOL = 16

Ask = Callable[[str, UUID, list[Any]], Awaitable[Any]]
"""Carries out an operation for a session with these arguments. Raises Declined."""


class Call(NamedTuple):
    """What the functions read of `current_call()`: a compensation finds by it what was done."""

    session: UUID
    site: str


class Types(NamedTuple):
    """What an operation takes and gives."""

    arguments: Any
    reply: Any


def types(operation: str) -> Types:
    """The types of an operation's arguments, as one tuple, and of its reply."""
    hints = get_type_hints(OPERATIONS[operation][1])
    reply = hints.pop("return")
    hints.pop("tx")
    return Types(tuple.__class_getitem__(tuple(hints.values())), reply)


async def install(dsn: str) -> None:
    """The workers' tables, each service's in the schema that it has for its worker."""
    connection = await asyncpg.connect(dsn)
    try:
        for module in MODULES.values():
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {module.SCHEMA}; SET search_path = {module.SCHEMA}")
            await connection.execute(Path(module.__file__ or "").with_suffix(".sql").read_text())
    finally:
        await connection.close()


async def open_pool(dsn: str, service: str, size: int = POOL) -> asyncpg.Pool:
    """As workers have it: all connections are there, and none is reset when it is given back."""

    async def leave(connection: asyncpg.Connection) -> None:
        pass

    path = {"search_path": MODULES[service].SCHEMA}
    return await asyncpg.create_pool(dsn, min_size=size, max_size=size, reset=leave, server_settings=path)


async def transact(pool: asyncpg.Pool, operation: str, session: UUID, arguments: list[Any]) -> Any:
    """One local transaction. Raises Declined."""
    undone = next((done for done, undo in COMPENSATIONS.items() if undo == operation), operation)
    async with pool.acquire() as connection, connection.transaction():
        _call.set(cast(Key, Call(session, undone)))
        return await OPERATIONS[operation][1](connection, *arguments)


async def order(ask: Ask, session: UUID, number: int, product: str) -> str:
    """An order as its choreography says it: how it ended, `settled` or `ended`."""
    done: list[tuple[str, list[Any]]] = []

    async def step(operation: str, *arguments: Any) -> Any:
        reply = await ask(operation, session, list(arguments))
        done.append((operation, list(arguments)))
        return reply

    try:
        wanted = Order(f"customer{number % CROWD:03d}", (Line(product, 1),))
        reservation = await step("reserve", wanted)
        receipt = await step("charge", reservation, Tier.NONE)
        points = await step("award", receipt)
        parcel = await step("ship", reservation, points)
    except Declined:
        for operation, arguments in reversed(done):
            await ask(COMPENSATIONS[operation], session, arguments)
        return "ended"
    assert isinstance(parcel, Parcel)
    return "settled"
