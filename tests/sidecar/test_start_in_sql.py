"""A session that an application starts inside its own transaction is there when that commits, and never was when it
rolls back. What is wrong is said in the transaction, as far as SQL can know it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from accompanist.errors import AccompanistError
from accompanist.log.listener import Listener
from accompanist.log.wakeups import MISSED
from accompanist.sidecar.api.starting import name_of_key
from accompanist.sidecar.publishing import startable
from tests.log.worlds import PostgresWorld
from tests.postgres import SERVICES, Database
from tests.sidecar.front import Front, Worker

WAREHOUSE = SERVICES["warehouse"]
TEXT = """
from __future__ import annotations
from dataclasses import dataclass
from accompanist import At, Role, choreography, com, transaction

@dataclass(frozen=True)
class Ask:
    by: str
    many: int = 1

    def __post_init__(self) -> None:
        if self.many < 0:
            raise ValueError(self.many)

class Desk(Role):
    @transaction
    def put(self, ask: Ask) -> int: ...

class Other(Role): ...

@choreography
def put_down(desk: Desk, ask: At[Ask, "desk"]) -> At[int, "desk"]:
    return desk.put(ask)

@choreography
def put_there(other: Other, desk: Desk, ask: At[Ask, "other"]) -> At[int, "other"]:
    return com(desk.put(com(ask, to=desk)), to=other)
"""
ASK = {"ask": {"by": "ann", "many": 2}}
START = f"SELECT {WAREHOUSE}.start($1, $2, key => $3)"


class Desk(Front):
    """The service, and an application of it with its own connection."""

    application: asyncpg.Connection

    async def start(self, arguments: Any = ASK, key: str | None = None, choreography: str = "put_down") -> UUID:
        started: UUID = await self.application.fetchval(START, choreography, orjson.dumps(arguments).decode(), key)
        return started

    async def outcome(self, session: UUID) -> tuple[str | None, Any]:
        told = await self.ask("session.result", session=session, wait_ms=20_000)
        return told["outcome"], told["result"]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    world = PostgresWorld(database)
    log: Any = await world.sidecar("warehouse")
    made = Desk("warehouse", log, tmp_path, Worker({"put": lambda given: given["ask"]["many"]}), BOUND)
    made.application = await asyncpg.connect(database.worker_dsn("warehouse"))
    await made.deploy(TEXT)
    await log.published().starts(startable(made.hosted))
    listener = Listener.at(database.sidecar_dsn("warehouse"), WAREHOUSE, made.hear)
    listening = asyncio.create_task(listener.run())
    yield made
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await made.application.close()
    await made.close()
    await world.close()


BOUND = {"Desk": "warehouse", "Other": "payment"}


async def refused(asked: Any) -> tuple[str, str]:
    with pytest.raises(asyncpg.PostgresError) as caught:
        await asked
    return str(caught.value.sqlstate), str(caught.value.args[0])


async def test_a_session_begins_when_the_transaction_commits(desk: Desk) -> None:
    await desk.application.execute("CREATE TABLE placed (number integer)")
    async with desk.application.transaction():
        await desk.application.execute("INSERT INTO placed VALUES (1)")
        session = await desk.start()
        with pytest.raises(AccompanistError, match="ACC710"):
            await desk.ask("session.result", session=session, wait_ms=0)
    assert await desk.outcome(session) == ("settled", 2)
    assert desk.worker.done == [("put", ASK)]


async def test_none_begins_where_it_rolls_back(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError):
        async with desk.application.transaction():
            session = await desk.start(key="k")
            raise ZeroDivisionError
    desk.hear(MISSED)
    after = await desk.start(key="k")
    assert after != session, "the key is free again"
    assert await desk.outcome(after) == ("settled", 2)
    with pytest.raises(AccompanistError, match="ACC710"):
        await desk.ask("session.result", session=session, wait_ms=0)
    assert len(desk.worker.done) == 1


async def test_a_savepoint_takes_its_session_back(desk: Desk) -> None:
    async with desk.application.transaction():
        kept = await desk.start()
        with pytest.raises(ZeroDivisionError):
            async with desk.application.transaction():
                await desk.start()
                raise ZeroDivisionError
    assert await desk.outcome(kept) == ("settled", 2)
    assert len(desk.worker.done) == 1


async def test_one_key_is_one_session_in_sql_and_in_the_api(desk: Desk) -> None:
    first = await desk.start(key="k")
    assert await desk.start({"ask": {"many": 2, "by": "ann"}}, key="k") == first
    told = await desk.ask("session.start", choreography="put_down", arguments=ASK, key="k")
    assert (told["session"], told["new"]) == (str(first), False)
    with pytest.raises(AccompanistError, match="ACC711"):
        await desk.ask("session.start", choreography="put_down", arguments={"ask": {"by": "bob"}}, key="k")
    by_api = await desk.ask("session.start", choreography="put_down", arguments=ASK, key="l", wait_ms=20_000)
    assert str(await desk.start(key="l")) == by_api["session"]
    assert await desk.outcome(first) == ("settled", 2)
    assert len(desk.worker.done) == 2


async def test_another_request_under_a_key_is_an_error(desk: Desk) -> None:
    await desk.start(key="k")
    assert (await refused(desk.start({"ask": {"by": "bob"}}, key="k")))[0] == "AC711"
    assert (await refused(desk.start({"ask": 5}, key="k")))[0] == "AC711", "it is compared, not checked"
    await desk.ask("session.start", choreography="put_down", arguments=ASK, key="l", wait_ms=20_000)
    assert (await refused(desk.start({"ask": {"by": "bob"}}, key="l")))[0] == "AC711"


async def test_a_key_of_the_api_whose_arguments_are_gone_stands_for_no_request_in_sql(
    desk: Desk, database: Database
) -> None:
    """They cannot be compared any more. To take any arguments for them would lose an order without a word."""
    await desk.ask("session.start", choreography="put_down", arguments=ASK, key="k", wait_ms=20_000)
    admin = await asyncpg.connect(database.dsn())
    await admin.execute(f"UPDATE {WAREHOUSE}.inbox SET payload = 'null' WHERE site = '!start'")  # noqa: S608
    await admin.close()
    for asked in ({"ask": {"by": "bob"}}, ASK):
        assert (await refused(desk.start(asked, key="k")))[0] == "AC711"


async def test_a_key_of_the_api_whose_start_is_not_written_yet_is_taken(desk: Desk) -> None:
    await desk.log.request(name_of_key("warehouse", "k"), UUID(int=7), "put_down", b"of the API")
    assert (await refused(desk.start(key="k")))[0] == "AC711"


async def test_two_transactions_at_once_begin_one_session_under_a_key(desk: Desk, database: Database) -> None:
    other = await asyncpg.connect(database.worker_dsn("warehouse"))
    async with desk.application.transaction():
        first = await desk.start(key="k")
        second = asyncio.create_task(other.fetchval(START, "put_down", orjson.dumps(ASK).decode(), "k"))
        await until_it_waits(database)
    assert await second == first
    await other.close()
    assert await desk.outcome(first) == ("settled", 2)
    assert len(desk.worker.done) == 1


async def until_it_waits(database: Database) -> None:
    admin = await asyncpg.connect(database.dsn())
    waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%.start(%')"
    while not await admin.fetchval(waits):  # noqa: ASYNC110
        await asyncio.sleep(0)
    await admin.close()


@pytest.mark.parametrize(
    ("choreography", "arguments", "state", "words"),
    [
        ("put_dwn", ASK, "AC704", "ACC704: put_dwn cannot be started at warehouse"),
        ("put_there", ASK, "AC704", "ACC704: put_there cannot be started at warehouse"),
        ("put_down", {}, "AC714", "ACC714: put_down: $ lacks ask"),
        ("put_down", [], "AC714", "ACC714: put_down: $ is no object"),
        ("put_down", {"ask": {"by": 5}}, "AC714", "ACC714: put_down: $.ask.by is no string"),
        ("put_down", {**ASK, "more": 1}, "AC714", "ACC714: put_down: $ has no member more"),
        ("put_down", {"ask": {"by": "x" * 1_100_000}}, "AC714", "ACC714: put_down: they take more than 1048576 bytes"),
    ],
)
async def test_what_is_wrong_is_an_error_of_the_transaction(
    desk: Desk, choreography: str, arguments: Any, state: str, words: str
) -> None:
    assert await refused(desk.start(arguments, None, choreography)) == (state, words)
    assert await refused(desk.start(arguments, "k", choreography)) == (state, words)
    assert await desk.start(key="k") is not None, "the key is free"


@pytest.mark.parametrize(
    "call",
    [
        "start('put_down', NULL)",
        "start('put_down', '{}', key => '')",
        "start('put_down', '{}', key => repeat('k', 501))",
        "start('put_down', '{}', deadline_ms => -1)",
        "start('put_down', '{}', attributes => '[]')",
        "start('put_down', '{}', attributes => NULL)",
        "start('put_down', '{}', attributes => '{\"1\": \"a\"}')",
        "start('put_down', '{}', attributes => '{\"a\": 1}')",
        "start('put_down', '{}', attributes => '{\"a\": \"\"}')",
        "start('put_down', '{}', attributes => '{\"a\": \"\\u202e\"}')",
        "start('put_down', '{}', attributes => (SELECT jsonb_object_agg('a' || n, 'x') FROM generate_series(1, 17) n))",
    ],
)
async def test_parameters_that_are_none_are_refused(desk: Desk, call: str) -> None:
    assert (await refused(desk.application.fetchval(f"SELECT {WAREHOUSE}.{call}")))[0] == "AC712"


async def test_arguments_that_only_the_sidecar_can_judge_end_the_session_with_a_reason(desk: Desk) -> None:
    session = await desk.start({"ask": {"by": "ann", "many": -1}})
    told = await desk.ask("session.result", session=session, wait_ms=20_000)
    assert told["outcome"] == "ended" and "ask" in told["reason"] and "ACC303" in told["reason"]
    [line] = (await desk.ask("session.list", outcome="ended"))["sessions"]
    assert line["session"] == str(session)
    assert desk.worker.done == []


async def test_attributes_and_a_deadline_are_those_of_the_session(desk: Desk) -> None:
    call = f"SELECT {WAREHOUSE}.start('put_down', $1, deadline_ms => 60000, attributes => $2)"
    attributes = '{"order": "7", "by": "Ann"}'
    session = await desk.application.fetchval(call, orjson.dumps(ASK).decode(), attributes)
    assert await desk.outcome(session) == ("settled", 2)
    [line] = (await desk.ask("session.list", attributes={"order": "7"}))["sessions"]
    assert line["session"] == str(session)
    [memory] = await desk.log.load([(session, "desk")])
    header = memory.inbox[0].header
    assert header.deadline == pytest.approx(header.started_at + 60)


async def test_a_trigger_starts_one(desk: Desk) -> None:
    await desk.application.execute(f"""
        CREATE TABLE placed (number integer PRIMARY KEY, customer text);
        CREATE FUNCTION begin_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM {WAREHOUSE}.start('put_down',
                jsonb_build_object('ask', jsonb_build_object('by', NEW.customer)), key => 'placed-' || NEW.number);
            RETURN NULL;
        END $$;
        CREATE TRIGGER begin_order AFTER INSERT ON placed FOR EACH ROW EXECUTE FUNCTION begin_order()""")
    await desk.application.execute("INSERT INTO placed VALUES (1, 'ann'), (2, 'bob')")
    told = await desk.ask("session.start", choreography="put_down", arguments={"ask": {"by": "ann"}}, key="placed-1")
    assert await desk.outcome(UUID(told["session"])) == ("settled", 1) and not told["new"]
    assert (await refused(desk.application.execute("INSERT INTO placed VALUES (3, NULL)")))[0] == "AC714"
    assert await desk.application.fetchval("SELECT count(*) FROM placed") == 2


async def test_a_transaction_that_is_broken_starts_nothing(desk: Desk) -> None:
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        async with desk.application.transaction():
            with pytest.raises(asyncpg.DivisionByZeroError):
                await desk.application.execute("SELECT 1 / 0")
            await desk.start()
    assert (await desk.ask("session.list"))["sessions"] == []


async def test_a_full_inbox_is_an_error_of_the_transaction(desk: Desk, database: Database) -> None:
    await desk.stop()
    world = PostgresWorld(database)
    await world.bound("warehouse", 0)
    assert (await refused(desk.start(key="k")))[0] == "AC719"
    await world.bound("warehouse", 10)
    session = await desk.start(key="k")
    await desk.run({"Desk": desk.worker})
    assert await desk.outcome(session) == ("settled", 2)


async def test_one_that_nobody_was_woken_for_is_found(desk: Desk, database: Database) -> None:
    """Committed while no sidecar runs, and taken in by the next one."""
    await desk.stop()
    session = await desk.start()
    await desk.run({"Desk": desk.worker})
    assert await desk.outcome(session) == ("settled", 2)


async def test_what_is_not_published_any_more_cannot_be_started(desk: Desk) -> None:
    await desk.log.published().starts([])
    assert (await refused(desk.start()))[0] == "AC704"


@pytest.mark.parametrize("level", ["repeatable_read", "serializable"])
async def test_a_strict_transaction_starts_one_too(desk: Desk, level: Any) -> None:
    async with desk.application.transaction(isolation=level):
        session = await desk.start(key="k")
        assert await desk.start(key="k") == session
    assert await desk.outcome(session) == ("settled", 2)
