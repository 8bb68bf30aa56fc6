"""A late flush meets `collect` while it makes a stub: nothing is written beside the stub.

Each interleaving is made by hand, with two connections; no test sleeps for it.
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from accompanist.log import names
from accompanist.runtime.messages import Header, Kind
from accompanist.runtime.ports import Commit, Phase
from tests.log.letters import burst, header, message, result, row, timer
from tests.log.test_concurrency import transaction, until_a_sidecar_waits
from tests.log.worlds import AnyLog, PostgresWorld, owner

COLLECT = "SELECT collect('warehouse-1', interval '0', 10)"
OVER = {"phase": Phase.SETTLED, "vote": "done", "outcome": "settled"}
LEFT = """
SELECT (SELECT count(*) FROM session WHERE session = $1) AS rows, (SELECT count(*) FROM result WHERE session = $1),
    (SELECT count(*) FROM timer WHERE session = $1), (SELECT count(*) FROM outbox WHERE session = $1),
    (SELECT count(*) FROM stub WHERE session = $1)"""


def parts(of: Header) -> dict[str, Commit]:
    """What a late flush may write of the session: its row, and each of what a part without the row may have."""
    return {
        "row": burst(of, turn=1, session=row(of)),
        "result": burst(of, turn=1, results=(result(of),)),
        "timer": burst(of, turn=1, timers=(timer(of),)),
        "message": burst(of, turn=1, messages=(message(of, receiver="lost", kind=Kind.DONE),)),
    }


async def ended(world: PostgresWorld) -> tuple[AnyLog, Header]:
    log, of = await owner(world, "warehouse"), header()
    await log.flush([burst(of, turn=2, session=row(of, **OVER))])
    return log, of


async def left(world: PostgresWorld, of: Header) -> tuple[int, ...]:
    """How many rows, results, timers, outgoing messages and stubs there are of the session."""
    admin = await world.connect("warehouse")
    try:
        return tuple(await admin.fetchrow(LEFT, of.session))
    finally:
        await admin.close()


@pytest.mark.parametrize("part", ["row", "result", "timer", "message"])
async def test_a_late_flush_waits_for_the_stub_and_writes_nothing(postgres_world: PostgresWorld, part: str) -> None:
    log, of = await ended(postgres_world)
    async with transaction(postgres_world, "warehouse") as collecting:
        assert await collecting.fetchval(COLLECT) == 1
        late = asyncio.create_task(log.flush([parts(of)[part]]))
        await until_a_sidecar_waits(postgres_world, unless=late)
    await late
    assert await left(postgres_world, of) == (0, 0, 0, 0, 1)


@pytest.mark.parametrize("part", ["row", "result", "timer", "message"])
async def test_what_a_late_flush_is_writing_is_passed_over_and_goes_later(
    postgres_world: PostgresWorld, part: str
) -> None:
    log, of = await ended(postgres_world)
    pass_over = await postgres_world.connect("warehouse", names.sidecar_role("warehouse"))
    neighbour = await postgres_world.connect("payment")
    async with neighbour.transaction():
        await neighbour.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        held = message(of, "9")  # its receiver is locked: the flush stands still behind all that it has written
        commit = msgspec.structs.replace(parts(of)[part], messages=(*parts(of)[part].messages, held))
        late = asyncio.create_task(log.flush([commit]))
        await until_a_sidecar_waits(postgres_world, unless=late)
        assert await pass_over.fetchval(COLLECT) == 0
    await late
    await log.resend(10)
    await postgres_world.execute("warehouse", "DELETE FROM outbox")
    assert await pass_over.fetchval(COLLECT) == 1
    assert await left(postgres_world, of) == (0, 0, 0, 0, 1)
    for connection in (neighbour, pass_over):
        await connection.close()


async def test_what_was_committed_before_the_row_was_locked_goes_with_it(postgres_world: PostgresWorld) -> None:
    """`collect` has looked, and has not locked yet: a policy of the table makes it wait there."""
    log, of = await ended(postgres_world)
    admin = await postgres_world.connect("warehouse")
    await admin.execute("""
        CREATE FUNCTION pause() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_lock(7); PERFORM pg_advisory_unlock(7); RETURN true; END $$;
        GRANT EXECUTE ON FUNCTION pause TO warehouse_owner;
        ALTER TABLE session ENABLE ROW LEVEL SECURITY;
        ALTER TABLE session FORCE ROW LEVEL SECURITY;
        CREATE POLICY waits ON session TO warehouse_owner USING (pause());
        CREATE POLICY passes ON session TO warehouse_sidecar USING (true)""")
    collector = await postgres_world.connect("warehouse", names.sidecar_role("warehouse"))
    await collector.execute("SET application_name = 'accompanist collector'")
    await admin.execute("SELECT pg_advisory_lock(7)")
    collecting = asyncio.create_task(collector.fetchval(COLLECT))
    await until_a_sidecar_waits(postgres_world, unless=collecting)
    await log.flush([parts(of)["result"]])
    await admin.execute("SELECT pg_advisory_unlock(7)")
    assert await collecting == 1
    assert await left(postgres_world, of) == (0, 0, 0, 0, 1)
    for connection in (admin, collector):
        await connection.close()
