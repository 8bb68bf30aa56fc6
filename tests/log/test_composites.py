"""Each field of a row that `flush` gets is written to the column of its name. Sidecars of revision 0022 still work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import asyncpg
import pytest

from accompanist.log import composites, inbox, names, provision, results, sessions, timers
from accompanist.log.composites import HeldShard
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.ports import Delivery, LogUnavailable, Phase
from tests.log.letters import burst, header, message, result, row, shard, timer
from tests.log.test_migrations import run_revision
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import SERVICES, Database

SQL_TYPES = {
    UUID: {"uuid"},
    str: {"text"},
    bytes: {"bytea"},
    bool: {"boolean"},
    float: {"double precision"},
    int: {"smallint", "integer", "bigint"},
}
FIELDS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'c' ORDER BY c.relname, a.attnum"""
BY_ROWS = "SELECT mark($1, 0::smallint, 0, 1), flush($2, $3, $4, $5, $6, $7, $8)"
BY_COLUMNS = "SELECT mark($1, 0::smallint, 0, 1), flush({})".format(", ".join(f"${n}" for n in range(2, 49)))
"""As the program of revision 0022 asks."""


async def test_python_and_sql_declare_the_same_fields_in_the_same_order(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("warehouse")
    declared: dict[str, list[tuple[str, str]]] = {}
    for name, field, of in await admin.fetch(FIELDS):
        declared.setdefault(name, []).append((field, of))
    await admin.close()
    assert declared.keys() == composites.TYPES.keys()
    for name, record in composites.TYPES.items():
        hints = get_type_hints(record)
        assert [field for field, _ in declared[name]] == list(hints), name
        for field, of in declared[name]:
            held = getattr(hints[field], "__args__", (hints[field],))[0]  # without `| None`
            assert of in SQL_TYPES[held], (name, field)


def columns(records: Sequence[tuple[Any, ...]], of: type[tuple[Any, ...]]) -> list[Sequence[Any]]:
    return list(zip(*records, strict=True)) if records else [()] * len(get_type_hints(of))


async def flush(connection: asyncpg.Connection, form: str, asker: str, rows: Sequence[list[Any]]) -> list[str]:
    """Ask for a flush by rows, or by columns as sidecars of 0022 do."""
    if form == "rows":
        answers = (await connection.fetchrow(BY_ROWS, uuid4(), asker, *rows))[1]
    else:
        by_column = [column for of, one in zip(ORDER, rows, strict=True) for column in columns(one, of)]
        answers = (await connection.fetchrow(BY_COLUMNS, uuid4(), asker, *by_column))[1]
    return list(answers)


ORDER = (
    composites.HeldShard,
    composites.SessionWrite,
    composites.ResultWrite,
    composites.TimerWrite,
    composites.MessageTarget,
    composites.MessageWrite,
)


async def only(admin: asyncpg.Connection, table: str, of: tuple[str, ...]) -> dict[str, Any]:
    """The columns of these names of the one row that a table has."""
    [found] = await admin.fetch(f"SELECT {', '.join(of)} FROM {table}")  # noqa: S608 (constants)
    return dict(found)


@pytest.mark.parametrize("form", ["rows", "columns"])
async def test_every_field_arrives_in_its_column(postgres_world: PostgresWorld, form: str) -> None:
    """No two fields of one type have one value here, so that none can stand for another."""
    log = await owner(postgres_world, "warehouse", "w")
    assert isinstance(log, PostgresLog)
    of = header(UUID(int=7), choreography="c1")
    written = sessions.record(
        sessions.OrderedWrite(
            row(
                of, "r1", phase=Phase.DONE, vote="v1", outcome="o1", reason="why", result=b"1", waiting="w1", retrying=3
            ),
            epoch=1,
            turn=9,
        )
    )
    answer = results.record(result(of, "s1", role="r2", operation="p1", outcome="o2", digest=b"d", value=b"v"))
    due = timers.record(timer(of, "s2", 5.0, role="r3", operation="p2"))
    sent = burst(of, messages=(message(of, "s3", "lost", sender="r4", payload=b"p"), message(of, "s4", "payment")))
    outgoing = inbox.OutgoingMessages([sent], {"payment": SERVICES["payment"]})
    connection = await postgres_world.connect("warehouse", names.sidecar_role("warehouse"))
    held = [HeldShard(shard=shard(of), epoch=1)]
    rows = [held, [written], [answer], [due], outgoing.targets(), outgoing.records()]
    assert await flush(connection, form, "w", rows) == [Delivery.NOWHERE, Delivery.STORED]
    await connection.close()

    admin = await postgres_world.connect("warehouse")
    assert await only(admin, "session", written._fields) == written._asdict()
    assert await only(admin, "result", answer._fields) == answer._asdict()
    timed = {name: value for name, value in due._asdict().items() if name != "seconds"}
    assert await only(admin, "timer", tuple(timed)) == timed
    assert await admin.fetchval("SELECT round(extract(epoch FROM due_at - set_at)) FROM timer") == 5
    [lost, _] = outgoing.records()
    assert lost.service == "nobody"
    assert await only(admin, "outbox", lost._fields) == lost._asdict()
    await admin.close()
    other = await postgres_world.connect("payment")
    [_, told] = outgoing.records()
    came = {name: value for name, value in told._asdict().items() if name != "service"}
    assert await only(other, "inbox", tuple(came)) == came
    await other.close()


@pytest.mark.parametrize("form", ["rows", "columns"])
async def test_a_lost_lease_is_refused_however_it_was_asked(postgres_world: PostgresWorld, form: str) -> None:
    await owner(postgres_world, "warehouse", "w")
    connection = await postgres_world.connect("warehouse", names.sidecar_role("warehouse"))
    with pytest.raises(asyncpg.PostgresError) as refused:
        await flush(connection, form, "w", [[HeldShard(shard=3, epoch=1), HeldShard(shard=4, epoch=9)], *[[]] * 5])
    assert (refused.value.sqlstate, refused.value.detail) == ("AC001", "4")
    await connection.close()


async def test_it_needs_no_statement_that_outlives_its_transaction(postgres_world: PostgresWorld) -> None:
    """As behind a pooler in transaction mode: the types are looked up inside the first transaction."""
    connection = await asyncpg.connect(
        postgres_world.database.sidecar_dsn("warehouse"),
        statement_cache_size=0,
        server_settings={"search_path": "pg_catalog"},
    )
    await owner(postgres_world, "warehouse", "w")
    of = header()
    for turn in (1, 2):
        async with connection.transaction():
            await connection.execute("SET LOCAL search_path = acc_warehouse, pg_temp")
            record = sessions.record(sessions.OrderedWrite(row(of, waiting=f"for {turn}"), 1, turn))
            rows: list[list[Any]] = [[HeldShard(shard=shard(of), epoch=1)], [record], *[[]] * 4]
            assert await flush(connection, "rows", "w", rows) == []
    assert await connection.fetchval("SELECT waiting FROM acc_warehouse.session") == "for 2"
    await connection.close()


async def test_a_sidecar_of_0022_goes_on_while_its_log_is_migrated(database: Database) -> None:
    """On the connection and with the prepared statement that it had before."""
    await run_revision(database.dsn(), "0022")
    world, of = PostgresWorld(database), header()
    before = await world.connect("warehouse", names.sidecar_role("warehouse"))
    await before.fetch("SELECT * FROM lease('old', 64, interval '1 hour')")
    for turn in (1, 2):
        record = sessions.record(sessions.OrderedWrite(row(of, waiting=f"for {turn}"), 1, turn))
        rows: list[list[Any]] = [[HeldShard(shard=shard(of), epoch=1)], [record], *[[]] * 4]
        assert await flush(before, "columns", "old", rows) == []
        await provision.migrate(database.dsn(), "warehouse", SERVICES["warehouse"])
    assert await before.fetchval("SELECT waiting FROM session") == "for 2"
    await before.close()


async def test_a_sidecar_whose_types_were_made_anew_opens_another_connection(database: Database) -> None:
    """Down and up again: the types have other numbers than those that the driver has looked up."""
    world, of = PostgresWorld(database), header()
    log = await owner(world, "warehouse")
    await log.flush([burst(of, turn=1, session=row(of))])
    await run_revision(database.dsn(), "0022")
    await provision.migrate(database.dsn(), "warehouse", SERVICES["warehouse"])
    for _ in range(10):
        try:
            await log.flush([burst(of, turn=2, session=row(of, waiting="again"))])
        except LogUnavailable:
            continue
        break
    [memory] = await log.load([(of.session, "warehouse")])
    assert memory.session == row(of, waiting="again")
    await world.close()
