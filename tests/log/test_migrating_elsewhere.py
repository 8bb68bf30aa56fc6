"""Creating and migrating a log, and installing a fence, where the administrator has set limits and isolation levels for
others: they take as long as they need, and a second one at the same time waits and finds it done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from accompanist.errors import OperatorError
from accompanist.log import provision, settings
from accompanist.log.schema import head
from accompanist.worker import provision as install_fence
from tests.postgres import SERVICES, Database

SET = {
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "quote_all_identifiers": "on",
    "row_security": "off",
}


@pytest.fixture(params=["read committed", "repeatable read", "serializable"])
async def elsewhere(request: pytest.FixtureRequest, blank_database: Database) -> AsyncIterator[Database]:
    admin = await asyncpg.connect(blank_database.dsn())
    name = await admin.fetchval("SELECT current_database()")
    for setting, value in {**SET, "default_transaction_isolation": request.param}.items():
        await admin.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    await admin.close()
    yield blank_database


LOCK = "COMMENT ON SCHEMA acc_payment IS 'somebody else migrates it'"


async def test_two_at_once_end_alike(elsewhere: Database) -> None:
    dsn = elsewhere.dsn()
    await asyncio.gather(provision.bootstrap(dsn, SERVICES), provision.bootstrap(dsn, SERVICES))
    both = [provision.migrate(dsn, "payment", "acc_payment") for _ in range(2)]
    assert await asyncio.gather(*both) == [None, None]
    assert await provision.status(dsn, "acc_payment") == (head(), head())
    await asyncio.gather(*(install_fence(dsn, "payment_worker") for _ in range(2)))
    both = [provision.migrate(dsn, "payment", "acc_payment", "down") for _ in range(2)]
    assert await asyncio.gather(*both) == [None, None]
    assert await provision.status(dsn, "acc_payment") == (None, head())


async def test_a_migration_waits_for_a_lock_as_long_as_it_takes(elsewhere: Database) -> None:
    dsn = elsewhere.dsn()
    await provision.bootstrap(dsn, SERVICES)
    other = await asyncpg.connect(dsn, server_settings=dict(settings.PATIENT))
    held = other.transaction()
    await held.start()
    await other.execute(LOCK)
    waiting = asyncio.create_task(provision.migrate(dsn, "payment", "acc_payment"))
    while not await other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'object' AND NOT granted)"):
        assert not waiting.done()
    await held.rollback()
    await waiting
    await other.close()


async def test_a_statement_that_was_cancelled_is_told_as_that(blank_database: Database) -> None:
    """The server was reached, and somebody or something ended what was asked of it."""
    dsn = blank_database.dsn()
    await provision.bootstrap(dsn, SERVICES)
    other = await asyncpg.connect(dsn)
    held = other.transaction()
    await held.start()
    await other.execute(LOCK)
    waiting = asyncio.create_task(provision.migrate(dsn, "payment", "acc_payment"))
    ended = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name = 'accompanist migrate'"
    watcher = await asyncpg.connect(dsn)  # not in a transaction: there all looks at the activity are the same
    while not waiting.done():
        await watcher.fetchval(ended + " AND wait_event = 'object' AND datname = current_database()")
    await watcher.close()
    await held.rollback()
    with pytest.raises(OperatorError, match="was cancelled") as told:
        await waiting
    assert told.value.code == "ACC412"
    await other.close()
