"""A worker's limits follow its caller's timeout, and what is reported of an ended transaction is true."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson
import pytest

from accompanist import Role, limits, query, transaction
from accompanist.language.tries import Tries
from accompanist.rpc import meta
from accompanist.rpc.client import connect
from accompanist.runtime.answers import Answer, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.calls.attempts import Asker, Calls
from accompanist.sidecar.tracing import Tracing
from accompanist.telemetry.spans import Telemetry
from accompanist.worker import Worker, database, provision, start
from tests.postgres import Database
from tests.runtime import sagas

SCHEMA = "slow_worker"
LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")
AS_EVER = ["8s", "30s"]
PATIENT = ["118s", "140s"]


class Slow(Role):
    @transaction
    def take_long(self) -> list[str]: ...

    @take_long.compensation
    def mend(self) -> None: ...

    @query
    def look(self) -> list[str]: ...


worker = Worker(Slow, SCHEMA)


async def limits_of(tx: asyncpg.Connection) -> list[str]:
    return [await tx.fetchval("SELECT current_setting($1)", name) for name in LIMITS]


@worker.operation
async def take_long(tx: asyncpg.Connection) -> list[str]:
    return [*await limits_of(tx), str(tx._config.command_timeout)]


@worker.operation
async def mend(tx: asyncpg.Connection) -> None: ...


@worker.operation
async def look(tx: asyncpg.Connection) -> list[str]:
    return [*await limits_of(tx), str(tx._config.command_timeout)]


@pytest.mark.parametrize("operation", ["take_long", "look"])
async def test_a_patient_caller_is_given_more_time_for_this_call_alone(
    blank_database: Database, tmp_path: Path, operation: str
) -> None:
    await provision(blank_database.dsn(), SCHEMA)
    running = await start(worker, f"unix:{tmp_path}/slow.sock", blank_database.dsn())
    client = connect(running.url)
    try:
        for site, timeout_ms, told in (
            ("1", 120_000, [*PATIENT, "120.0"]),
            ("2", None, [*AS_EVER, "10.0"]),
            ("3", 1, [*AS_EVER, "10.0"]),
            ("4", 10**15, ["86408s", "86430s", "86410.0"]),
        ):
            about = {"session": str(uuid4()), "role": "slow", "site": site}
            about |= {} if timeout_ms is None else {"timeout_ms": timeout_ms}
            answer = await client.call(operation, b"{}", orjson.dumps(about), 20_000)
            assert isinstance(answer, Replied), answer
            assert orjson.loads(answer.value) == told
    finally:
        await client.close()
        await running.stop(0)


async def test_the_call_carries_what_its_role_declares() -> None:
    heard: list[int] = []

    class Listening:
        async def call(self, method: str, arguments: bytes, about: bytes, timeout_ms: int) -> Answer:
            heard.append(meta.read(about).timeout_ms)
            return Replied(b"1")

    call = CallWorker("1", ResultKind.FORWARD, "take_long", b"{}")
    calls = Calls({"A": Listening()}, Tracing(Telemetry(), {}))
    for tries in (Tries(timeout_ms=120_000), Tries()):
        await calls.ask(sagas.HEADER, "a", "A", call, {}, Asker(tries={"take_long": tries}, effect=False))
    assert heard == [120_000, limits.call_timeout_ms]


async def test_a_transaction_that_stood_still_for_too_long_is_said_to_have(
    blank_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that the database is unavailable."""
    monkeypatch.setattr(limits, "worker_idle_in_transaction_ms", 1)
    pool = await database.open_pool(blank_database.dsn(), SCHEMA)
    with pytest.raises(database.Outlasted) as ended:
        async with database.connection(pool) as taken, database.transaction(taken, database.READ_COMMITTED):
            await taken.execute("SELECT set_config('idle_in_transaction_session_timeout', '1', true)")
            async with asyncio.timeout(20):
                while not taken.is_closed():  # noqa: ASYNC110
                    await asyncio.sleep(0)
            await taken.execute("SELECT 1")
    assert database.passing(ended.value) == "transaction_timeout"
    pool.terminate()
