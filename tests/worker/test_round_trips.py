"""How often a call waits for Postgres, and what is right all the same when a statement fails that nobody waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from accompanist.rpc.client import connect
from accompanist.rpc.envelope import RpcError
from accompanist.runtime.answers import Closed, Declined, Replied
from accompanist.worker import database, fence, pipelining, start
from accompanist.worker.database import AsyncpgDatabase
from accompanist.worker.execution import Execution
from accompanist.worker.pipelining import PipelinedConnection, WorkerConnection
from tests.postgres import Database
from tests.round_trips import RoundTrips, counted
from tests.worker import bench
from tests.worker.bench import Plank
from tests.worker.calling import Caller
from tests.worker.conftest import key

OAK, WAITING_S = Plank(4), 20.0


class Counted:
    """A worker behind a line that counts, and one who calls it."""

    def __init__(self, trips: RoundTrips, caller: Caller) -> None:
        self.trips, self.caller = trips, caller


@pytest.fixture
async def line(blank_database: Database, tmp_path: Path) -> AsyncIterator[Counted]:
    """All that the driver prepares, it has prepared already."""
    await bench.install(blank_database.dsn())
    async with counted(blank_database, tmp_path) as (dsn, trips):
        running = await start(bench.worker, f"unix:{tmp_path}/bench.sock", dsn)
        client = connect(running.url)
        for wood in ("oak", "iron"):
            await Caller(client, uuid4(), "carpenter").call("saw", "1", plank=Plank(4, wood))
        await Caller(client, uuid4(), "carpenter").close()
        trips.forget()
        async with asyncio.timeout(WAITING_S):
            yield Counted(trips, Caller(client, uuid4(), "carpenter"))
        await client.close()
        await running.stop(0)


def words(trips: RoundTrips) -> list[str]:
    """The statements that went over the line, each by the word that tells it."""
    known = ("BEGIN", "fence_enter", "INSERT", "fence_leave", "COMMIT", "ROLLBACK", "fence_refuse", "fence_close")
    return [next(word for word in known if word in statement) for statement in trips.statements]


async def test_a_call_waits_twice_beside_the_operations_own_statements(line: Counted) -> None:
    assert isinstance(await line.caller.call("saw", "1", plank=OAK), Replied)
    assert words(line.trips) == ["BEGIN", "fence_enter", "INSERT", "fence_leave", "COMMIT"]
    assert line.trips.count == 3


async def test_a_repeat_waits_twice(line: Counted) -> None:
    first = await line.caller.call("saw", "1", plank=OAK)
    line.trips.forget()
    assert await line.caller.call("saw", "1", plank=OAK) == first
    assert words(line.trips) == ["BEGIN", "fence_enter", "COMMIT"]
    assert line.trips.count == 2


async def test_a_refusal_waits_four_times(line: Counted) -> None:
    assert isinstance(await line.caller.call("saw", "1", plank=Plank(1, "iron")), Declined)
    assert words(line.trips) == ["BEGIN", "fence_enter", "INSERT", "ROLLBACK", "fence_refuse"]
    assert line.trips.count == 4


async def test_a_close_waits_twice(line: Counted) -> None:
    await line.caller.close()
    assert words(line.trips) == ["BEGIN", "fence_close", "COMMIT"]
    assert line.trips.count == 2
    assert await line.caller.call("saw", "1", plank=OAK) == Closed()


# -- where a statement fails -----------------------------------------------------------------------------------------


@pytest.fixture
async def pool(blank_database: Database) -> AsyncIterator[asyncpg.Pool]:
    """One connection. The pool has nothing to complain of: it would, of an open transaction that it was given back."""
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    await bench.install(blank_database.dsn())
    pool = await database.open_pool(blank_database.dsn(), bench.SCHEMA, size=1)
    yield pool
    pool.terminate()
    assert complaints == []


async def effects(pool: asyncpg.Pool) -> int:
    async with database.connection(pool) as connection:
        assert not connection.is_in_transaction(), "whoever takes the connection finds no transaction in it"
        return int(await connection.fetchval("SELECT count(*) FROM ledger"))


async def saw(tx: asyncpg.Connection) -> int:
    await tx.execute("INSERT INTO ledger VALUES ($1, '1', 'forward', 'saw')", uuid4())
    return 1


@pytest.mark.parametrize("turns", [1, 2])
async def test_a_record_that_cannot_be_kept_takes_the_effect_back_with_it(pool: asyncpg.Pool, turns: int) -> None:
    """Also before the driver has prepared anything, and with what it has prepared."""
    execution = Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA))
    for _ in range(turns - 1):
        await execution.transact(key(), saw, int)
    async with database.connection(pool) as connection:
        await connection.execute("ALTER TABLE fence_call ADD CONSTRAINT nothing CHECK (answer <> '1') NOT VALID")
    for _ in range(2):
        with pytest.raises(asyncpg.CheckViolationError):
            await execution.transact(key(), saw, int)
    assert await effects(pool) == turns - 1
    async with database.connection(pool) as connection:
        await connection.execute("ALTER TABLE fence_call DROP CONSTRAINT nothing")
    assert await execution.transact(key(), saw, int) == b"1"
    assert await effects(pool) == turns


async def test_who_meets_the_record_of_a_repeat_reads_it(pool: asyncpg.Pool, blank_database: Database) -> None:
    """A snapshot that was taken too early: the record's primary key is the last word, and is heard at COMMIT."""
    execution, call = Execution(AsyncpgDatabase(pool, "serializable"), fence.Fence(bench.SCHEMA)), key()
    other = await asyncpg.connect(blank_database.dsn(), server_settings={"search_path": bench.SCHEMA})

    async def overtaken(tx: asyncpg.Connection) -> int:
        await other.execute(
            "INSERT INTO fence_call (session, role, site, kind, operation, digest, outcome, answer)"
            " VALUES ($1, $2, '1', 'forward', 'saw', fence_digest($3), 'replied', '7') ON CONFLICT DO NOTHING",
            call.session,
            call.role,
            call.arguments,
        )
        return await saw(tx)

    assert await execution.transact(call, overtaken, int) == b"7"
    assert await effects(pool) == 0
    await other.close()


async def test_an_operation_whose_statement_failed_unseen_is_not_committed(pool: asyncpg.Pool) -> None:
    async def careless(tx: asyncpg.Connection) -> int:
        await saw(tx)
        with pytest.raises(asyncpg.UndefinedTableError):
            await tx.execute("SELECT FROM nowhere")
        return 1

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA)).transact(key(), careless, int)
    assert await effects(pool) == 0


async def test_an_operation_may_have_savepoints_of_its_own(pool: asyncpg.Pool) -> None:
    async def careful(tx: asyncpg.Connection) -> int:
        with pytest.raises(ZeroDivisionError):
            async with tx.transaction():
                await saw(tx)
                raise ZeroDivisionError
        async with tx.transaction():
            return await saw(tx)

    assert await Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA)).transact(key(), careful, int) == b"1"
    assert await effects(pool) == 1


async def test_an_operation_that_leaves_a_statement_under_way_spoils_no_other_call(pool: asyncpg.Pool) -> None:
    left: list[asyncio.Task[str]] = []

    async def hasty(tx: asyncpg.Connection) -> int:
        await saw(tx)
        left.append(asyncio.create_task(tx.execute("SELECT pg_sleep(60)")))
        await asyncio.sleep(0)
        return 1

    execution = Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA))
    await execution.transact(key(), saw, int)  # all is prepared
    with pytest.raises(database.StillAsking):
        await execution.transact(key(), hasty, int)
    await asyncio.gather(*left, return_exceptions=True)
    assert await execution.transact(key(), saw, int) == b"1"
    assert await effects(pool) == 2


async def test_who_is_stopped_at_the_commit_leaves_no_open_transaction(
    pool: asyncpg.Pool, blank_database: Database
) -> None:
    execution = Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA))
    other = await asyncpg.connect(blank_database.dsn(), server_settings={"search_path": bench.SCHEMA})
    await execution.transact(key(), saw, int)
    holding = other.transaction()
    await holding.start()
    await other.execute("SELECT FROM fence_gate WHERE gate >= 8192 FOR UPDATE")  # so that leaving waits
    stopped = asyncio.create_task(execution.transact(key(), saw, int))
    while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
    stopped.cancel()
    with pytest.raises(RpcError):
        await stopped
    await holding.rollback()
    assert await effects(pool) == 1
    await other.close()


# -- the driver --------------------------------------------------------------------------------------------------------


async def test_the_drivers_version_bears_it(pool: asyncpg.Pool) -> None:
    async with database.connection(pool) as connection:
        assert isinstance(connection, asyncpg.pool.PoolConnectionProxy)
        assert type(connection._con) is PipelinedConnection


@pytest.mark.parametrize("broken", ["alone", "bound"])
async def test_with_a_driver_that_does_not_a_worker_waits_more_often_and_is_as_right(
    blank_database: Database, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(pipelining, broken, lambda *told: b"")
    await bench.install(blank_database.dsn())
    pool = await database.open_pool(blank_database.dsn(), bench.SCHEMA, size=1)
    async with database.connection(pool) as connection:
        assert type(connection._con) is WorkerConnection
    call, execution = key(), Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA))
    for _ in range(2):
        assert await execution.transact(call, saw, int) == b"1"
    assert await effects(pool) == 1
    pool.terminate()


async def test_a_driver_that_waits_for_ever_does_not(blank_database: Database) -> None:
    class Waiting(PipelinedConnection):
        async def begin(self, begun: object) -> None:
            raise TimeoutError

    connection = await asyncpg.connect(blank_database.dsn(), connection_class=Waiting)
    assert not await pipelining.works(connection)
    connection.terminate()


async def test_a_last_statement_that_was_not_committed_goes_into_no_other_transaction(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as taken:
        await taken.execute("CREATE TABLE kept (what text)")
        undone = taken.transaction()
        await taken.begin(undone)
        assert await taken.fetchval("SELECT 1") == 1
        await taken.last("INSERT INTO kept SELECT $1", "stale")
        await undone.rollback()
        async with taken.transaction():
            await taken.execute("INSERT INTO kept SELECT 'fresh'")
        assert await taken.fetchval("SELECT array_agg(what) FROM kept") == ["fresh"]
