"""The SDK over its socket: what the end of an operation means to the caller, and what is refused before it begins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from accompanist import Role, limits, query, transaction
from accompanist.errors import AuthorError, OperatorError
from accompanist.rpc import envelope
from accompanist.rpc.client import connect
from accompanist.rpc.envelope import RpcError
from accompanist.runtime.answers import Closed, Declined, Fault, Missing, Replied, RetryLater, Reused
from accompanist.worker import Worker, database, fence, start
from accompanist.worker.database import AsyncpgDatabase
from accompanist.worker.execution import Execution, current_call
from accompanist.worker.process import Running
from tests.postgres import Database
from tests.worker import bench
from tests.worker.bench import Bench, Plank
from tests.worker.calling import TIMEOUT_MS, Caller

OAK = Plank(4)


@pytest.fixture
def scheme() -> str:
    return "unix"


@pytest.fixture
async def running(blank_database: Database, tmp_path: Path, scheme: str) -> AsyncIterator[Running]:
    bench.started, bench.go_on = asyncio.Event(), asyncio.Event()
    await bench.install(blank_database.dsn())
    running = await start(bench.worker, f"{scheme}:{tmp_path}/bench.sock", blank_database.dsn())
    yield running
    await running.stop(0)


@pytest.fixture
async def caller(running: Running) -> AsyncIterator[Caller]:
    client = connect(running.url)
    yield Caller(client, uuid4(), "carpenter")
    await client.close()


@pytest.fixture
async def db(blank_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(blank_database.dsn(), server_settings={"search_path": bench.SCHEMA})
    yield connection
    await connection.close()


async def done(db: asyncpg.Connection) -> list[str]:
    return [row["operation"] for row in await db.fetch("SELECT operation FROM ledger ORDER BY operation")]


@pytest.mark.parametrize("scheme", ["unix", "http+unix"])
async def test_effect_and_reply_are_one(caller: Caller, db: asyncpg.Connection) -> None:
    for _ in range(3):
        assert await caller.call("saw", "1", plank=OAK) == Replied(b'{"length":2,"wood":"oak"}')
    assert await done(db) == ["saw"]


async def test_a_refusal_undoes_the_effects_and_stays(caller: Caller, db: asyncpg.Connection) -> None:
    for _ in range(2):
        assert await caller.call("saw", "1", plank=Plank(1, "iron")) == Declined("iron is not sawn")
    assert await done(db) == []


async def test_what_may_not_be_declined_leaves_no_refusal_behind(caller: Caller, db: asyncpg.Connection) -> None:
    """It is a fault: the fence keeps nothing of it, so that a worker that was mended can do it."""
    meta = orjson.dumps({"session": str(caller.session), "role": caller.role, "site": "1", "retriable": True})
    arguments = orjson.dumps({"plank": {"length": 1, "wood": "iron"}})
    for _ in range(2):
        answer = await caller.client.call("saw", arguments, meta, TIMEOUT_MS)
        assert answer == Declined("iron is not sawn")
    assert await db.fetchval("SELECT count(*) FROM fence_call") == 0


async def test_concurrent_repeats_over_two_connections(
    caller: Caller, running: Running, db: asyncpg.Connection
) -> None:
    clients = [connect(running.url) for _ in range(4)]
    callers = [Caller(client, caller.session, caller.role) for client in clients for _ in range(4)]
    answers = await asyncio.gather(*(each.call("saw", "1", plank=OAK) for each in callers))
    assert set(answers) == {Replied(b'{"length":2,"wood":"oak"}')}
    assert await done(db) == ["saw"]
    for client in clients:
        await client.close()


async def test_a_query_reads_and_cannot_write(caller: Caller, db: asyncpg.Connection) -> None:
    await caller.call("saw", "1", plank=OAK)
    assert await caller.call("look", "2", plank=OAK) == Replied(b"1")
    assert await caller.call("look", "3", plank=Plank(1, "iron")) == Declined("there is none")
    assert isinstance(await caller.call("look", "4", plank=Plank(1, "writes")), Fault)
    assert await done(db) == ["saw"]


@pytest.mark.parametrize("wood", ["secret", "unique", "wrong"])
async def test_a_handler_that_fails_decides_nothing(
    caller: Caller, db: asyncpg.Connection, wood: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await caller.call("saw", "1", plank=Plank(1, wood))
    assert answer == Fault("the worker answered error -32603")
    assert await done(db) == []
    assert await caller.close("1") == {"closed": True, "executed": []}
    assert "canary" not in "".join(capsys.readouterr())


async def test_a_closed_session_and_a_reused_key(caller: Caller) -> None:
    await caller.call("saw", "1", plank=OAK)
    assert isinstance(await caller.call("saw", "1", plank=Plank(5)), Reused)
    assert isinstance(await caller.call("paint", "1", plank=OAK, colour="red"), Reused)
    assert await caller.close("1") == {"closed": False, "reply": {"length": 2, "wood": "oak"}}
    assert len((await caller.close())["executed"]) == 1
    assert await caller.call("saw", "2", plank=OAK) == Closed()
    assert await caller.call("mend", "1", "compensate", plank=OAK) == Replied(b"null")
    assert await caller.call("mend", "2", "compensate", plank=OAK) == Replied(b"null")


async def test_a_compensation_may_not_decline(caller: Caller) -> None:
    plank = Plank(4, "stubborn")
    await caller.call("saw", "1", plank=plank)
    answer = await caller.call("mend", "1", "compensate", plank=plank)
    assert answer == Fault("the worker answered error -32603")


async def test_a_session_is_forgotten(caller: Caller, db: asyncpg.Connection) -> None:
    await caller.call("saw", "1", plank=OAK)
    arguments = orjson.dumps({"sessions": [str(caller.session)]})
    answer = await caller.client.call("accompanist.forget", arguments, b"{}", TIMEOUT_MS)
    assert answer == Replied(b'{"rows":1}')
    assert await db.fetchval("SELECT count(*) FROM fence_call") == 0


async def test_a_worker_says_what_it_offers(caller: Caller) -> None:
    answer = await caller.client.call("accompanist.describe", b"{}", b"{}", TIMEOUT_MS)
    assert isinstance(answer, Replied)
    told = orjson.loads(answer.value)
    kinds = {"saw": "transaction", "mend": "compensation", "paint": "transaction", "look": "query"}
    process = told.pop("volatile")
    assert told == {"role": "Bench", "fence": fence.VERSION, "operations": kinds}
    assert len(process) == 32  # what this process remembers of volatile sessions, no other does
    assert await caller.call("sing", "1") == Missing("sing")


META = {"session": str(uuid4()), "role": "carpenter", "site": "1", "key": "forward"}
GOOD = {"plank": {"length": 4}}


@pytest.mark.parametrize(
    ("method", "arguments", "meta"),
    [
        ("saw", {}, META),
        ("saw", {"plank": {"length": "CANARY"}}, META),
        ("saw", {"plank": 3}, META),
        ("saw", {**GOOD, "more": 1}, META),
        ("saw", GOOD, {}),
        ("saw", GOOD, {**META, "session": "CANARY"}),
        ("saw", GOOD, {**META, "key": "CANARY"}),
        ("saw", GOOD, {**META, "key": "compensate"}),
        ("mend", GOOD, META),
        ("saw", GOOD, {**META, "site": "a\0b"}),
        ("saw", GOOD, {**META, "role": ""}),
        ("saw", GOOD, {**META, "role": "x" * (limits.site_bytes_max + 1)}),
        ("accompanist.close", {"session": str(uuid4())}, {}),
        ("accompanist.close", {"session": str(uuid4()), "role": "a\0b"}, {}),
        ("accompanist.close", {"session": str(uuid4()), "role": "a", "unless": "\0"}, {}),
        ("accompanist.forget", {"sessions": "all"}, {}),
        ("accompanist.forget", {"sessions": [META["session"]] * 10_001}, {}),
    ],
)
async def test_what_does_not_fit_is_refused(
    caller: Caller, running: Running, method: str, arguments: dict[str, Any], meta: dict[str, Any]
) -> None:
    """Asked in the raw, for the client shows no error's text."""
    reader, writer = await asyncio.open_unix_connection(running.url.removeprefix("unix:"))
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {**arguments, "_meta": meta}})
    writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    length = int((await reader.readuntil(b"\r\n\r\n")).split(b":")[1])
    answer = await reader.readexactly(length)
    writer.close()
    assert orjson.loads(answer)["error"]["code"] == -32602
    assert b"CANARY" not in answer
    assert await caller.call("saw", "1", plank=OAK) == Replied(b'{"length":2,"wood":"oak"}')


async def test_white_space_does_not_make_another_call(caller: Caller) -> None:
    meta = orjson.dumps({**META, "session": str(caller.session)})
    spellings = (b'{"plank":{"length":4,"wood":"oak"}}', b'{ "plank" : {"wood":"oak", "length":4}}')
    answers = [await caller.client.call("saw", each, meta, TIMEOUT_MS) for each in spellings]
    assert answers == [Replied(b'{"length":2,"wood":"oak"}')] * 2


async def test_a_lock_that_is_not_free_is_no_decision(
    caller: Caller, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "fence_close_wait_ms", 1)
    asked = asyncio.create_task(caller.call("saw", "1", plank=Plank(4, "slow")))
    await bench.started.wait()
    arguments = orjson.dumps({"session": str(caller.session), "role": caller.role})
    answer = await caller.client.call("accompanist.close", arguments, b"{}", TIMEOUT_MS)
    assert answer == RetryLater("lock_wait")
    bench.go_on.set()
    assert isinstance(await asked, Replied)


async def test_a_connection_killed_within_a_transaction_is_no_decision(caller: Caller, db: asyncpg.Connection) -> None:
    asked = asyncio.create_task(caller.call("saw", "1", plank=Plank(4, "slow")))
    await bench.started.wait()
    await db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle in transaction'"
    )
    bench.go_on.set()
    assert await asked == RetryLater("database_unavailable")
    assert await caller.call("saw", "1", plank=Plank(4, "slow")) == Replied(b'{"length":2,"wood":"slow"}')
    assert await done(db) == ["saw"]


async def test_what_postgres_sacrifices_is_tried_again() -> None:
    assert database.is_conflict(asyncpg.SerializationError())
    assert database.is_conflict(asyncpg.DeadlockDetectedError())
    assert not database.is_conflict(asyncpg.UniqueViolationError())
    assert database.passing(asyncpg.CannotConnectNowError()) == "database_unavailable"
    assert database.passing(asyncpg.TooManyConnectionsError()) == "database_unavailable"
    assert database.passing(ConnectionRefusedError()) == "database_unavailable"
    assert database.passing(asyncpg.QueryCanceledError()) == "statement_timeout"
    assert database.passing(asyncpg.UniqueViolationError()) is None
    assert database.passing(KeyError()) is None


async def test_stopping_lets_what_is_under_way_end(caller: Caller, running: Running, db: asyncpg.Connection) -> None:
    asked = asyncio.create_task(caller.call("saw", "1", plank=Plank(4, "slow")))
    await bench.started.wait()
    stopping = asyncio.create_task(running.stop())
    late = asyncio.create_task(caller.call("saw", "2", plank=OAK))
    bench.go_on.set()
    assert isinstance(await asked, Replied)
    await stopping
    assert isinstance(await late, Fault)
    assert await done(db) == ["saw"]


async def test_stopping_rolls_back_what_does_not_end(caller: Caller, running: Running, db: asyncpg.Connection) -> None:
    asked = asyncio.create_task(caller.call("saw", "1", plank=Plank(4, "slow")))
    await bench.started.wait()
    await running.stop(0)
    assert await asked == RetryLater("shutting_down")
    assert await done(db) == []


async def test_around_sees_each_operation_with_its_context(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any, Any]] = []

    @contextmanager
    def around(operation: str, context: Mapping[str, Any]) -> Iterator[None]:
        seen.append((operation, str(context["session"]), context["kind"]))
        yield

    monkeypatch.setattr(bench.worker, "around", around)
    await caller.call("saw", "1", plank=OAK)
    await caller.call("mend", "1", "compensate", plank=OAK)
    session = str(caller.session)
    assert seen == [("saw", session, "forward"), ("mend", session, "compensate")]


async def test_a_worker_whose_connections_are_all_in_use_says_that_it_is_busy(
    blank_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has failed: the call has not begun."""
    monkeypatch.setattr(limits, "worker_acquire_ms", 1)
    pool = await database.open_pool(blank_database.dsn(), bench.SCHEMA, size=1)
    async with database.connection(pool):
        with pytest.raises(database.Busy) as refused:
            async with database.connection(pool):
                raise AssertionError("there is one connection")
    assert database.passing(refused.value) == "busy"
    await pool.close()


async def test_the_key_is_known_within_an_operation_only(running: Running, blank_database: Database) -> None:
    async def sites(tx: asyncpg.Connection) -> str:
        return current_call().site

    pool = await database.open_pool(blank_database.dsn(), bench.SCHEMA, size=1)
    execution, seen = Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA)), []
    for site in ("1", "2"):
        key = fence.Key(uuid4(), "carpenter", site, "forward", "saw", "{}")
        seen.append(await execution.transact(key, sites, str))
        with pytest.raises(LookupError):
            current_call()
    await pool.close()
    assert seen == [b'"1"', b'"2"']


async def test_what_postgres_sacrifices_each_time_is_for_the_caller_to_ask_again(
    running: Running, blank_database: Database
) -> None:
    tried = 0

    async def sacrificed(tx: asyncpg.Connection) -> int:
        nonlocal tried
        tried += 1
        raise asyncpg.SerializationError

    pool = await database.open_pool(blank_database.dsn(), bench.SCHEMA, size=1)
    with pytest.raises(RpcError) as refused:
        await Execution(AsyncpgDatabase(pool), fence.Fence(bench.SCHEMA)).ask(sacrificed, int)
    await pool.close()
    assert (refused.value.code, tried) == (envelope.RETRY_LATER, limits.conflict_attempts_max)


# -- what is found at start ------------------------------------------------------------------------


def test_every_operation_needs_a_handler() -> None:
    with pytest.raises(AuthorError, match="Bench has no handler for saw, mend, paint, look"):
        Worker(Bench, "bench_worker").check()


async def _saw(tx: asyncpg.Connection, plank: Plank) -> Plank: ...  # type: ignore[return]
async def _unknown(tx: asyncpg.Connection, plank: Plank) -> Plank: ...  # type: ignore[return]
async def _renamed(tx: asyncpg.Connection, board: Plank) -> Plank: ...  # type: ignore[return]
async def _retyped(tx: asyncpg.Connection, plank: int) -> Plank: ...  # type: ignore[return]
async def _untyped(tx: asyncpg.Connection, plank) -> Plank: ...  # type: ignore
async def _returning(tx: asyncpg.Connection, plank: Plank) -> int: ...  # type: ignore[return]
async def _more(tx: asyncpg.Connection, plank: Plank, *rest: int) -> Plank: ...  # type: ignore[return]
def _plain(tx: asyncpg.Connection, plank: Plank) -> Plank: ...  # type: ignore[return]


@pytest.mark.parametrize(
    ("handler", "name", "text"),
    [
        (_unknown, "sing", "Bench has no operation sing; it has saw, mend, paint, look"),
        (_renamed, "saw", r"takes \(board\), the role says \(plank\)"),
        (_retyped, "saw", "parameter 'plank' of the handler of Bench.saw is int, the role says Plank"),
        (_untyped, "saw", "is no type, the role says Plank"),
        (_returning, "saw", "returns int, the role says Plank"),
        (_more, "saw", "plain parameters"),
        (_plain, "saw", "not an async function"),
    ],
)
def test_a_handler_keeps_to_the_role(handler: Any, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "__name__", name)
    with pytest.raises(AuthorError, match=text):
        Worker(Bench, "bench_worker").operation(handler)


def test_an_operation_has_one_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_saw, "__name__", "saw")
    worker = Worker(Bench, "bench_worker")
    worker.operation(_saw)
    with pytest.raises(AuthorError, match="two handlers"):
        worker.operation(_saw)


def test_a_role_is_a_class_with_operations() -> None:
    for wrong in (Role, int, type("Empty", (), {})):
        with pytest.raises(AuthorError, match="not a role class"):
            Worker(wrong, "bench_worker")  # type: ignore[arg-type]
    with pytest.raises(AuthorError, match="the source of Conjured is not at hand"):
        Worker(type("Conjured", (Role,), {}), "bench_worker")


class Ancestor(Role):
    @query
    def look(self) -> int: ...


class Descendant(Ancestor):
    @transaction
    def act(self) -> int: ...


def test_a_role_inherits_operations() -> None:
    assert {name: o.kind for name, o in Worker(Descendant, "x").contract.items()} == {
        "look": "query",
        "act": "transaction",
    }


async def test_a_database_without_the_fence_is_refused(blank_database: Database, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="ACC512"):
        await start(bench.worker, f"unix:{tmp_path}/bench.sock", blank_database.dsn())


async def test_a_database_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="ACC516") as refused:
        await start(bench.worker, f"unix:{tmp_path}/b.sock", f"postgresql://u:hunter2@/x?host={tmp_path}")
    assert "hunter2" not in str(refused.value)
