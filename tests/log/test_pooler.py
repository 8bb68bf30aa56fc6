"""The log through a pooler in transaction mode, a real PgBouncer with four server connections.

It has to behave as on a direct connection. The conformance scripts run on it, also many clients at once, so that they
share server connections. Skipped, with the reason, if there is no PgBouncer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest

from accompanist.errors import OperatorError
from accompanist.limits import shards_count
from accompanist.log import names
from accompanist.log.notifier import Notifier
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.messages import shard_of
from accompanist.runtime.ports import Commit, LeaseLost, LogUnavailable
from ops import pgbouncer
from ops.pgbouncer import Pooler
from tests.log.letters import header, row
from tests.log.test_alike import Run, Script, held
from tests.log.worlds import MemoryWorld, PostgresWorld, owner
from tests.postgres import SERVICES, Database


@pytest.fixture
def pooler(database: Database) -> Iterator[Pooler]:
    if why := pgbouncer.lacking():
        pytest.skip(why)
    host = parse_qs(urlsplit(database.admin_dsn).query).get("host", [""])[0]
    if not host.startswith("/"):
        pytest.skip("the server of DATABASE_URL has no socket of ours")
    with pgbouncer.pooler(Path(host), [names.sidecar_role(service) for service in SERVICES]) as found:
        yield found


@pytest.fixture
async def world(database: Database, pooler: Pooler) -> AsyncIterator[PostgresWorld]:
    name = urlsplit(database.admin_dsn).path.removeprefix("/")
    made = PostgresWorld(database, lambda user: pooler.dsn(user, name))
    yield made
    await made.close()


@pytest.mark.parametrize("seed", range(2))
async def test_it_answers_like_a_direct_connection(world: PostgresWorld, seed: int) -> None:
    memory, pooled = Run(MemoryWorld()), Run(world)
    script = Script(seed)
    for number, step in enumerate(script.steps()):
        assert await step(memory) == await step(pooled), f"seed {seed}, step {number}: {step.__qualname__}"
    assert await held(memory, script) == await held(pooled, script)


async def test_many_at_once_on_few_connections_of_the_server(world: PostgresWorld) -> None:
    """Three services, each in its own schema by its own search path: nobody finds another's."""
    logs = {service: await owner(world, service) for service in SERVICES}

    async def write(service: str) -> None:
        one = header(uuid4())
        commit = Commit(shard=shard_of(one.session, shards_count), session=row(one, "warehouse"))
        await logs[service].flush([commit])
        [memory] = await logs[service].load([(one.session, "warehouse")])
        assert memory.session is not None
        others = [logs[other] for other in SERVICES if other != service]
        for other in others:
            assert (await other.load([(one.session, "warehouse")]))[0].session is None

    await asyncio.gather(*(write(service) for service in SERVICES for _ in range(20)))


async def test_what_is_refused_leaves_nothing_and_the_connection_is_good_again(world: PostgresWorld) -> None:
    log = await owner(world, "warehouse")
    assert isinstance(log, PostgresLog)
    one = header(uuid4())
    shard = shard_of(one.session, shards_count)
    await world.execute("warehouse", "UPDATE shard SET epoch = epoch + 1")
    for _ in range(10):
        with pytest.raises(LeaseLost):
            await log.flush([Commit(shard=shard, session=row(one, "warehouse"))])
    assert (await log.load([(one.session, "warehouse")]))[0].session is None


async def test_a_pooler_that_dies_is_a_log_that_is_away(world: PostgresWorld, pooler: Pooler) -> None:
    log = await owner(world, "warehouse")
    pooler.kill()
    answered = 0
    for _ in range(50):
        try:
            await log.unfinished(range(shards_count))
        except LogUnavailable:
            await asyncio.sleep(0.05)
        else:
            answered += 1
            if answered == 3:
                return
    raise AssertionError("it never came back")


async def test_who_only_polls_still_tells_others(world: PostgresWorld) -> None:
    heard = asyncio.Event()
    ear = await asyncpg.connect(world.database.sidecar_dsn("payment"))
    try:
        await ear.add_listener(names.channel(SERVICES["payment"]), lambda *_: heard.set())
        log = await world.sidecar("warehouse")
        assert isinstance(log, PostgresLog)
        notifier = Notifier.over(log, SERVICES)
        notifier.notify({"payment": None})
        async with asyncio.timeout(10):
            await heard.wait()
        await notifier.close()
    finally:
        await ear.close()


async def test_a_pooler_in_place_of_the_server_is_told(database: Database, pooler: Pooler) -> None:
    name = urlsplit(database.admin_dsn).path.removeprefix("/")
    with pytest.raises(OperatorError) as caught:
        await PostgresLog.open(pooler.dsn(names.sidecar_role("warehouse"), name), "warehouse", SERVICES)
    assert caught.value.code == "ACC410"
