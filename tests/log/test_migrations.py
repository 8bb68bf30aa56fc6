"""The schema can be upgraded and downgraded, also with sessions in it, and a schema that is not as it must be is
refused.
"""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.log import names, provision, schema
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.control import event
from accompanist.runtime.messages import shard_of
from accompanist.runtime.ports import Delivery, LogUnavailable, Phase
from tests.log.letters import burst, header, message, result, row, timer
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import SERVICES, Database

WAREHOUSE = SERVICES["warehouse"]
_OBJECTS = """
SELECT count(*) FROM (
    SELECT FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind <> 'i' AND relname <> 'alembic_version'
    UNION ALL SELECT FROM pg_proc WHERE pronamespace = $1::regnamespace
    UNION ALL SELECT FROM pg_type WHERE typnamespace = $1::regnamespace AND typname !~ 'alembic_version') AS made"""


async def objects(database: Database, schema: str) -> int:
    connection = await asyncpg.connect(database.dsn())
    try:
        count: int = await connection.fetchval(_OBJECTS, schema)
        return count
    finally:
        await connection.close()


async def refused(work: object, code: str) -> OperatorError:
    with pytest.raises(OperatorError) as caught:
        await work  # type: ignore[misc]
    assert caught.value.code == code, caught.value
    return caught.value


async def test_up_down_and_up_again(blank_database: Database) -> None:
    dsn = blank_database.dsn()
    await provision.bootstrap(dsn, SERVICES)
    await provision.bootstrap(dsn, SERVICES)
    assert await provision.status(dsn, WAREHOUSE) == (None, provision.head())
    await provision.migrate(dsn, "warehouse", WAREHOUSE)
    await provision.migrate(dsn, "warehouse", WAREHOUSE)
    assert await provision.status(dsn, WAREHOUSE) == (provision.head(), provision.head())
    assert await provision.status(dsn, SERVICES["payment"]) == (None, provision.head()), "each service on its own"
    await provision.migrate(dsn, "warehouse", WAREHOUSE, "down")
    assert await provision.status(dsn, WAREHOUSE) == (None, provision.head())
    assert await objects(blank_database, WAREHOUSE) == 0
    await provision.migrate(dsn, "warehouse", WAREHOUSE)
    assert await objects(blank_database, WAREHOUSE) > 0


async def test_down_and_up_with_sessions_in_the_tables(database: Database) -> None:
    world = PostgresWorld(database)
    log, of = await owner(world, "warehouse"), header()
    sent = (message(of), message(of, "2", "lost"), message(of, "3", "stock"))
    await log.flush([burst(of, session=row(of), results=(result(of),), messages=sent)])
    await log.register([{"choreography": "c", "fingerprint": "f", "role": "r", "source": "s"}])
    await world.collect("warehouse", header().session, "warehouse")
    await world.close()
    await provision.migrate(database.dsn(), "warehouse", WAREHOUSE, "down")
    assert await objects(database, WAREHOUSE) == 0
    await provision.migrate(database.dsn(), "warehouse", WAREHOUSE)
    log = await owner(world, "warehouse")
    assert await log.show(of.session) is None
    await log.flush([burst(of, session=row(of))])
    await world.close()


async def test_the_sidecar_sees_the_status_and_cannot_migrate(blank_database: Database) -> None:
    await provision.bootstrap(blank_database.dsn(), SERVICES)
    dsn = blank_database.sidecar_dsn("warehouse")
    await refused(provision.migrate(dsn, "warehouse", WAREHOUSE), "ACC405")
    await refused(provision.bootstrap(dsn, SERVICES), "ACC405")
    await refused(PostgresLog.open(dsn, "warehouse", SERVICES), "ACC403")


async def test_a_schema_that_is_not_there_is_not_migrated(blank_database: Database) -> None:
    await refused(provision.migrate(blank_database.dsn(), "warehouse", WAREHOUSE), "ACC403")
    await refused(provision.require_head(blank_database.dsn(), "warehouse", WAREHOUSE), "ACC403")


async def test_a_later_revision_is_refused(postgres_world: PostgresWorld) -> None:
    await postgres_world.execute("warehouse", "UPDATE alembic_version SET version_num = '9999'")
    database = postgres_world.database
    await refused(PostgresLog.open(database.sidecar_dsn("warehouse"), "warehouse", SERVICES), "ACC404")
    for direction in ("up", "down"):
        await refused(provision.migrate(database.dsn(), "warehouse", WAREHOUSE, direction), "ACC404")


async def test_one_schema_is_not_two_services(database: Database) -> None:
    await refused(provision.migrate(database.dsn(), "payment", WAREHOUSE), "ACC406")
    await refused(provision.bootstrap(database.dsn(), {"payment": WAREHOUSE}), "ACC406")
    swapped = {"payment": WAREHOUSE}
    problem = await refused(PostgresLog.open(database.sidecar_dsn("warehouse"), "payment", swapped), "ACC406")
    assert "warehouse" in problem.text


async def test_another_number_of_shards_is_refused(postgres_world: PostgresWorld) -> None:
    await postgres_world.execute("warehouse", "UPDATE setting SET shards_count = 128")
    dsn = postgres_world.database.sidecar_dsn("warehouse")
    await refused(PostgresLog.open(dsn, "warehouse", SERVICES), "ACC407")


async def test_a_log_that_was_open_meanwhile_is_over_and_the_next_goes_on(database: Database) -> None:
    """Down and up again under a running sidecar: what it was told to be durable is gone, so it must not go on. So are
    the types of its statement: it opens another connection, and finds a log that was made anew."""
    world, of = PostgresWorld(database), header()
    lost: list[OperatorError] = []
    dsn = database.sidecar_dsn("warehouse")
    log = await PostgresLog.open(dsn, "warehouse", SERVICES, lost=lost.append)
    await log.lease("first", limits.shards_count)
    await log.flush([burst(of, session=row(of))])
    for direction in ("down", "up"):
        await provision.migrate(database.dsn(), "warehouse", WAREHOUSE, direction)
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            await log.flush([burst(of, session=row(of))])
    assert [problem.code for problem in lost] == ["ACC409"]
    await log.close()
    log = await owner(world, "warehouse")
    await log.flush([burst(of, session=row(of))])
    assert len(await log.summaries()) == 1
    await world.close()


async def test_an_absent_server_or_database_is_told_without_secrets() -> None:
    dsn = "postgresql://warehouse_sidecar:hunter2@127.0.0.1:1/orders"
    for work in (
        provision.status(dsn, WAREHOUSE),
        provision.bootstrap(dsn, SERVICES),
        provision.migrate(dsn, "warehouse", WAREHOUSE),
        PostgresLog.open(dsn, "warehouse", SERVICES),
    ):
        problem = await refused(work, "ACC401")
        assert "hunter2" not in str(problem)
        assert "127.0.0.1:1/orders" in problem.text


async def test_an_absent_database_is_told(blank_database: Database) -> None:
    head, _, _ = blank_database.dsn().partition("?")
    dsn = blank_database.dsn().replace(head, f"{head}_not_there")
    await refused(provision.status(dsn, WAREHOUSE), "ACC401")


def test_an_old_server_is_told() -> None:
    with pytest.raises(OperatorError) as caught:
        provision.check_version(14)
    assert caught.value.code == "ACC402"
    provision.check_version(15)


@pytest.mark.parametrize("name", ["", "Warehouse", "1st", "a-b", "a b", 'a"; DROP', "é", "x" * 64, "a\n"])
async def test_names_are_of_the_closed_form(name: str) -> None:
    with pytest.raises(ValueError, match="letter"):
        await provision.status("postgresql://nowhere", name)
    with pytest.raises(ValueError, match="letter"):
        await provision.migrate("postgresql://nowhere", name, WAREHOUSE)


async def test_the_bounds_are_those_of_limits(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("warehouse")
    held = await admin.fetchrow(
        "SELECT service, early_rows_max, payload_bytes_max, shards_count, batch_bytes_max,"
        " waiting_per_peer_max FROM setting"
    )
    assert tuple(held) == (
        "warehouse", limits.inbox_early_rows_max, limits.payload_bytes_max, limits.shards_count,
        limits.batch_bytes_max, limits.waiting_rows_per_peer_max,
    )  # fmt: skip
    await admin.close()


async def test_sql_and_python_agree_on_shards(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("warehouse")
    rows = await admin.fetch(
        "SELECT id, shard_of(id, 64) AS shard FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 500)) AS ids"
    )
    assert [row["shard"] for row in rows] == [shard_of(row["id"], limits.shards_count) for row in rows]
    await admin.close()


def test_the_revisions_that_are_named_are_those_that_are_there() -> None:
    there = ScriptDirectory.from_config(provision._config()).walk_revisions()
    assert tuple(reversed([script.revision for script in there])) == schema.REVISIONS


async def test_a_log_of_the_first_revision_goes_up_and_down_with_what_is_in_it(blank_database: Database) -> None:
    """Rows that were written before keep what they say; those that were over can be collected, at both ends."""
    dsn, of, over = blank_database.dsn(), header(), header()
    await provision.bootstrap(dsn, SERVICES)
    await provision.migrate(dsn, "warehouse", WAREHOUSE)
    world = PostgresWorld(blank_database)
    log = await owner(world, "warehouse")
    done = row(over, phase=Phase.SETTLED, vote="done", outcome="settled")
    await log.flush([burst(of, session=row(of), messages=(message(of, "2", "lost"),)), burst(over, session=done)])
    await log.release("warehouse-1")
    await world.close()
    await run_revision(dsn, "0001")
    assert await provision.status(dsn, WAREHOUSE) == ("0001", provision.head())
    await refused(PostgresLog.open(world.database.sidecar_dsn("warehouse"), "warehouse", SERVICES), "ACC403")
    await provision.migrate(dsn, "warehouse", WAREHOUSE)
    log = await owner(world, "warehouse")
    [memory] = await log.load([(of.session, "warehouse")])
    assert memory.session == row(of)
    assert await log.resend(10) == {"nowhere": 1}
    assert await log.collect(0, 10) == 1
    assert [line.session for line in await log.summaries()] == [of.session]
    await world.close()


async def test_of_two_messages_under_one_identity_the_believed_one_survives_the_way_down(database: Database) -> None:
    """Below 0018 an identity has one place. Nothing is left in the queue of what went."""
    world = PostgresWorld(database)
    log, other = await owner(world, "warehouse"), await owner(world, "payment")
    of, begun = header(), header()
    await log.flush([burst(begun, session=row(begun))])
    real = {}
    for one in (of, begun):
        real[one.session] = true = message(one, receiver="warehouse", sender="payment")
        lies = header(one.session, bindings={"warehouse": "warehouse", "payment": "loyalty"}, fingerprint="f1")
        told = message(one if one is of else lies, receiver="warehouse", sender="payment", payload=b"2")
        assert await log.accept("loyalty", [told]) == [Delivery.STORED]
        await other.flush([burst(one, messages=(true,))])
    await world.close()
    await run_revision(database.dsn(), "0017")
    await provision.migrate(database.dsn(), "warehouse", WAREHOUSE)
    log = await world.sidecar("warehouse")
    await log.lease("warehouse-1", limits.shards_count)
    taken = await log.take(10)
    assert {entry.message.session: (entry.message, entry.sender_service) for entry in taken} == {
        session: (true, "payment") for session, true in real.items()
    }
    for session in real:
        story = await log.show(session)
        assert story is not None
        assert [told.service for told in story.messages] == ["payment"]
    await world.close()


async def run_revision(
    dsn: str, revision: str, go: Callable[[Config, str], None] = command.downgrade, service: str = "warehouse"
) -> None:
    """To a revision between base and head, as `migrate` goes to either."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))

    def run(connection: Connection) -> None:
        provision._become(connection, names.owner_role(service), SERVICES[service], service)
        config = provision._config()
        config.attributes.update(connection=connection, schema=SERVICES[service])
        go(config, revision)

    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


async def test_sessions_that_wait_survive_the_way_down_and_up(blank_database: Database) -> None:
    """Going down, timers go, and events stay where a program of before does not read them; up again, both are there for
    the session that is taken up."""
    dsn, of = blank_database.dsn(), header()
    await provision.bootstrap(dsn, SERVICES)
    await provision.migrate(dsn, "warehouse", WAREHOUSE)
    world = PostgresWorld(blank_database)
    log = await owner(world, "warehouse")
    told = event(of.session, "warehouse", "warehouse", "paid", b"1", 1.0)
    await log.flush([burst(of, session=row(of, waiting="timer"), timers=(timer(of),), home=(told,))])
    await log.release("warehouse-1")
    await world.close()
    await run_revision(dsn, "0002")
    await provision.migrate(dsn, "warehouse", WAREHOUSE)
    log = await owner(world, "warehouse")
    assert await log.unfinished(range(limits.shards_count)) == [(of.session, "warehouse")]
    [memory] = await log.load([(of.session, "warehouse")])
    assert ([one.site for one in memory.inbox], memory.timers) == (["!event/paid"], ())
    await log.flush([burst(of, timers=(timer(of, seconds=0),))])
    assert (await log.due(10)).timers == ((of.session, "warehouse", "7"),)
    await world.close()
