"""What a worker's process remembers of volatile sessions, in place of the fence, over its socket and real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from accompanist import limits
from accompanist.language.values import codec
from accompanist.rpc.client import WorkerClient, connect
from accompanist.rpc.envelope import GONE, RpcError
from accompanist.runtime.answers import Answer, Closed, Declined, Gone, Replied, RetryLater, Reused
from accompanist.worker import database, start
from accompanist.worker.fence import Key
from accompanist.worker.process import Running
from accompanist.worker.volatile import Outcome, VolatileMemory
from tests.postgres import Database
from tests.worker import bench
from tests.worker.bench import Plank
from tests.worker.calling import TIMEOUT_MS

OAK = Plank(4)


class Caller:
    """One role of one volatile session, calling its worker."""

    def __init__(self, client: WorkerClient, process: str) -> None:
        self.client, self.process = client, process
        self.session = uuid4()

    def meta(self, site: str = "1", kind: str = "forward") -> bytes:
        about = {"session": str(self.session), "role": "carpenter", "site": site, "key": kind}
        return orjson.dumps(about | {"volatile": self.process})

    async def call(self, operation: str, site: str, kind: str = "forward", **arguments: Any) -> Answer:
        return await self.client.call(operation, codec.encode(arguments), self.meta(site, kind), TIMEOUT_MS)

    async def close(self, unless: str | None = None) -> Any:
        arguments = orjson.dumps({"session": str(self.session), "role": "carpenter", "unless": unless})
        answer = await self.client.call("accompanist.close", arguments, self.meta(), TIMEOUT_MS)
        assert isinstance(answer, Replied), answer
        return orjson.loads(answer.value)


@pytest.fixture
async def running(blank_database: Database, tmp_path: Path) -> AsyncIterator[Running]:
    bench.started, bench.go_on = asyncio.Event(), asyncio.Event()
    await bench.install(blank_database.dsn())
    running = await start(bench.worker, f"unix:{tmp_path}/bench.sock", blank_database.dsn())
    yield running
    await running.stop(0)


@pytest.fixture
async def caller(running: Running) -> AsyncIterator[Caller]:
    client = connect(running.url)
    told = await client.call("accompanist.describe", b"{}", b"{}", TIMEOUT_MS)
    assert isinstance(told, Replied)
    yield Caller(client, orjson.loads(told.value)["volatile"])
    await client.close()


@pytest.fixture
async def db(blank_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(blank_database.dsn(), server_settings={"search_path": bench.SCHEMA})
    yield connection
    await connection.close()


async def test_a_repeated_call_has_one_effect_and_the_fence_has_nothing(caller: Caller, db: asyncpg.Connection) -> None:
    first = await caller.call("saw", "1", plank=OAK)
    assert isinstance(first, Replied)
    assert await caller.call("saw", "1", plank=OAK) == first
    assert isinstance(await caller.call("saw", "1", plank=Plank(5)), Reused)
    assert await db.fetchval("SELECT count(*) FROM fence_call") == 0
    assert [one["site"] for one in (await caller.close())["executed"]] == ["1"]
    assert isinstance(await caller.call("saw", "2", plank=OAK), Closed)
    assert isinstance(await caller.call("mend", "1", "compensate", plank=OAK), Replied)
    assert (await caller.close())["executed"] == []


async def test_the_close_holds_the_reply_of_the_call_in_doubt(caller: Caller) -> None:
    first = await caller.call("saw", "1", plank=OAK)
    assert isinstance(first, Replied)
    assert await caller.close(unless="1") == {"closed": False, "reply": orjson.loads(first.value)}
    assert (await caller.close(unless="2"))["closed"]


async def test_another_process_knows_nothing(caller: Caller) -> None:
    caller.process = "another"
    assert await caller.call("saw", "1", plank=OAK) == Gone()


async def test_what_is_forgotten_takes_no_late_call(caller: Caller) -> None:
    await caller.call("saw", "1", plank=OAK)
    arguments = orjson.dumps({"sessions": [str(caller.session)]})
    assert await caller.client.call("accompanist.forget", arguments, caller.meta(), TIMEOUT_MS) == Replied(
        b'{"rows":1}'
    )
    assert isinstance(await caller.call("saw", "1", plank=OAK), Closed)


async def test_a_commit_of_unknown_outcome_is_never_made_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, db: asyncpg.Connection
) -> None:
    """The connection breaks at COMMIT."""
    commit = database.WorkerConnection.commit

    async def broken(self: database.WorkerConnection, transaction: Any) -> None:
        await commit(self, transaction)
        raise asyncpg.ConnectionDoesNotExistError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(database.PipelinedConnection, "commit", broken)
        patched.setattr(database.WorkerConnection, "commit", broken)
        assert await caller.call("saw", "1", plank=OAK) == Gone()
    assert await caller.call("saw", "1", plank=OAK) == Gone()
    arguments = orjson.dumps({"session": str(caller.session), "role": "carpenter", "unless": None})
    assert await caller.client.call("accompanist.close", arguments, caller.meta(), TIMEOUT_MS) == Gone()


# -- the memory alone ------------------------------------------------------------------------------


def key(session: UUID, site: str = "1", kind: str = "forward", arguments: str = "{}") -> Key:
    return Key(session, "carpenter", site, kind, "saw" if kind == "forward" else "mend", arguments)


async def replied() -> Outcome:
    return "replied", "1"


async def test_a_call_that_is_asked_meanwhile_waits_for_the_first() -> None:
    memory, session, go_on = VolatileMemory("p"), uuid4(), asyncio.Event()
    ran = 0

    async def run() -> Outcome:
        nonlocal ran
        ran += 1
        await go_on.wait()
        return "replied", "7"

    both = [asyncio.create_task(memory.once(key(session), run)) for _ in range(2)]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(*both) == [("replied", "7")] * 2
    assert ran == 1


async def test_what_raised_may_be_asked_again() -> None:
    memory, session = VolatileMemory("p"), uuid4()

    async def fails() -> Outcome:
        raise RpcError(-32002, "retry later")

    with pytest.raises(RpcError):
        await memory.once(key(session), fails)
    assert await memory.once(key(session), replied) == ("replied", "1")


async def test_what_came_first_is_undone_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "fence_page_rows_max", 2)
    memory, session = VolatileMemory("p"), uuid4()
    for site in ("1", "2", "3"):
        await memory.once(key(session, site), replied)
    last = orjson.loads(await memory.close(session, "carpenter", None, None))
    assert ([one["site"] for one in last["executed"]], last["more"]) == (["2", "3"], True)
    first = orjson.loads(await memory.close(session, "carpenter", None, "2"))
    assert first == {"closed": True, "executed": [{"site": "1", "operation": "saw", "arguments": {}}]}


async def test_a_transaction_is_not_done_after_its_compensation() -> None:
    memory, session = VolatileMemory("p"), uuid4()
    await memory.once(key(session, kind="compensate"), replied)
    assert await memory.once(key(session), replied) == ("closed", None)


async def test_memory_is_bounded_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "volatile_worker_sessions_max", 2)
    now = [0.0]
    memory = VolatileMemory("p", clock=lambda: now[0])
    first, *others = [uuid4() for _ in range(4)]
    await memory.once(key(first), replied)
    await memory.once(key(others[0]), replied)
    with pytest.raises(RpcError):
        await memory.once(key(others[1]), replied)
    assert memory.forget([first]) == 1
    await memory.once(key(others[1]), replied)
    now[0] = limits.volatile_worker_s + 1  # nobody has said that these are over
    await memory.once(key(others[2]), replied)
    assert memory.forget(others) == 1
    assert memory._weight == 0


async def test_a_call_under_way_weighs_nothing_once_its_session_is_forgotten() -> None:
    memory, go_on = VolatileMemory("p"), asyncio.Event()

    async def run() -> Outcome:
        await go_on.wait()
        return "replied", "7" * 1_000

    async def fails() -> Outcome:
        await go_on.wait()
        raise RpcError(-32002, "retry later")

    first, second = uuid4(), uuid4()
    calls = [asyncio.create_task(memory.once(key(session), work)) for session, work in ((first, run), (second, fails))]
    await asyncio.sleep(0)
    assert memory.forget([first, second]) == 2
    go_on.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert memory._weight == 0


async def test_what_a_forgotten_session_executed_is_not_made_up() -> None:
    memory, session = VolatileMemory("p"), uuid4()
    await memory.once(key(session), replied)
    memory.forget([session])
    with pytest.raises(RpcError) as refused:
        await memory.close(session, "carpenter", None, None)
    assert refused.value.code == GONE
    assert memory._sessions == {}


async def test_busy_is_what_a_full_memory_says(monkeypatch: pytest.MonkeyPatch, caller: Caller) -> None:
    monkeypatch.setattr(limits, "volatile_worker_bytes_max", 0)
    assert await caller.call("saw", "1", plank=OAK) == RetryLater("busy")


async def test_a_decline_is_remembered_and_leaves_nothing(caller: Caller, db: asyncpg.Connection) -> None:
    for _ in range(2):
        assert await caller.call("saw", "1", plank=Plank(4, "iron")) == Declined("iron is not sawn")
    assert await db.fetchval("SELECT count(*) FROM ledger") == 0
    assert (await caller.close())["executed"] == []
