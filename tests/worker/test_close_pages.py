"""Everything that a session executed can be listed, however much it is: in pages, each of which fits an answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from accompanist import limits
from accompanist.language.program.operations import Call, Program
from accompanist.language.program.program import Operation
from accompanist.rpc.client import WorkerClient, connect
from accompanist.runtime.answers import Fault
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import Arrived, CloseAnswered, Name
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Executed, Phase
from accompanist.runtime.session import Session
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.tracing import Tracing
from accompanist.telemetry.spans import Telemetry
from accompanist.worker import fence, start
from tests.postgres import Database
from tests.runtime import sagas
from tests.worker.calling import Caller
from workers.till import till

ENTRY = {"drawer": "d", "entry": {"cents": 5, "note": "", "pause_ms": 0}}
AROUND = len(json.dumps(ENTRY, separators=(",", ":")))
OPERATIONS = [
    Operation("put", "transaction", {"drawer": "str", "entry": "dict"}, "dict", "take_back", False),
    Operation("take_back", "compensation", {"drawer": "str", "entry": "dict"}, "None"),
    Operation("pay", "transaction", {"drawer": "str", "cents": "int"}, "dict", None, False),
]


@pytest.fixture(params=["unix", "http+unix"])
async def client(
    request: pytest.FixtureRequest, blank_database: Database, tmp_path: Path
) -> AsyncIterator[WorkerClient]:
    await till.install(blank_database.dsn())
    running = await start(till.worker, f"{request.param}:{tmp_path}/till.sock", blank_database.dsn())
    client = connect(running.url)
    yield client
    await client.close()
    await running.stop(0)


@pytest.fixture
async def db(blank_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(blank_database.dsn(), server_settings={"search_path": till.SCHEMA})
    yield connection
    await connection.close()


def calls(client: WorkerClient) -> Calls:
    return Calls({"A": client}, Tracing(Telemetry(), {}))


def header() -> Header:
    return msgspec.structs.replace(sagas.HEADER, session=uuid4())


async def fill(db: asyncpg.Connection, session: UUID, count: int, note_bytes: int) -> None:
    """Put so many transactions with notes of that size into the fence."""
    await db.execute(
        """INSERT INTO fence_call (session, role, site, kind, operation, digest, arguments, outcome, answer)
           SELECT $1, 'a', n::text, 'forward', 'put', fence_digest(a), a, 'replied', '1'
             FROM generate_series(1, $2::integer) n,
                  concat('{"drawer":"d","entry":{"cents":5,"note":"', repeat('x', $3), '","pause_ms":0}}') a""",
        session,
        count,
        note_bytes,
    )


async def pages(client: WorkerClient, of: Header) -> list[tuple[Executed, ...]]:
    found: list[tuple[Executed, ...]] = []
    asked = CloseWorker()
    while True:
        event = await calls(client).close(of, "a", "A", asked, {})
        assert isinstance(event, CloseAnswered) and event.executed is not None
        found.append(event.executed)
        if not event.more:
            return found
        asked = CloseWorker(before=event.executed[0].site)


@pytest.mark.parametrize(
    ("count", "note_bytes", "rows_max"),
    [
        pytest.param(100_000, 1, limits.fence_page_rows_max, id="a hundred thousand calls"),
        pytest.param(64, limits.payload_bytes_max - AROUND, 1, id="64 MiB"),
        pytest.param(15, 100_000, 2, id="of some size"),
    ],
)
@pytest.mark.parametrize("client", ["unix"], indirect=True)
async def test_all_pages_together_are_what_was_executed_and_each_fits(
    client: WorkerClient, db: asyncpg.Connection, count: int, note_bytes: int, rows_max: int
) -> None:
    of = header()
    await fill(db, of.session, count, note_bytes)
    found = await pages(client, of)
    sites = [int(entry.site) for page in reversed(found) for entry in page]
    assert sites == list(range(1, count + 1))
    assert max(map(len, found)) <= rows_max
    sizes = [sum(len(entry.arguments) for entry in page) for page in found if len(page) > 1]
    assert all(size <= limits.fence_page_bytes_max for size in sizes)


def saga(turns: int, note_bytes: int) -> dict[str, Any]:
    def a(value: int) -> Program:
        for turn in range(turns):
            entry = {"cents": 5, "note": "x" * note_bytes, "pause_ms": 0}
            yield Call(f"1[{turn}]", "put", {"drawer": "d", "entry": entry}, dict)
        yield Call("2", "pay", {"drawer": "d", "cents": 0}, dict)
        return 1

    return sagas.saga({"a": (a, OPERATIONS, set())}, commit_role=None)


@pytest.mark.parametrize(
    ("turns", "note_bytes"), [(2, 530_000), (15, 100_000), (1, limits.payload_bytes_max - AROUND - 20)]
)
async def test_a_saga_that_could_run_is_undone(
    client: WorkerClient, db: asyncpg.Connection, turns: int, note_bytes: int
) -> None:
    of = header()
    first = msgspec.structs.replace(sagas.start(), header=of)
    session = Session.begin(saga(turns, note_bytes)["a"], first)
    burst = session.handle(Arrived(first))
    asking = calls(client)
    while burst.calls:
        [call] = burst.calls
        if isinstance(call, CallWorker):
            burst = session.handle(await asking.ask(of, "a", "A", call, {}))
        else:
            burst = session.handle(await asking.close(of, "a", "A", call, {}))
    assert session.row.phase is Phase.ENDED
    done = await db.fetch("SELECT operation, count(*) FROM ledger GROUP BY operation ORDER BY operation")
    assert [tuple(row) for row in done] == [("put", turns), ("take_back", turns)]


async def test_the_largest_reply_is_told_to_a_close_that_asks_for_it(
    client: WorkerClient, db: asyncpg.Connection
) -> None:
    of = header()
    await fill(db, of.session, 1, 1)
    reply = '"' + "x" * (limits.payload_bytes_max - 2) + '"'
    await db.execute("UPDATE fence_call SET answer = $1", reply)
    event = await calls(client).close(of, "a", "A", CloseWorker(unless="1"), {})
    assert event == CloseAnswered(Name.HELD, (), reply.encode())


async def test_the_deepest_arguments_are_told_to_a_close(client: WorkerClient, db: asyncpg.Connection) -> None:
    of = header()
    await fill(db, of.session, 1, 1)
    deep = '{"a":' + "[" * (limits.json_depth_max - 1) + "]" * (limits.json_depth_max - 1) + "}"
    await db.execute("UPDATE fence_call SET arguments = $1", deep)
    [[entry]] = await pages(client, of)
    assert entry.arguments.decode() == deep


async def test_arguments_that_no_close_could_tell_are_refused_before_anything_is_done(
    client: WorkerClient, db: asyncpg.Connection
) -> None:
    caller = Caller(client, uuid4(), "a")
    note = "x" * (limits.payload_bytes_max // 2)
    meta = json.dumps({"session": str(caller.session), "role": "a", "site": "1"}).encode()
    entry = {"cents": 5, "note": note, "pause_ms": 0}
    arguments = json.dumps({"drawer": note + "x" * AROUND, "entry": entry}).encode()
    answer = await client.call("put", arguments, meta, 10_000)
    assert isinstance(answer, Fault) and answer.text == "the worker answered error -32602"
    assert await db.fetchval("SELECT count(*) FROM fence_call") == 0


async def test_a_fence_that_answered_everything_at_once_is_replaced(blank_database: Database) -> None:
    connection = await asyncpg.connect(blank_database.dsn())
    try:
        await fence.install(connection, "old")
        await connection.execute(
            """DROP FUNCTION old.fence_close;
               CREATE FUNCTION old.fence_close(uuid, text, text DEFAULT NULL, integer DEFAULT 2000)
               RETURNS text LANGUAGE sql RETURN 'all';
               UPDATE old.fence_version SET version = 1"""
        )
        await fence.install(connection, "old")
        told = await connection.fetchval("SELECT old.fence_close($1, 'a')", uuid4())
        assert json.loads(told) == {"closed": True, "executed": []}
        await fence.verify(connection, "old")
    finally:
        await connection.close()
