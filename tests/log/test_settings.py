"""The settings that our statements depend on are set on each connection, and not taken from what a role, a database or
a server has for others. No method of the log leaves other settings on a connection of the pool.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest

from accompanist import postgres_server as postgres
from accompanist.log import health_facts, names, settings
from accompanist.log.connection import connect
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import Delivery, InboxEntry, KeptVersion, QuotaLimits, SessionFilter
from accompanist.worker import database as worker_database
from ops import pgbouncer
from tests.log.letters import burst, header, message, result, row, start, timer
from tests.log.test_alike import Run, Script, held
from tests.log.worlds import MemoryWorld, PostgresWorld, owner
from tests.postgres import SERVICES, Cluster, Database, passable_directory

WRONG: Mapping[str, str] = {
    **{name: "off" for name, value in settings.LOG.items() if name.startswith("enable_") and value == "on"},
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "synchronous_commit": "off",
    "idle_session_timeout": "9s",
    "row_security": "off",
    "timezone": "America/Caracas",
    "datestyle": "SQL, DMY",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "plpgsql.extra_errors": "all",
    "jit": "on",
    "max_parallel_workers_per_gather": "8",
    "plan_cache_mode": "force_custom_plan",
    "join_collapse_limit": "1",
    "from_collapse_limit": "1",
    "seq_page_cost": "0",
    "random_page_cost": "1000000",
    "cpu_tuple_cost": "1000000",
    "cpu_index_tuple_cost": "1000000",
    "cpu_operator_cost": "1000000",
    "statement_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "lock_timeout": "1ms",
    "search_path": "elsewhere",
    "application_name": "elsewhere",
}
LATER = {"transaction_timeout": "7s"}
MENDED = dict.fromkeys(("statement_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout"), "0")
SEEN = "SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[])"


def test_every_setting_that_is_stated_has_been_wrong() -> None:
    stated = {**settings.LOG, **settings.WORKER, **settings.of("name")}
    assert stated.keys() == WRONG.keys()
    assert [name for name, value in WRONG.items() if stated[name] == value] == []


# -- set wrong, in three places ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A server of one's own: what is set for all of it meets nobody else."""
    with passable_directory() as place:
        started = postgres.start_ready(place / "data", place / "s")
        try:
            yield Cluster(started.dsn())
        finally:
            started.stop()


@pytest.fixture
def own(own_cluster: Cluster) -> Iterator[Database]:
    with own_cluster.database(migrated=True) as found:
        yield found


async def administrator(database: Database) -> asyncpg.Connection:
    told = {**MENDED, "default_transaction_read_only": "off", "quote_all_identifiers": "off"}
    admin = await asyncpg.connect(database.dsn(), server_settings=told)
    await admin.execute("DO 'BEGIN END'")  # so that plpgsql's own settings are known
    return admin


@pytest.fixture(params=["role", "database", "server"])
async def wrong(request: pytest.FixtureRequest, own: Database) -> AsyncIterator[Database]:
    """A log whose administrator has set everything otherwise, for others."""
    admin = await administrator(own)
    name = await admin.fetchval("SELECT current_database()")
    place = {
        "role": "ROLE warehouse_sidecar",
        "database": f"DATABASE {name}",
        "server": "SYSTEM",
    }[request.param]
    known = WRONG | {name: value for name, value in LATER.items() if name in settings.later(admin)}
    try:
        for setting, value in known.items():
            if (place, setting) == ("SYSTEM", "application_name"):
                continue  # the server's own
            shown = (
                ", ".join(f"'{part.strip()}'" for part in value.split(",")) if setting == "datestyle" else f"'{value}'"
            )
            await admin.execute(f"ALTER {place} SET {setting} = {shown}")
        await admin.execute("SELECT pg_reload_conf()")
        await until_it_is_so(own)
        yield own
    finally:
        await admin.execute(f"ALTER {place} RESET ALL")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.close()


async def until_it_is_so(database: Database) -> None:
    """A reload comes to the postmaster a moment later."""
    async with asyncio.timeout(20):
        while True:
            raw = await asyncpg.connect(database.sidecar_dsn("warehouse"), server_settings=MENDED)
            try:
                if await raw.fetchval("SELECT current_setting('bytea_output')") == "escape":
                    return
            finally:
                raw.terminate()


async def not_as_stated(connection: asyncpg.Connection, stated: Mapping[str, str]) -> dict[str, str]:
    """What is otherwise. Numbers are compared as numbers, names whatever their case."""
    wanted = {**stated, **settings.later(connection)}
    rows = await connection.fetch(
        "SELECT k AS name, current_setting(k) AS setting FROM unnest($1::text[]) AS k", list(wanted)
    )
    return {row["name"]: row["setting"] for row in rows if plain(row["setting"]) != plain(wanted[row["name"]])}


def plain(value: str) -> str:
    for unit, factor in (("ms", 1), ("min", 60_000), ("s", 1_000)):
        if value.endswith(unit) and value.removesuffix(unit).isdecimal():
            return str(int(value.removesuffix(unit)) * factor)
    return value


async def test_a_log_is_told_nothing_by_what_others_are_set_to(wrong: Database) -> None:
    log = await PostgresLog.open(wrong.sidecar_dsn("warehouse"), "warehouse", SERVICES)
    try:
        async with log._pool.acquire() as connection:
            assert await not_as_stated(connection, settings.of("accompanist warehouse", "acc_warehouse")) == {}
            assert await connection.fetchval("SELECT current_setting('client_encoding')") == "UTF8"
        of = header()
        await log.lease("warehouse-1", 64)
        await log.flush([burst(of, session=row(of), messages=(message(of),))])
        assert (await log.load([(of.session, "warehouse")]))[0].session is not None
    finally:
        await log.close()


async def test_a_connection_outside_the_pool_neither(wrong: Database) -> None:
    for stating in (settings.LOG, settings.PATIENT):
        connection = await connect(wrong.sidecar_dsn("warehouse"), "accompanist listener", stating=stating)
        assert await not_as_stated(connection, settings.of("accompanist listener", stating=stating)) == {}
        await connection.close()


async def test_who_looks_sees_what_others_are_given_who_state_nothing(wrong: Database) -> None:
    assert not set(settings.OBSERVED) & set(settings.LOOKING)
    looking = await connect(wrong.sidecar_dsn("warehouse"), "accompanist doctor", stating=settings.LOOKING)
    assert await looking.fetchval("SHOW default_transaction_isolation") == "repeatable read"
    assert await not_as_stated(looking, settings.of("accompanist doctor", stating=settings.LOOKING)) == {}
    await looking.close()


@pytest.mark.parametrize(("major", "stated"), [(16, []), (17, ["transaction_timeout"]), (18, ["transaction_timeout"])])
def test_what_is_newer_than_a_server_is_not_stated_to_it(major: int, stated: list[str]) -> None:
    """It would be refused; and what a server does know and is not told, an administrator may have set."""
    connection: Any = SimpleNamespace(get_server_version=lambda: SimpleNamespace(major=major))
    assert list(settings.later(connection)) == stated


async def test_a_worker_neither(wrong: Database) -> None:
    pool = await worker_database.open_pool(wrong.sidecar_dsn("warehouse"), "warehouse_worker")
    async with worker_database.connection(pool) as connection:
        assert await not_as_stated(connection, settings.WORKER) == {}
        async with worker_database.transaction(connection, "read committed"):
            assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
            assert await connection.fetchval("SHOW transaction_read_only") == "off"
    pool.terminate()


async def test_doctor_sees_what_others_are_given(wrong: Database) -> None:
    seen = await health_facts.read(wrong.sidecar_dsn("warehouse"), "warehouse", "acc_warehouse")
    assert seen.server.settings["default_transaction_isolation"] == "repeatable read"
    assert seen.revision == seen.head


async def test_a_transaction_behind_a_pooler_states_all_of_it(wrong: Database) -> None:
    if why := pgbouncer.lacking():
        pytest.skip(why)
    parts = urlsplit(wrong.dsn())
    name, host = parts.path.removeprefix("/"), parse_qs(parts.query)["host"][0]
    with pgbouncer.pooler(Path(host), [names.sidecar_role("warehouse")]) as found:
        log = await PostgresLog.open(
            wrong.sidecar_dsn("warehouse"), "warehouse", SERVICES, pooler=found.dsn("warehouse_sidecar", name)
        )
        try:
            async with log._pool.acquire() as connection:
                assert await not_as_stated(connection, settings.of("accompanist warehouse", "acc_warehouse")) == {}
                assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
                assert await connection.fetchval("SHOW transaction_read_only") == "off"
                assert await connection.fetchval("SHOW transaction_deferrable") == "off"
        finally:
            await log.close()


async def test_the_log_answers_the_same_when_all_is_set_wrong(database: Database) -> None:
    admin = await administrator(database)
    name = await admin.fetchval("SELECT current_database()")
    roles = [names.sidecar_role(service) for service in SERVICES]
    world = PostgresWorld(database)
    try:
        for role in roles:
            for setting, value in WRONG.items():
                if setting != "datestyle":
                    await admin.execute(f"ALTER ROLE {role} IN DATABASE {name} SET {setting} = '{value}'")
        memory, real, script = Run(MemoryWorld()), Run(world), Script(3)
        for step in script.steps():
            assert await step(memory) == await step(real)
        assert await held(memory, script) == await held(real, script)
    finally:
        for role in roles:
            await admin.execute(f"ALTER ROLE {role} IN DATABASE {name} RESET ALL")
        await admin.close()
        await world.close()


# -- and left as it was --------------------------------------------------------------------------------

Call = Callable[[PostgresLog], Awaitable[Any]]


async def _flush(log: PostgresLog) -> Any:
    of = header()
    parts = {
        "session": row(of),
        "results": (result(of),),
        "messages": (message(of),),
        "timers": (timer(of, seconds=0),),
    }
    await log.flush([burst(of, **parts), start(header())])


async def _take(log: PostgresLog) -> None:
    await log.take(5, await log.take(5))


async def _confirm(log: PostgresLog) -> None:
    first = start(header())
    await log.flush([first])
    [told] = first.messages
    assert await log.confirm([InboxEntry(message=told, sender_service="warehouse", known=False)]) == [(True, False)]


async def _released_early(log: PostgresLog) -> None:
    assert await log.released_early(about_to=True)


async def _due(log: PostgresLog) -> None:
    assert (await log.due(5)).timers


async def _relayed(log: PostgresLog) -> None:
    await log.relayed([(away.message, Delivery.STORED) for away in await log.relay(["loyalty"], 5)])


KEPT = KeptVersion(
    fingerprint="f1", choreography="c", file="c.py", texts={"c.py": ""}, bindings={}, made_by="this test"
)
CALLS: dict[str, Call] = {
    "lease": lambda log: log.lease("warehouse-1", 64),
    "flush": _flush,
    "take": _take,
    "due": _due,
    "confirm": _confirm,
    "released_early": _released_early,
    "load": lambda log: log.load([(uuid4(), "warehouse")]),
    "unfinished": lambda log: log.unfinished(range(64)),
    "page": lambda log: log.page(uuid4(), "warehouse", "1", "payment"),
    "undelivered": lambda log: log.undelivered(5),
    "resend": lambda log: log.resend(5),
    "relay": lambda log: log.relay(["loyalty"], 5),
    "relayed": _relayed,
    "accept": lambda log: log.accept("payment", [message(header(), receiver="warehouse", sender="payment")]),
    "crowd": lambda log: log.crowd(QuotaLimits(sessions=10)),
    "collect": lambda log: log.collect(0, 5),
    "lighten": lambda log: log.lighten(0, 5),
    "forget": lambda log: log.forget(0, 5, [uuid4()]),
    "summaries": lambda log: log.summaries(SessionFilter()),
    "correlated": lambda log: log.correlated({"customer": "ann"}),
    "show": lambda log: log.show(uuid4()),
    "timers": lambda log: log.timers(),
    "move_timer": lambda log: log.move_timer(uuid4(), "warehouse", "1", None, Operator(claimed="somebody"), "because"),
    "end_timer": lambda log: log.end_timer(uuid4(), "warehouse", "1"),
    "events": lambda log: log.events(),
    "early_events": lambda log: log.early_events(),
    "audits": lambda log: log.audits(),
    "request": lambda log: log.request(uuid4(), uuid4(), "orders", b"digest"),
    "requested": lambda log: log.requested(uuid4()),
    "stub": lambda log: log.stub(uuid4(), "warehouse"),
    "register": lambda log: log.register([]),
    "keep": lambda log: log.keep([KEPT]),
    "kept": lambda log: log.kept(["f1"]),
    "forget_versions": lambda log: log.forget_versions(0, 5),
    "execute": lambda log: log.execute("SELECT 1"),
    "release": lambda log: log.release("warehouse-1"),
}
"""Each method of the log, in an order in which it has something to do."""


async def state(log: PostgresLog) -> tuple[int, dict[str, str]]:
    """Which connection it is, and all that is set on it. The pool gives the one that came back last."""
    async with log._pool.acquire() as connection:
        rows = await connection.fetch("SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'transaction%'")
        return await connection.fetchval("SELECT pg_backend_pid()"), {row["name"]: row["setting"] for row in rows}


async def test_no_method_of_the_log_leaves_a_setting_behind(postgres_world: PostgresWorld) -> None:
    """A commit that need not wait for the disk says so for itself alone; the next on the same connection has to."""
    methods = {name for name, _ in inspect.getmembers(PostgresLog, inspect.iscoroutinefunction) if name[0] != "_"}
    assert methods - {"open", "close"} == set(CALLS), "a method of the log that is not looked at here"
    log = await owner(postgres_world, "warehouse", away=("loyalty",))
    assert isinstance(log, PostgresLog)
    before = await state(log)
    assert before[1]["synchronous_commit"] == "on"
    for name, call in CALLS.items():
        await call(log)
        assert await state(log) == before, name
