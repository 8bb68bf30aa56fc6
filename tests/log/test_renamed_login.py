"""Postgres keeps a connection when its login is renamed, and the connection has the new name. A sidecar sends nothing
under another name: its messages would count as no service's, or as that of another one, and be acknowledged, believed
by no session, and lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from accompanist.limits import shards_count
from accompanist.log import names
from accompanist.runtime.ports import Delivery, LogUnavailable
from tests.log.letters import burst, header, message, row
from tests.log.worlds import PostgresWorld, owner

OURS, PEERS = names.sidecar_role("warehouse"), names.sidecar_role("loyalty")
Renames = Sequence[tuple[str, str]]
NAMES: dict[str, Renames] = {
    "no sidecar's": [(OURS, "warehouse_away")],
    "a service's that nobody knows": [(OURS, "elsewhere_sidecar")],
    "another service's": [(PEERS, "away"), (OURS, PEERS), ("away", OURS)],
}
_SENT = "SELECT sender_service FROM inbox WHERE session = $1"


async def rename(admin: asyncpg.Connection, names: Renames) -> None:
    async with admin.transaction():
        for before, after in names:
            await admin.execute(f"ALTER ROLE {before} RENAME TO {after}")


@pytest.fixture
async def admin(postgres_world: PostgresWorld) -> AsyncIterator[asyncpg.Connection]:
    connection = await postgres_world.connect("payment")
    yield connection
    await connection.close()


@pytest.fixture(params=NAMES)
async def renamed(request: pytest.FixtureRequest, admin: asyncpg.Connection) -> AsyncIterator[Renames]:
    """The names to give. They are taken back at the end, for logins are the whole server's."""
    ids = await _ids(admin)
    yield NAMES[request.param]
    if await _ids(admin) != ids:
        await back(admin, NAMES[request.param])


async def _ids(admin: asyncpg.Connection) -> dict[str, int]:
    return {found["rolname"]: found["oid"] for found in await admin.fetch("SELECT rolname, oid FROM pg_roles")}


async def back(admin: asyncpg.Connection, given: Renames) -> None:
    await rename(admin, [(after, before) for before, after in reversed(given)])


@pytest.mark.parametrize("away", [False, True], ids=["in its own commit", "from the outbox"])
async def test_a_sidecar_says_nothing_under_another_name_and_all_of_it_under_its_own(
    postgres_world: PostgresWorld, admin: asyncpg.Connection, renamed: Renames, away: bool
) -> None:
    log, of = await owner(postgres_world, "warehouse"), header()
    said = burst(of, session=row(of), messages=(message(of),))
    if away:  # it waits, because the receiver was not to be reached when it was said
        await admin.execute("REVOKE USAGE ON SCHEMA acc_payment FROM PUBLIC, accompanist_peer")
        assert await log.flush([said]) == [[Delivery.UNKNOWN]]
        await admin.execute("GRANT USAGE ON SCHEMA acc_payment TO accompanist_peer")
        await postgres_world.pass_time(3600)
    await rename(admin, renamed)
    if away:
        await _unavailable(log.resend(10))
    else:
        await _unavailable(log.flush([said]))
        assert not await admin.fetchval("SELECT count(*) FROM acc_warehouse.session"), "nothing of the commit stays"
    assert await admin.fetch(_SENT, of.session) == []
    await back(admin, renamed)
    if away:
        assert await log.resend(10) == {"stored": 1}
    else:
        assert await log.flush([said]) == [[Delivery.STORED]]
    assert [found[0] for found in await admin.fetch(_SENT, of.session)] == ["warehouse"]


async def test_a_sidecar_that_says_nothing_notices_the_name_with_its_lease(
    postgres_world: PostgresWorld, admin: asyncpg.Connection, renamed: Renames
) -> None:
    """Or an idle one would be ready until somebody asks something of it."""
    log = await owner(postgres_world, "warehouse", "one")
    await rename(admin, renamed)
    await _unavailable(log.lease("one", shards_count))
    await back(admin, renamed)
    assert len((await log.lease("one", shards_count)).held) == shards_count


async def test_what_nobody_says_is_not_taken(postgres_world: PostgresWorld, admin: asyncpg.Connection) -> None:
    """By a login that is no sidecar's, also where the sender does not look at its own name."""
    arguments = "ARRAY[gen_random_uuid()], ARRAY['1'], ARRAY['warehouse'], ARRAY['payment'], ARRAY['data']"
    contents = "ARRAY['h'::bytea], ARRAY['p'::bytea], ARRAY['c'::bytea], false"
    answers = await admin.fetchval(f"SELECT acc_payment.deliver({arguments}, {contents})")
    assert answers == ["unknown"]
    assert not await admin.fetchval("SELECT count(*) FROM inbox")


async def _unavailable(asked: object) -> None:
    with pytest.raises(LogUnavailable):
        await asked  # type: ignore[misc]
