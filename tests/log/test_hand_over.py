"""A message is handed over to the function that a neighbour's log has for it, and to no other of that name: another
function would run in the sender's own transaction, with the sender's rights.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from accompanist.log import names
from accompanist.runtime.ports import Delivery
from tests.log.letters import burst, header, message
from tests.log.worlds import PostgresWorld, owner

ARGUMENTS = "uuid[], text[], text[], text[], text[], bytea[], bytea[], bytea[], boolean"
OURS = f"acc_loyalty.deliver({ARGUMENTS})"
THIEF = """
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO acc_loyalty.loot SELECT current_user || ' ' || encode(payload, 'escape') FROM acc_warehouse.inbox;
    RETURN array_fill('stored'::text, ARRAY[cardinality($1)]);
END $$"""
MOVED = f"ALTER FUNCTION {OURS} RENAME TO deliver_real"

REPLACED = {
    "an overload is SECURITY DEFINER, and what fits the arguments is not": f"""{MOVED};
        CREATE FUNCTION acc_loyalty.deliver(x integer) RETURNS text[] LANGUAGE sql SECURITY DEFINER
        SET search_path = acc_loyalty, pg_temp AS $$ SELECT NULL::text[] $$;
        CREATE FUNCTION {OURS} RETURNS text[] {THIEF}""",
    "it runs as its caller": f"ALTER FUNCTION {OURS} SECURITY INVOKER",
    "another owns it": f"ALTER FUNCTION {OURS} OWNER TO payment_owner",
    "its path is not fixed": f"ALTER FUNCTION {OURS} RESET search_path",
    "its path is another": f"ALTER FUNCTION {OURS} SET search_path = public, pg_temp",
    "it answers something else": f"""{MOVED};
        CREATE FUNCTION {OURS} RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = acc_loyalty, pg_temp
        AS $$ SELECT 'stored' $$""",
    "there is none": f"DROP FUNCTION {OURS}",
    "a login owns the schema": "ALTER SCHEMA acc_loyalty OWNER TO loyalty_worker",
}


@pytest.fixture
async def admin(postgres_world: PostgresWorld) -> AsyncIterator[asyncpg.Connection]:
    connection = await postgres_world.connect("loyalty")
    await connection.execute("CREATE TABLE loot (what text)")
    await connection.execute(f"GRANT INSERT ON loot TO {names.PEER_ROLE}")
    yield connection
    await connection.close()


@pytest.mark.parametrize("replaced", REPLACED)
async def test_what_is_not_exactly_a_neighbours_deliver_is_not_called(
    postgres_world: PostgresWorld, admin: asyncpg.Connection, replaced: str
) -> None:
    log, of = await owner(postgres_world, "warehouse"), header()
    await log.flush([burst(of, messages=(message(of, receiver="stock", payload=b'"private"'),))])
    made = f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA acc_loyalty TO {names.PEER_ROLE}"
    await admin.execute(f"{REPLACED[replaced]}; {made}")
    answers = await log.flush([burst(of, messages=(message(of, "2", receiver="loyalty"),))])
    assert answers == [[Delivery.UNKNOWN]], "it waits in the outbox"
    assert await admin.fetch("SELECT * FROM loot") == []


async def test_one_that_is_put_in_its_place_while_it_is_called_leaves_nothing(
    postgres_world: PostgresWorld, admin: asyncpg.Connection
) -> None:
    """The look and the call are two statements."""
    log, of = await owner(postgres_world, "warehouse"), header()
    await admin.execute(f"""{MOVED};
        CREATE FUNCTION {OURS} RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = acc_loyalty, pg_temp
        AS $$ BEGIN
            ALTER FUNCTION {OURS} COST 7;
            RETURN array_fill('stored'::text, ARRAY[cardinality($1)]);
        END $$;
        ALTER FUNCTION {OURS} OWNER TO loyalty_owner;
        GRANT EXECUTE ON FUNCTION {OURS} TO {names.PEER_ROLE}""")
    sidecar = await postgres_world.connect("warehouse", names.sidecar_role("warehouse"))
    with pytest.raises(asyncpg.SerializationError, match="replaced"):
        await sidecar.fetchval(
            "SELECT hand_over('{acc_loyalty}', '{1}', '{f}', ARRAY[$1::uuid], '{s}', '{warehouse}', '{loyalty}',"
            " '{data}', ARRAY['x'::bytea], ARRAY['x'::bytea], ARRAY['{}'::bytea])",
            of.session,
        )
    await sidecar.close()
    assert await log.load([(of.session, "warehouse")])


async def test_all_neighbours_of_a_flush_are_looked_at_again(
    postgres_world: PostgresWorld, admin: asyncpg.Connection
) -> None:
    """Also one that puts another function in the place of a second neighbour's, while the first one is called."""
    of = header()
    await admin.execute(f"""{MOVED};
        CREATE FUNCTION {OURS} RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = acc_loyalty, pg_temp
        AS $$ BEGIN
            ALTER FUNCTION acc_payment.deliver({ARGUMENTS}) COST 7;
            RETURN array_fill('stored'::text, ARRAY[cardinality($1)]);
        END $$;
        ALTER FUNCTION {OURS} OWNER TO loyalty_owner;
        GRANT payment_owner TO loyalty_owner;
        GRANT EXECUTE ON FUNCTION {OURS} TO {names.PEER_ROLE}""")
    sidecar = await postgres_world.connect("warehouse", names.sidecar_role("warehouse"))
    payment = await owner(postgres_world, "payment")
    with pytest.raises(asyncpg.SerializationError, match="replaced"):
        await sidecar.fetchval(
            "SELECT hand_over('{acc_loyalty,acc_payment}', '{1,1}', '{f,f}', ARRAY[$1::uuid, $1], '{s,s}',"
            " '{warehouse,warehouse}', '{loyalty,payment}', '{data,data}', ARRAY['x'::bytea, 'x'],"
            " ARRAY['x'::bytea, 'x'], ARRAY['{}'::bytea, '{}'])",
            of.session,
        )
    await sidecar.close()
    await admin.execute("REVOKE payment_owner FROM loyalty_owner")
    assert await payment.take(10) == []


async def test_a_temporary_table_is_not_read_in_the_place_of_ours(postgres_world: PostgresWorld) -> None:
    """A neighbour's function runs in our session when a message is handed over to it, and may make one there."""
    log = await owner(postgres_world, "warehouse")
    columns = "'f' AS fingerprint, 'c' AS choreography, ''::bytea AS kept, ''::bytea AS digest"
    made = f"CREATE TEMP TABLE version AS SELECT {columns}"
    async with log._pool.acquire() as first, log._pool.acquire() as second:  # type: ignore[union-attr]
        await first.execute(made)
        await second.execute(made)
    assert await log.kept(["f"]) == []
