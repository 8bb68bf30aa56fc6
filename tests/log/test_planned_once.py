"""What every message goes through is planned once for each connection, and what is large is compressed cheaply."""

from __future__ import annotations

from random import Random

import orjson

from tests.log.letters import burst, header, message, result, row
from tests.log.worlds import PostgresWorld, owner

PLANNED_AT_EACH_CALL = """
SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = current_schema()::regnamespace AND l.lanname = 'sql'
  AND (p.prosecdef OR p.proconfig IS NOT NULL)"""
OFFERED = "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
COMPRESSED = """
SELECT pg_column_compression(i.payload), pg_column_compression(r.value), octet_length(i.payload)
FROM acc_payment.inbox i, acc_warehouse.result r"""


async def test_no_function_in_sql_is_kept_from_being_inlined(postgres_world: PostgresWorld) -> None:
    """Settings of its own, or its owner's rights, keep one from it. Then it is planned whenever it is called."""
    connection = await postgres_world.connect("payment")
    assert await connection.fetch(PLANNED_AT_EACH_CALL) == []
    await connection.close()


async def test_large_values_are_compressed_with_what_costs_least(postgres_world: PostgresWorld) -> None:
    log, payment = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    words, of = Random(7), header()
    value = orjson.dumps([f"{words.choice(('kettle', 'toaster'))} {words.randrange(999)}" for _ in range(5000)])
    await log.flush(
        [burst(of, session=row(of), results=(result(of, value=value),), messages=(message(of, payload=value),))]
    )
    connection = await postgres_world.connect("payment")
    best = "lz4" if await connection.fetchval(OFFERED) else None
    assert tuple(await connection.fetchrow(COMPRESSED)) == (best, best, len(value))
    await connection.close()
    [taken] = await payment.take(10)
    assert taken.message.payload == value
