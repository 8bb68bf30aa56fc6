"""A login without a right on a service's tables can take no lock that holds the service up.

An advisory lock is a number: any login that may connect to the database may take it, and keep it. So neither the log
nor the fence uses one. They lock rows and tables of their own, for which Postgres requires rights.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

import accompanist
from accompanist.limits import shards_count
from accompanist.log import names, provision
from accompanist.worker import fence
from accompanist.worker.pipelining import WorkerConnection
from tests.log.letters import burst, header, row
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import SERVICES, Database
from tests.worker.conftest import ROLE, do, key

STRANGER = names.worker_role("loyalty")
"""A login of the database with no right on anything of payment's."""
PATIENCE_S = 20
EVERY_LOCK = """
SELECT count(pg_advisory_lock(c.oid::integer, n)) FROM pg_class c, generate_series(0, $2::integer) AS n
WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r'"""
OLD_LOCKS = (
    "SELECT pg_advisory_lock(hashtext('accompanist migrate')), pg_advisory_lock(hashtext('accompanist bootstrap'))"
)
SCHEMA = names.worker_role("payment")


@pytest.fixture
async def stranger(postgres_world: PostgresWorld) -> AsyncIterator[asyncpg.Connection]:
    connection = await postgres_world.connect("loyalty", STRANGER)
    yield connection
    connection.terminate()


@pytest.fixture
async def postgres_world(database: Database) -> AsyncIterator[PostgresWorld]:
    made = PostgresWorld(database)
    yield made
    await made.close()


async def test_a_stranger_cannot_hold_up_commits_or_leases(
    postgres_world: PostgresWorld, stranger: asyncpg.Connection
) -> None:
    log = await owner(postgres_world, "payment", "a")
    await stranger.execute("SET statement_timeout = 0")
    await stranger.fetchval(EVERY_LOCK, SERVICES["payment"], shards_count - 1)
    async with asyncio.timeout(PATIENCE_S):
        of = header()
        await log.flush([burst(of, session=row(of, role="payment"))])
        await log.lease("a", shards_count)
        await postgres_world.expire("payment")
        other = await postgres_world.sidecar("payment")
        held, *_ = await other.lease("b", shards_count)
        assert len(held) == shards_count
        await other.release("b")


@pytest.mark.parametrize("table", ["gate", "shard", "replica", "session", "alembic_version", "setting"])
async def test_a_stranger_cannot_lock_what_commits_lock(
    postgres_world: PostgresWorld, stranger: asyncpg.Connection, table: str
) -> None:
    peer = await postgres_world.connect("loyalty", names.sidecar_role("loyalty"))
    for who in (stranger, peer):
        for statement in (
            f"LOCK TABLE acc_payment.{table} IN ACCESS SHARE MODE",
            f"SELECT FROM acc_payment.{table} FOR KEY SHARE",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await who.execute(f"BEGIN; {statement}")
            await who.execute("ROLLBACK")
    await peer.close()


async def test_a_stranger_cannot_hold_up_migrations(blank_database: Database) -> None:
    dsn = blank_database.dsn()
    await provision.bootstrap(dsn, SERVICES)
    held = await asyncpg.connect(blank_database.dsn(STRANGER))
    await held.execute("SET statement_timeout = 0")
    await held.execute(OLD_LOCKS)
    await held.execute("SELECT pg_advisory_lock(hashtextextended($1, 21))".replace("$1", f"'{SCHEMA}'"))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await provision.bootstrap(dsn, SERVICES)
            await provision.migrate(dsn, "payment", SERVICES["payment"])
            admin = await asyncpg.connect(dsn)
            await fence.install(admin, SCHEMA)
            await admin.close()
    finally:
        held.terminate()


async def test_a_stranger_cannot_hold_a_session_in_the_fence(blank_database: Database) -> None:
    dsn, call = blank_database.dsn(), key()
    await provision.bootstrap(dsn, SERVICES)
    told = {"search_path": SCHEMA}
    admin = await asyncpg.connect(dsn, connection_class=WorkerConnection, server_settings=told)
    await fence.install(admin, SCHEMA)
    await admin.execute("CREATE TABLE effect (what text NOT NULL)")
    held = await asyncpg.connect(blank_database.dsn(STRANGER))
    await held.execute("SET statement_timeout = 0")
    for what, site in (("door", ""), ("key", call.site), ("order", "")):
        named = " ".join((SCHEMA, what, str(call.session), ROLE, site))
        await held.execute(f"SELECT pg_advisory_lock(hashtextextended('{named}', 20))")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await held.execute(f"SELECT {SCHEMA}.fence_close('{call.session}', '{ROLE}')")
    try:
        async with asyncio.timeout(PATIENCE_S):
            the_fence = fence.Fence(SCHEMA)
            assert await do(admin, the_fence, call) == ("ran", "1")
            async with admin.transaction():
                assert '"closed":true' in await the_fence.close(admin, call.session, ROLE, None)
    finally:
        held.terminate()
        await admin.close()


async def test_nothing_that_runs_takes_an_advisory_lock(database: Database) -> None:
    admin = await asyncpg.connect(database.dsn())
    await fence.install(admin, SCHEMA)
    taking = await admin.fetch(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname !~ '^(pg_|information_schema)' AND p.prosrc ~ 'advisory'"
    )
    assert [found[0] for found in taking] == []
    await admin.close()
    package = Path(accompanist.__file__).parent
    files = [path for path in package.rglob("*") if path.suffix in (".py", ".sql")]
    assert files and not [str(path) for path in files if "pg_advisory" in path.read_text()]
