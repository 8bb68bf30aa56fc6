"""An event that an application tells inside its own transaction counts when that commits, and is checked as the API
checks it, as far as SQL can.
"""

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
from accompanist.errors import AccompanistError
from accompanist.log.listener import Listener
from accompanist.sidecar.publishing import awaited, startable
from tests.log.worlds import PostgresWorld
from tests.postgres import SERVICES, Database
from tests.sidecar.front import Front, Worker

WAREHOUSE = SERVICES["warehouse"]
TEXT = """
from __future__ import annotations
from dataclasses import dataclass
from accompanist import At, Role, choreography, transaction

@dataclass(frozen=True)
class Word:
    by: str
    yes: bool

class Desk(Role):
    @transaction
    def put(self, word: Word) -> int: ...

@choreography
def ask_first(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.put(desk.event("said", Word))
"""
WORD = {"by": "ann", "yes": True}
SIGNAL = f"SELECT {WAREHOUSE}.signal($1, 'desk', $2, $3)"


class Desk(Front):
    """The service, and an application of it with its own connection."""

    application: asyncpg.Connection

    async def begin(self) -> UUID:
        begun: UUID = await self.application.fetchval(f"SELECT {WAREHOUSE}.start('ask_first', '{{\"number\": 1}}')")
        return begun

    async def tell(self, session: UUID, value: Any = WORD, name: str = "said") -> bool:
        new: bool = await self.application.fetchval(SIGNAL, session, name, orjson.dumps(value).decode())
        return new

    async def outcome(self, session: UUID) -> str | None:
        told = await self.ask("session.result", session=session, wait_ms=20_000)
        outcome: str | None = told["outcome"]
        return outcome


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    world = PostgresWorld(database)
    log: Any = await world.sidecar("warehouse")
    made = Desk("warehouse", log, tmp_path, Worker({"put": lambda given: 7}), {"Desk": "warehouse"})
    made.application = await asyncpg.connect(database.worker_dsn("warehouse"))
    await made.deploy(TEXT)
    await publish(made)
    listener = Listener.at(database.sidecar_dsn("warehouse"), WAREHOUSE, made.hear)
    listening = asyncio.create_task(listener.run())
    yield made
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await made.application.close()
    await made.close()
    await world.close()


async def publish(desk: Desk) -> None:
    await desk.log.published().starts(startable(desk.hosted))
    await desk.log.published().events(awaited(desk.hosted))


async def refused(asked: Any) -> tuple[str, str]:
    with pytest.raises(asyncpg.PostgresError) as caught:
        await asked
    return str(caught.value.sqlstate), str(caught.value.args[0])


async def test_an_event_counts_when_the_transaction_commits(desk: Desk) -> None:
    session = await desk.begin()
    with pytest.raises(ZeroDivisionError):
        async with desk.application.transaction():
            assert await desk.tell(session, {"by": "bob", "yes": False})
            raise ZeroDivisionError
    async with desk.application.transaction():
        assert await desk.tell(session)
        assert not await desk.tell(session), "it was told before"
    assert await desk.outcome(session) == "settled"
    assert desk.worker.done == [("put", {"word": WORD})]


async def test_it_may_be_told_in_the_transaction_that_starts_its_session(desk: Desk) -> None:
    async with desk.application.transaction():
        session = await desk.begin()
        assert await desk.tell(session)
    assert await desk.outcome(session) == "settled"


async def test_the_first_value_counts_in_sql_and_in_the_api(desk: Desk) -> None:
    session = await desk.begin()
    other = {"by": "bob", "yes": False}
    told = await desk.ask("session.signal", session=session, role="desk", name="said", value=WORD)
    assert told["new"] and not await desk.tell(session, {"yes": True, "by": "ann"})
    assert (await refused(desk.tell(session, other)))[0] in ("AC742", "AC717")
    assert await desk.outcome(session) == "settled"
    assert (await refused(desk.tell(session)))[0] == "AC717"
    early = uuid4()
    assert await desk.tell(early)
    with pytest.raises(AccompanistError, match="ACC742"):
        await desk.ask("session.signal", session=early, role="desk", name="said", value=other)
    assert (await refused(desk.tell(early, other)))[0] == "AC742"


@pytest.mark.parametrize("known", [True, False])
async def test_what_does_not_fit_is_an_error_of_the_transaction(desk: Desk, known: bool) -> None:
    session = await desk.begin() if known else uuid4()
    assert await refused(desk.tell(session, WORD, "sad")) == (
        "AC740",
        "ACC740: warehouse waits for no event sad at desk",
    )
    assert await refused(desk.tell(session, {"by": "ann"})) == ("AC741", "ACC741: said: $ lacks yes")
    assert (await refused(desk.tell(session, "x" * 1_100_000)))[0] == "AC741"
    call = f"SELECT {WAREHOUSE}.signal($1, 'clerk', 'said', '{{}}')"
    assert (await refused(desk.application.fetchval(call, session)))[0] == "AC740"
    call = f"SELECT {WAREHOUSE}.signal($1, 'desk', NULL, '{{}}')"
    assert (await refused(desk.application.fetchval(call, session)))[0] == "AC712"
    assert await desk.tell(session)


async def test_a_session_of_a_version_that_is_not_published_judges_for_itself(desk: Desk) -> None:
    session = await desk.begin()
    await desk.deploy(TEXT.replace("yes: bool", "no: bool").replace('"said"', '"told"'))
    await desk.log.published().events([row for row in awaited(desk.hosted) if "told" in row.events])
    assert await desk.tell(session)
    assert await desk.outcome(session) == "settled"


async def test_too_many_events_before_their_sessions_are_refused(desk: Desk, database: Database) -> None:
    admin = await asyncpg.connect(database.dsn(), server_settings={"search_path": WAREHOUSE})
    await admin.execute(
        """INSERT INTO arrival (session, site, sender, receiver, shard, early, sender_service)
        SELECT gen_random_uuid(), '!event/said', '', 'desk', 0, true, 'warehouse' FROM generate_series(1, $1::int)""",
        limits.early_events_max,
    )
    await admin.close()
    assert (await refused(desk.tell(uuid4())))[0] == "AC743"
    session = await desk.begin()
    assert await desk.tell(session)
