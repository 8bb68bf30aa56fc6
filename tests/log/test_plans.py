"""Each method of the log finds its rows by an index, whatever the tables were like when its statements were planned:
new, emptied and vacuumed, or full. A connection keeps a plan as long as it lives, and a table may grow meanwhile.

The test reads Postgres's own count of rows that were looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import asyncpg
import pytest

from accompanist.log import sessions
from accompanist.log.guard import commits_are_missing
from accompanist.log.postgres import PostgresLog
from tests.log.letters import header, row
from tests.log.test_settings import CALLS
from tests.log.worlds import PostgresWorld, owner

ROWS = 20_000
BIG = ("session", "inbox", "arrival", "result", "outbox", "timer", "stub", "audit")
FEW = 500
"""Rows that a method may look at that are not its own: a batch."""

FILL = """
INSERT INTO session (session, role, shard, open, parked, choreography, phase, header, body, started_at, over_at)
SELECT gen_random_uuid(), 'other', n % 64, n % 4 = 0, false, 'c', 'running', '{header}', '{body}', n,
    CASE WHEN n % 4 > 0 THEN clock_timestamp() + interval '1 hour' END
FROM generate_series(1, $1::integer) AS n;
INSERT INTO inbox (session, site, sender, receiver, kind, sender_service, header, payload, context)
SELECT session, '1', 'a', 'other', 'data', 'loyalty', '{}', '{}', '{}' FROM session WHERE role = 'other';
INSERT INTO arrival (session, site, sender, receiver, sender_service, shard, early)
SELECT session, '1', 'a', 'other', 'loyalty', shard, true FROM session WHERE role = 'other';
INSERT INTO result (session, role, site, kind, operation, outcome, digest, value)
SELECT session, role, '1', 'forward', 'o', 'replied', '', '' FROM session WHERE role = 'other';
INSERT INTO outbox (session, site, sender, receiver, kind, service, answer, header, payload, context, due_at)
SELECT session, '1', 'other', 'b', 'data', 'payment', 'full', '{}', '{}', '{}', clock_timestamp() + interval '1 hour'
FROM session WHERE role = 'other';
INSERT INTO timer (session, role, site, shard, operation, due_at, ask_at)
SELECT session, role, '1', shard, 'role.sleep', now() + interval '1 hour', now() + interval '1 hour'
FROM session WHERE role = 'other';
INSERT INTO stub (session, role, outcome, collected_at)
SELECT gen_random_uuid(), 'other', 'settled', clock_timestamp() + interval '1 hour' FROM session WHERE role = 'other';
INSERT INTO audit (session, role, verb, who, why)
SELECT session, role, 'retry', '""', '""' FROM session WHERE role = 'other';
"""
OF_ALL = ("timers", "events", "early_events", "audits", "crowd", "unfinished", "forget_versions")
"""The first four are pages, which a person waits for; the others are about all that is open, or early, here."""

WALKED = """
SELECT t.relname, t.seq_tup_read + coalesce(sum(i.idx_tup_read), 0)::bigint AS rows
FROM pg_stat_user_tables t LEFT JOIN pg_stat_user_indexes i USING (relid)
WHERE t.schemaname = current_schema() AND t.relname = ANY ($1::text[])
GROUP BY t.relname, t.seq_tup_read"""


async def walked(admin: asyncpg.Connection) -> Mapping[str, int]:
    """How many rows of each table have been looked at so far, by anybody, in the table or in an index of it."""
    return {row["relname"]: row["rows"] for row in await admin.fetch(WALKED, BIG)}


async def told(log: PostgresLog) -> None:
    """What the log's connection has counted is seen by all."""
    await log.execute("SELECT pg_stat_force_next_flush()")
    await log.execute("SELECT 1")


@pytest.mark.parametrize("before", ["new", "emptied", "full"])
async def test_rows_are_found_by_an_index_however_the_tables_were(postgres_world: PostgresWorld, before: str) -> None:
    admin = await postgres_world.connect("warehouse")
    for table in BIG:
        await admin.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    of = sessions.record(sessions.OrderedWrite(row(header()), 1, 1))  # as the log writes them: pages read what is here
    fill = FILL.replace("$1::integer", str(ROWS))
    for name, written in (("{header}", of.header), ("{body}", of.body)):
        fill = fill.replace(name, f"\\x{written.hex()}")
    if before == "full":
        await admin.execute(fill)
    if before != "new":
        for table in BIG:
            await admin.execute(f"VACUUM ANALYZE {table}")
    log = await owner(postgres_world, "warehouse", away=("loyalty",))
    assert isinstance(log, PostgresLog)
    for _ in range(6):  # until the driver's own statements, too, have the plan that they keep
        for call in CALLS.values():
            await call(log)
    if before != "full":
        await admin.execute(fill)
    if before == "emptied":
        looked_at = await admin.fetchval("SELECT keep_statistics()")
        assert set(looked_at) >= {"session", "inbox", "arrival"}
        assert await admin.fetchval("SELECT keep_statistics()") == []
    await admin.execute("SELECT pg_stat_force_next_flush()")  # its own: it has read all of it to fill the next table
    await admin.execute("SELECT 1")
    found = {}
    for name, call in CALLS.items():
        await told(log)
        earlier = await walked(admin)
        await call(log)
        await told(log)
        now = await walked(admin)
        far = {table: now[table] - earlier[table] for table in BIG if now[table] - earlier[table] > FEW}
        if far and name not in OF_ALL:
            found[name] = far
    await admin.close()
    assert found == {}


async def test_no_function_of_the_log_sets_enable_seqscan(postgres_world: PostgresWorld) -> None:
    """A statement that has no index to use would seem so expensive that Postgres compiles it, each time."""
    admin = await postgres_world.connect("warehouse")
    rows = await admin.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        " AND EXISTS (SELECT FROM unnest(proconfig) AS set WHERE set LIKE 'enable_seqscan=%')"
    )
    await admin.close()
    assert [row["proname"] for row in rows] == []


UNBOUNDED = {
    "fence": "within `flush`",
    "flush": "by columns: within `flush` by rows",
    "audit_verb": "within `accept`",
    "requests_gone": "within `forget`",
}
"""Functions that write, or lock rows, under the bound of who calls them."""


async def test_no_function_waits_for_a_lock_without_a_bound(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("warehouse")
    rows = await admin.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        " AND prosrc ~ '\\m(INSERT INTO|DELETE FROM|UPDATE \\w+( \\w+)? SET|FOR [A-Z ]*(UPDATE|SHARE)|flush)\\M'"
        " AND NOT EXISTS (SELECT FROM unnest(proconfig) AS set WHERE set LIKE 'lock_timeout=%')"
    )
    await admin.close()
    assert {row["proname"] for row in rows} == UNBOUNDED.keys()


async def test_what_was_refused_is_not_read_by_each_look_for_what_is_due(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("warehouse")
    await admin.execute(
        "INSERT INTO outbox (session, site, sender, receiver, kind, service, answer, header, payload, context)"
        " SELECT gen_random_uuid(), '1', 'a', 'b', 'data', 'payment', answer, '', '', ''"
        " FROM unnest(ARRAY['clash', 'refused', 'refused', 'nowhere']) AS answer"
    )
    await admin.execute("VACUUM ANALYZE outbox")
    assert await admin.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'outbox_waiting'::regclass") == 1
    await admin.close()


@pytest.mark.parametrize(
    "asked",
    ["SELECT fence('w', '{}')", "SELECT lease('w', 64, interval '1 s')", "SELECT release('w')"],
)
async def test_what_waits_for_a_lock_and_then_reads_refuses_repeatable_read(
    postgres_world: PostgresWorld, asked: str
) -> None:
    await owner(postgres_world, "warehouse", "w")
    connection = await postgres_world.connect("warehouse", "warehouse_sidecar")
    for level in ("read_committed", "serializable"):
        async with connection.transaction(isolation=level):  # type: ignore[arg-type]
            await connection.execute(asked)
            await connection.execute("SELECT lease('w', 64, interval '1 s')")
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with connection.transaction(isolation="repeatable_read"):
            await connection.execute(asked)
    assert refused.value.sqlstate == "AC003"
    assert not commits_are_missing(refused.value), "the log is whole; the level is what is wrong"
    await connection.close()


async def test_a_mark_that_is_missing_is_told_from_a_level_that_is_refused(postgres_world: PostgresWorld) -> None:
    connection = await postgres_world.connect("warehouse", "warehouse_sidecar")
    with pytest.raises(asyncpg.PostgresError) as refused:
        await connection.execute("SELECT mark($1, 0::smallint, 7, 8)", uuid4())
    assert commits_are_missing(refused.value)
    await connection.close()
