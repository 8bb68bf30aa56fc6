"""The fence waits for a lock and then reads. That is correct if the read sees what was committed meanwhile (READ
COMMITTED), or if Postgres refuses the commit of a transaction that did not see it (SERIALIZABLE). Under REPEATABLE READ
neither holds, so the fence refuses. A worker sets the level itself, so that no default of a role, a database or a
server decides it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from accompanist.rpc.client import connect as connect_client
from accompanist.worker import start
from accompanist.worker.fence import Fence
from accompanist.worker.sdk import Worker
from tests.postgres import Database
from tests.worker.calling import Caller
from tests.worker.conftest import ROLE, Connect, do, effects, key, until_waiting
from workers.till import till
from workers.till.messages import Entry, Slip

SAFE = ("read_committed", "read_uncommitted", "serializable")
Ask = Callable[[asyncpg.Connection, Fence], Awaitable[Any]]

ASKED: dict[str, Ask] = {
    "enter": lambda db, fence: fence.enter(db, key()),
    "enter to compensate": lambda db, fence: fence.enter(db, key(kind="compensate")),
    "leave": lambda db, fence: fence.leave(db, key(), "1"),
    "refuse": lambda db, fence: fence.refuse(db, key(), "no"),
    "close": lambda db, fence: fence.close(db, uuid4(), ROLE, None),
    "close unless": lambda db, fence: fence.close(db, uuid4(), ROLE, "1"),
}


@pytest.mark.parametrize("asked", ASKED)
async def test_repeatable_read_is_refused_with_what_to_set(connect: Connect, the_fence: Fence, asked: str) -> None:
    db = await connect()
    with pytest.raises(asyncpg.PostgresError, match="REPEATABLE READ") as refused:
        async with db.transaction(isolation="repeatable_read"):
            await ASKED[asked](db, the_fence)
    assert refused.value.sqlstate == "AC002"
    hint = refused.value.hint  # type: ignore[attr-defined]
    assert "BEGIN ISOLATION LEVEL READ COMMITTED" in hint
    assert "default_transaction_isolation" in hint


@pytest.mark.parametrize("level", SAFE)
@pytest.mark.parametrize("asked", ASKED)
async def test_other_levels_are_served(connect: Connect, the_fence: Fence, asked: str, level: Any) -> None:
    db = await connect()
    async with db.transaction(isolation=level):
        await ASKED[asked](db, the_fence)


async def again(work: Callable[[], Awaitable[Any]]) -> Any:
    """As a worker does it: on a conflict the transaction is done once more."""
    try:
        return await work()
    except asyncpg.SerializationError:
        return await work()


async def called_before(db: asyncpg.Connection, fence: Fence, session: Any, level: Any) -> None:
    """Of this session the fence knows something already."""
    async with db.transaction(isolation=level):
        await fence.enter(db, key(session, site="0", kind="compensate", operation="unsaw"))


@pytest.mark.parametrize("level", SAFE)
@pytest.mark.parametrize("unless", [None, "1"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_close_that_waited_for_a_call_sees_what_it_did(
    connect: Connect, the_fence: Fence, level: Any, unless: str | None, first: bool
) -> None:
    caller, closer, watcher, call = await connect(), await connect(), await connect(), key()
    if not first:
        await called_before(caller, the_fence, call.session, level)
    calling = caller.transaction(isolation=level)
    await calling.start()
    assert (await the_fence.enter(caller, call))[0] == "run"

    async def close() -> Any:
        async with closer.transaction(isolation=level):
            return json.loads(await the_fence.close(closer, call.session, ROLE, unless))

    closing = asyncio.create_task(again(close))
    await until_waiting(watcher)
    await the_fence.leave(caller, call, "7")
    await calling.commit()
    told = await closing
    if unless:
        assert told == {"closed": False, "reply": 7}
    else:
        assert [one["site"] for one in told["executed"]] == ["1"]


@pytest.mark.parametrize("level", SAFE)
@pytest.mark.parametrize("first", [True, False])
async def test_a_call_that_waited_for_a_close_finds_the_door_shut(
    connect: Connect, the_fence: Fence, level: Any, first: bool
) -> None:
    caller, closer, watcher, call = await connect(), await connect(), await connect(), key()
    if not first:
        await called_before(caller, the_fence, call.session, level)
    closing = closer.transaction(isolation=level)
    await closing.start()
    await the_fence.close(closer, call.session, ROLE, None)

    async def called() -> Any:
        async with caller.transaction(isolation=level):
            status, answer = await the_fence.enter(caller, call)
            if status == "run":
                await caller.execute("INSERT INTO effect VALUES ('late')")
                await the_fence.leave(caller, call, "1")
            return status, answer

    late = asyncio.create_task(again(called))
    await until_waiting(watcher)
    await closing.commit()
    assert (await late)[0] == "closed"
    assert await effects(watcher) == []


@pytest.mark.parametrize("level", SAFE)
@pytest.mark.parametrize("first", [True, False])
async def test_a_compensation_that_waited_for_its_call_undoes_it(
    connect: Connect, the_fence: Fence, level: Any, first: bool
) -> None:
    caller, undoer, watcher, call = await connect(), await connect(), await connect(), key()
    if not first:
        await called_before(caller, the_fence, call.session, level)
    calling = caller.transaction(isolation=level)
    await calling.start()
    await the_fence.enter(caller, call)
    undo = key(call.session, kind="compensate", operation="unsaw")

    async def undone() -> str:
        async with undoer.transaction(isolation=level):
            return (await the_fence.enter(undoer, undo))[0]

    waiting = asyncio.create_task(again(undone))
    await until_waiting(watcher)
    await the_fence.leave(caller, call, "1")
    await calling.commit()
    assert await waiting == "run"


HELD = """
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a USING (pid)
               WHERE c.relname = 'fence_gate' AND l.mode = 'RowShareLock' AND l.granted
                 AND a.datname = current_database() AND (a.state <> 'active' OR a.query !~ 'fence_enter'))"""
"""A call is under way: it has its locks, and does its work."""

# -- workers state the level ---------------------------------------------------------------------------


@pytest.fixture(params=["database", "role"])
async def unsafe(request: pytest.FixtureRequest, blank_database: Database) -> Any:
    """A DSN of a till whose database, or role, says REPEATABLE READ for whoever says nothing."""
    await till.install(blank_database.dsn())
    admin = await asyncpg.connect(blank_database.dsn())
    place = "DATABASE" if request.param == "database" else "ROLE"
    named = await admin.fetchval(f"SELECT {'current_database()' if place == 'DATABASE' else 'current_user'}")
    within = "" if place == "DATABASE" else f" IN DATABASE {await admin.fetchval('SELECT current_database()')}"
    await admin.execute(f"ALTER {place} {named}{within} SET default_transaction_isolation = 'repeatable read'")
    yield blank_database.dsn()
    await admin.execute(f"ALTER {place} {named}{within} RESET default_transaction_isolation")
    await admin.close()


async def test_the_sdk_is_right_whatever_the_default_is(unsafe: str, tmp_path: Path) -> None:
    running = await start(till.worker, f"unix:{tmp_path}/till.sock", unsafe)
    client = connect_client(running.url)
    try:
        caller = Caller(client, uuid4(), "till")
        entry = Entry(cents=5, note="", pause_ms=200)
        put = asyncio.create_task(caller.value("put", "1", Slip, drawer="d", entry=entry))
        watcher = await asyncpg.connect(unsafe)
        while not await watcher.fetchval(HELD):
            pass
        await watcher.close()
        told = await caller.close()
        await put
        assert [one["site"] for one in told["executed"]] == ["1"]
    finally:
        await client.close()
        await running.stop(0)


async def levels(worker: Worker, dsn: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Under which levels the fence is asked, by each of its methods."""
    seen: list[str] = []
    for name in ("enter", "leave", "refuse", "close", "forget"):
        asked = getattr(Fence, name)

        def spied(method: Any) -> Any:
            async def spy(self: Fence, tx: asyncpg.Connection, *arguments: Any) -> Any:
                seen.append(await tx.fetchval("SELECT current_setting('transaction_isolation')"))
                return await method(self, tx, *arguments)

            return spy

        monkeypatch.setattr(Fence, name, spied(asked))
    running = await start(worker, f"unix:{path}/till.sock", dsn)
    client = connect_client(running.url)
    try:
        caller = Caller(client, uuid4(), "till")
        await caller.call("put", "1", drawer="d", entry=Entry(cents=5, note="", pause_ms=0))
        await caller.call("put", "2", drawer="d", entry=Entry(cents=0, note="", pause_ms=0))
        await caller.close()
        await client.call("accompanist.forget", json.dumps({"sessions": [str(uuid4())]}).encode(), b"{}", 5_000)
    finally:
        await client.close()
        await running.stop(0)
    assert len(seen) == 6
    return set(seen)


async def test_every_transaction_of_the_sdk_states_read_committed(
    unsafe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await levels(till.worker, unsafe, tmp_path, monkeypatch) == {"read committed"}


async def test_a_worker_may_ask_for_serializable_in_all_it_does(
    unsafe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = Worker(till.worker.role, till.SCHEMA, isolation="serializable")
    for handler in till.worker._handlers.values():
        strict.operation(handler)
    assert await levels(strict, unsafe, tmp_path, monkeypatch) == {"serializable"}


async def test_an_older_fence_is_brought_up_to_date(connect: Connect, the_fence: Fence) -> None:
    from accompanist.worker import fence
    from tests.worker.conftest import SCHEMA

    db = await connect()
    await do(db, the_fence, key())
    await db.execute("DELETE FROM fence_version WHERE version > 1")
    await db.execute("CREATE OR REPLACE FUNCTION fence_committed_reads() RETURNS void LANGUAGE sql AS ''")
    await fence.install(db, SCHEMA)
    assert await db.fetchval("SELECT max(version) FROM fence_version") == fence.VERSION
    with pytest.raises(asyncpg.PostgresError, match="REPEATABLE READ"):
        async with db.transaction(isolation="repeatable_read"):
            await the_fence.enter(db, key())
    assert await effects(db) == ["forward 1"]
