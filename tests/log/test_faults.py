"""An error of Postgres counts as a fault of the environment until it is proved to be ours: it is waited for, and
passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from structlog.testing import capture_logs

from accompanist.limits import shards_count
from accompanist.log import faults
from accompanist.log.connection import again, reach
from accompanist.log.group import Flusher
from accompanist.log.notifier import Notifier
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.ports import Commit, LogUnavailable
from tests.log.letters import decided, header, row
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import SERVICES

SIDECAR = "warehouse_sidecar"
ENDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ($1::text[])"
ASKED_AGAIN = [
    "28000",
    "28P01",
    "3D000",
    "55000",
    "42501",
    "XX000",
    "25006",
    "57P01",
    "57P03",
    "08006",
    "53300",
    "42P01",
    "P0001",
]
WINDOWS = {
    "the login is refused": (f"ALTER ROLE {SIDECAR} NOLOGIN", f"ALTER ROLE {SIDECAR} LOGIN"),
    "the login is renamed": (f"ALTER ROLE {SIDECAR} RENAME TO gone", f"ALTER ROLE gone RENAME TO {SIDECAR}"),
    "the database takes no connections": (
        "ALTER DATABASE {database} ALLOW_CONNECTIONS false",
        "ALTER DATABASE {database} ALLOW_CONNECTIONS true",
    ),
    "the right to connect is taken": (
        "REVOKE CONNECT ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO PUBLIC",
    ),
}


@pytest.mark.parametrize("state", ASKED_AGAIN)
async def test_what_is_not_about_the_values_is_asked_again(state: str) -> None:
    with pytest.raises(LogUnavailable):
        async with reach():
            raise asyncpg.PostgresError.new({"C": state, "M": "words of a stranger"})


@pytest.mark.parametrize("state", ["08006", "40001", "53300", "57P01", "58030", "55P03", "25006", "0A000", "42501"])
def test_of_what_a_person_asked_a_server_that_is_away_is_told_from_one_that_refuses(state: str) -> None:
    assert again(asyncpg.PostgresError.new({"C": state, "M": ""})) is (state != "42501")


@pytest.mark.parametrize("state", ["22021", "22P05", "23514", "54000"])
async def test_what_is_about_the_values_is_not_asked_again(state: str) -> None:
    with pytest.raises(asyncpg.PostgresError):
        async with reach():
            raise asyncpg.PostgresError.new({"C": state, "M": ""})
    assert not faults.spoils(asyncpg.PostgresError.new({"C": state, "M": ""}))


@pytest.mark.parametrize("state", ["25006", "57P01", "57P02", "57P03", "28000", "28P01", "3D000", "XX000", "08006"])
def test_a_connection_that_may_lead_to_a_wrong_server_is_dropped(state: str) -> None:
    assert faults.spoils(asyncpg.PostgresError.new({"C": state, "M": ""}))


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014", "53100", "AC001"])
def test_a_connection_is_kept_where_it_is_known_to_be_good(state: str) -> None:
    assert not faults.spoils(asyncpg.PostgresError.new({"C": state, "M": ""}))


def written() -> Commit:
    of = header()
    return decided(of, session=row(of, "warehouse"))


@asynccontextmanager
async def window(world: PostgresWorld, begin: str, end: str) -> AsyncIterator[None]:
    """A login that is refused for a while, from a database beside it."""
    database = world.database.admin_dsn.partition("?")[0].rpartition("/")[2]
    admin = await asyncpg.connect(world.database.admin_dsn, database="postgres")
    try:
        await admin.execute(begin.format(database=database))
        await admin.execute(ENDS, [SIDECAR, "gone"])
        try:
            yield
        finally:
            await admin.execute(end.format(database=database))
    finally:
        await admin.close()


@pytest.mark.parametrize("name", WINDOWS)
async def test_a_commit_that_meets_a_refused_login_waits_and_is_written(
    postgres_world: PostgresWorld, name: str
) -> None:
    log = await owner(postgres_world, "warehouse")
    pauses: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        pauses.put_nowait(None)
        await asyncio.sleep(0.01)

    flusher = Flusher(log, sleep=sleep)
    async with window(postgres_world, *WINDOWS[name]):
        waits = asyncio.create_task(flusher.commit(written()))
        async with asyncio.timeout(10):
            for _ in range(3):
                await pauses.get()
        assert not waits.done(), "it was refused for what the login may not do"
    async with asyncio.timeout(10):
        await waits
    await flusher.close()


async def test_a_read_only_window_leaves_no_read_only_connection_behind(postgres_world: PostgresWorld) -> None:
    """After a failover connections may lead to what is now a standby. Here a setting of the login stands for it, that
    connections keep which began while it was there."""
    log = await postgres_world.sidecar("warehouse")
    assert isinstance(log, PostgresLog)
    await log.lease("w", shards_count)
    read_only = "SELECT set_config('default_transaction_read_only', 'on', false)"
    async with log._pool.acquire() as first, log._pool.acquire() as second:
        await first.execute(read_only)
        await second.execute(read_only)
    with pytest.raises(LogUnavailable):
        await log.flush([written()])
    for _ in range(4):
        await log.flush([written()])


async def test_a_notifier_tells_each_time_once_that_the_queue_is_full_and_once_that_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = asyncpg.PostgresError.new({"C": "54000", "M": "too many notifications in the NOTIFY queue"})
    refusals = [full] * 5

    class FakeConnection:
        async def execute(self, query: str, *args: object) -> object:
            if refusals:
                raise refusals.pop()
            sent.set()
            return None

        def terminate(self) -> None: ...

    async def open_connection() -> FakeConnection:
        return FakeConnection()

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    sent = asyncio.Event()
    telling = Notifier(SERVICES, open_connection, sleep=at_once)
    with capture_logs() as lines:
        for once_more in (False, False, True, True):
            if once_more and not refusals:
                refusals.extend([full] * 5)
            sent.clear()
            while not sent.is_set():
                telling.notify({"payment": None})
                await asyncio.sleep(0)
            await asyncio.sleep(0)
    await telling.close()
    assert [line["event"] for line in lines] == ["notifier.lost", "notifier.back"] * 3


async def test_whoever_waits_for_a_flush_is_answered_whatever_happens(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")

    def fails(seconds: float, bursts: int) -> None:
        if failures:
            raise failures.pop()

    failures = [ZeroDivisionError("a defect of ours")]
    flusher = Flusher(log, flushed=fails)
    async with asyncio.timeout(10):
        with pytest.raises(ZeroDivisionError):
            await flusher.commit(written())
        assert list(await flusher.commit(written())) == []
    await flusher.close()


def test_what_no_server_said_spoils_no_connection() -> None:
    assert not faults.spoils(OSError("the line is gone"))
    assert not faults.spoils(asyncpg.InterfaceError("it is closed"))
