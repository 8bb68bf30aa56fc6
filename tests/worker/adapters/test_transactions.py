"""The transactions of each adapter: what they are set to, and that an operation cannot take them away unseen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import pytest

from accompanist import limits
from accompanist.errors import AuthorError
from accompanist.rpc import envelope
from accompanist.rpc.envelope import RpcError
from accompanist.worker import Declined
from accompanist.worker.execution import Execution, current_call
from accompanist.worker.fence import Fence
from accompanist.worker.port import READ_COMMITTED, Isolation, QueryWrote, WorkerDatabase
from accompanist.worker.volatile import VolatileMemory
from tests.postgres import Database
from tests.worker import bench
from tests.worker.adapters.handles import ADAPTERS, CONNECTIONS, SETTINGS, Handle
from tests.worker.conftest import key

pytestmark = pytest.mark.parametrize("kind", ADAPTERS)
SHOWN = "SELECT " + ", ".join(f"current_setting('{name}')" for name in SETTINGS)
WAITING_S = 20.0


class Bench:
    """An adapter that is open, with one who looks at the effects."""

    def __init__(self, handle: Handle, opened: WorkerDatabase, watching: asyncpg.Connection) -> None:
        self.handle, self.opened, self.watching = handle, opened, watching
        self.execution = Execution(opened, Fence(bench.SCHEMA))

    async def effects(self) -> tuple[int, int]:
        """How many effects are committed, and how many calls are recorded."""
        query = "SELECT (SELECT count(*) FROM ledger), (SELECT count(*) FROM fence_call)"
        return tuple(await self.watching.fetchrow(query))


@asynccontextmanager
async def opened(
    database: Database, kind: str, isolation: Isolation = READ_COMMITTED, *wrong: str
) -> AsyncIterator[Bench]:
    """`wrong`: settings of the database, for all that connect to it later."""
    await bench.install(database.dsn())
    watching = await asyncpg.connect(database.dsn(), server_settings={"search_path": bench.SCHEMA})
    name = await watching.fetchval("SELECT current_database()")
    for setting in wrong:
        await watching.execute(f'ALTER DATABASE "{name}" SET {setting}')
    async with ADAPTERS[kind](database.dsn()) as handle:
        there = await handle.driver.open("", bench.SCHEMA, isolation)
        async with asyncio.timeout(WAITING_S):
            yield Bench(handle, there, watching)
        await there.close()
    await watching.close()


@pytest.fixture
async def at(blank_database: Database, kind: str) -> AsyncIterator[Bench]:
    async with opened(blank_database, kind) as found:
        yield found


async def test_effect_and_record_are_one_and_a_repeat_reads_it(at: Bench) -> None:
    call = key()
    for _ in range(3):
        assert await at.execution.transact(call, at.handle.saw(), int) == b"1"
    assert await at.effects() == (1, 1)


async def test_a_decline_takes_the_effect_back_and_is_recorded(at: Bench) -> None:
    def declines(tx: Any) -> None:
        raise Declined("no")

    call = key()
    for _ in range(2):
        with pytest.raises(RpcError) as refused:
            await at.execution.transact(call, at.handle.steps(at.handle.saw(), declines), int)
        assert (refused.value.code, refused.value.data) == (envelope.DECLINED, "no")
    assert await at.effects() == (0, 1)


@pytest.mark.parametrize("isolation", ["read committed", "serializable"])
async def test_a_transaction_has_the_settings_that_the_fence_depends_on(
    blank_database: Database, kind: str, isolation: Isolation
) -> None:
    """Whatever the database has: here all of it is wrong."""
    wrong = "default_transaction_isolation = 'repeatable read'", "synchronous_commit = off"
    slow = "statement_timeout = '1h'", "lock_timeout = '1h'", "idle_in_transaction_session_timeout = '1h'"
    async with opened(blank_database, kind, isolation, *wrong, *slow) as at:
        waits = (limits.worker_statement_ms, limits.worker_lock_wait_ms, limits.worker_idle_in_transaction_ms)
        for_all = [isolation, *(f"{ms // 1000}s" for ms in waits), "on"]
        told = await at.execution.ask(at.handle.run(SHOWN), list[str])
        assert orjson.loads(told) == [*for_all, "on"]
        told = await at.execution.transact(key(), at.handle.run(SHOWN), list[str])
        assert orjson.loads(told) == [*for_all, "off"]


async def test_who_waits_longer_is_given_longer(at: Bench) -> None:
    asked = at.handle.run("SELECT current_setting('statement_timeout')")
    for patience_ms, told in ((120_000, b'["118s"]'), (limits.call_timeout_ms, b'["8s"]')):
        assert await at.execution.ask(asked, list[str], patience_ms=patience_ms) == told


async def test_a_query_cannot_write(at: Bench) -> None:
    with pytest.raises(QueryWrote):
        await at.execution.ask(at.handle.saw(), int)
    assert await at.effects() == (0, 0)
    assert await at.execution.transact(key(), at.handle.saw(), int) == b"1"  # the connection is as good as before


async def test_an_operation_that_takes_the_transaction_away_is_told_and_nothing_is_done(at: Bench) -> None:
    """The call is undecided: asked again, when the operation was mended, it is done."""
    for name, (meddles, says) in at.handle.meddling.items():
        call = key()
        for _ in range(CONNECTIONS + 1):
            with pytest.raises(AuthorError, match="ACC518") as told:
                await at.execution.transact(call, at.handle.steps(at.handle.saw(), meddles, lambda tx: 1), int)
            assert says in told.value.text, name
        assert await at.effects() == (0, 0), name
        assert await at.execution.transact(call, at.handle.saw(), int) == b"1"
        await at.watching.execute("DELETE FROM ledger")
        await at.watching.execute("DELETE FROM fence_call")


async def test_of_a_volatile_session_too(at: Bench) -> None:
    memory = VolatileMemory("here")
    assert await at.execution.transact_volatile(memory, key(), at.handle.saw(), int) == b"1"
    for name, (meddles, _) in at.handle.meddling.items():
        with pytest.raises(AuthorError, match="ACC518"):
            work = at.handle.steps(at.handle.saw(), meddles, lambda tx: 1)
            await at.execution.transact_volatile(memory, key(), work, int)
        assert await at.effects() == (1, 0), name


@pytest.mark.parametrize("text", [("COMMIT",), ("COMMIT", "BEGIN"), ("COMMIT", "SELECT 1")])
async def test_a_commit_as_text_is_found_out(at: Bench, text: tuple[str, ...]) -> None:
    """It is too late to take the effect back, but nothing is recorded, and somebody is told."""
    with pytest.raises(AuthorError, match="ACC518"):
        await at.execution.transact(key(), at.handle.saw(*text), int)
    assert await at.effects() == (1, 0)
    assert await at.execution.transact(key(), at.handle.saw(), int) == b"1"


async def test_what_postgres_sacrifices_is_tried_again(at: Bench) -> None:
    tried = 0

    def counted(tx: Any) -> None:
        nonlocal tried
        tried += 1

    failing = at.handle.run("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")
    with pytest.raises(RpcError) as refused:
        await at.execution.transact(key(), at.handle.steps(counted, failing), int)
    assert (refused.value.code, refused.value.data, tried) == (
        envelope.RETRY_LATER,
        "conflict",
        limits.conflict_attempts_max,
    )


async def test_a_constraint_that_fails_at_commit_takes_all_back(at: Bench) -> None:
    await at.watching.execute(
        "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING ERRCODE = '23514'; END $$"
    )
    await at.watching.execute(
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION never()"
    )
    with pytest.raises(Exception) as failed:
        await at.execution.transact(key(), at.handle.saw(), int)
    assert at.opened.certainly_undone(failed.value)
    assert await at.effects() == (0, 0)
    await at.watching.execute("DROP TRIGGER late ON ledger")
    assert await at.execution.transact(key(), at.handle.saw(), int) == b"1"


async def test_a_connection_that_is_killed_decides_nothing(at: Bench) -> None:
    own = at.handle.run("SELECT pg_terminate_backend(pg_backend_pid())")
    call = key()
    for _ in range(2):
        with pytest.raises(RpcError) as refused:
            await at.execution.transact(call, at.handle.steps(at.handle.saw(), own), int)
        assert (refused.value.code, refused.value.data) == (envelope.RETRY_LATER, "database_unavailable")
    assert await at.effects() == (0, 0)
    assert await at.execution.transact(call, at.handle.saw(), int) == b"1"
    assert await at.effects() == (1, 1)


async def test_the_key_is_known_to_the_operation(at: Bench) -> None:
    def site(tx: Any) -> str:
        return current_call().site

    assert await at.execution.transact(key(site="7"), at.handle.steps(site), str) == b'"7"'


async def test_a_call_beyond_the_connections_says_that_it_is_busy(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "worker_acquire_ms", 1)
    async with at.opened.connection(), at.opened.connection():
        with pytest.raises(RpcError) as refused:
            await at.execution.transact(key(), at.handle.saw(), int)
        assert (refused.value.code, refused.value.data) == (envelope.RETRY_LATER, "busy")
    assert await at.execution.transact(key(), at.handle.saw(), int) == b"1"


async def test_a_call_that_is_stopped_is_not_committed_and_its_connection_comes_back(at: Bench) -> None:
    """A plain function cannot be stopped: it runs to its end, and only then is rolled back."""
    loop, entered = asyncio.get_running_loop(), asyncio.Event()
    go_on = threading.Event()

    def waits(tx: Any) -> None:
        loop.call_soon_threadsafe(entered.set)
        go_on.wait(WAITING_S)

    async def awaits(tx: Any) -> None:
        entered.set()
        await asyncio.Event().wait()

    stuck = waits if at.handle.driver.threaded else awaits
    for _ in range(CONNECTIONS * 2):
        entered.clear()
        go_on.clear()
        under_way = asyncio.create_task(at.execution.transact(key(), at.handle.steps(at.handle.saw(), stuck), int))
        await entered.wait()
        under_way.cancel()
        with pytest.raises(RpcError) as stopped:
            await under_way
        assert stopped.value.data == "shutting_down"
        go_on.set()
    for _ in range(CONNECTIONS * 2):
        assert await at.execution.transact(key(), at.handle.saw(), int) == b"1"
    assert await at.effects() == (CONNECTIONS * 2, CONNECTIONS * 2)
