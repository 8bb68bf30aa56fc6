"""A saga that an application starts inside its own transaction, while the sidecar that has to take it in is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from uuid import UUID

import asyncpg
import pytest

from accompanist.enlist import with_asyncpg
from accompanist.log import names
from ops.stage import ALL_DONE, Stage, ended, persistently
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Line, Order

pytestmark = pytest.mark.postgres

ORDER = Order("customer-gold", (Line("kettle", 1),))


async def placed(stage: Stage, key: str, *, kill: bool, commits: bool = True) -> UUID:
    """An order that is placed in a transaction of the warehouse's own login; the sidecar is killed before its end."""
    connection = await asyncpg.connect(stage.running.admin_dsn)
    try:
        await connection.execute(f"SET SESSION AUTHORIZATION {names.worker_role('warehouse')}")
        transaction = connection.transaction()
        await transaction.start()
        session = await with_asyncpg(connection, "warehouse").start(fulfil_order, ORDER, key=key)
        if kill:
            os.kill(stage.running.pid("warehouse"), signal.SIGKILL)
        await (transaction.commit() if commits else transaction.rollback())
    finally:
        await connection.close()
    return session


def result(stage: Stage, session: UUID) -> object:
    """How it ended, once the sidecar is back."""
    return persistently(lambda: stage.result(str(session)), ended)["outcome"]


def test_a_commit_is_one_saga_although_the_sidecar_is_killed(stage: Stage) -> None:
    session = asyncio.run(placed(stage, "in-transaction-1", kill=True))
    assert result(stage, session) == "settled"
    assert asyncio.run(placed(stage, "in-transaction-1", kill=False)) == session
    assert stage.ledger(str(session)) == ALL_DONE


def test_a_rollback_is_none(stage: Stage) -> None:
    never = asyncio.run(placed(stage, "in-transaction-2", kill=True, commits=False))
    session = asyncio.run(placed(stage, "in-transaction-2", kill=False))
    assert result(stage, session) == "settled"
    assert stage.ledger(str(never)) == {} and stage.ledger(str(session)) == ALL_DONE
