"""Least privilege: every grant is listed here, and any other fails the test."""

from __future__ import annotations

import asyncpg
import pytest

from accompanist.log import names
from tests.log.worlds import PostgresWorld
from tests.postgres import SERVICES

SCHEMA = SERVICES["payment"]
OWNER, SIDECAR, WORKER = names.owner_role("payment"), names.sidecar_role("payment"), names.worker_role("payment")
PEER = names.sidecar_role("warehouse")

SIDECAR_TABLES = {
    "alembic_version": {"SELECT"},
    "audit": {"SELECT", "INSERT"},
    "audit_id_seq": set[str](),
    "arrival": {"SELECT", "UPDATE", "DELETE"},
    "awaited": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "forgotten": {"SELECT"},
    "gate": {"SELECT", "UPDATE"},
    "inbox": {"SELECT"},
    "marker": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "outbox": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "projection": {"SELECT", "INSERT"},
    "request": {"SELECT"},
    "replica": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "result": {"SELECT", "INSERT"},
    "server": {"SELECT", "INSERT", "UPDATE"},
    "session": {"SELECT", "INSERT", "UPDATE"},
    "setting": {"SELECT", "UPDATE"},
    "shard": {"SELECT", "INSERT", "UPDATE"},
    "startable": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "stub": {"SELECT"},
    "timer": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "version": {"SELECT", "INSERT", "UPDATE"},
}
FUNCTIONS = {
    "accept", "announce", "attributes_of", "collect", "committed_reads", "confirm", "crowd", "deliver", "deliver_of",
    "dismiss", "due", "fence", "flush", "forget", "forget_requests", "forget_versions", "hand_over", "heed",
    "keep_statistics", "lease", "lighten", "links", "links_of", "mark", "own_name", "pending", "relay", "relayed",
    "release", "request_of", "resend", "speaker", "take", "undelivered", "unfinished", "version_of",
}  # fmt: skip
OF_ACCEPT = {"heads", "sayable", "shard_of"}
"""Called by `accept` alone, which runs as the owner, and granted to nobody."""
OF_APPLICATIONS = {"signal", "start"}
"""Called by the service's own applications, inside their own transactions, with the login of its worker."""
OF_START = {"canonical", "misfit", "name_of_key", "sha1"}
"""Called by those alone, which run as the owner, and granted to nobody."""
TRIGGERS = {"audit_verb", "requests_gone"}
"""Run by what the owner's functions write, and granted to nobody."""
TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

_ROLES = "SELECT rolname FROM pg_roles WHERE NOT rolsuper AND rolname !~ '^pg_'"
_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'S', 'v', 'm', 'p', 'f')"""
_FUNCTIONS = "SELECT oid, proname FROM pg_proc WHERE pronamespace = $1::regnamespace"


def may_use(role: str) -> dict[str, set[str]]:
    return SIDECAR_TABLES if role == SIDECAR else {}


def may_execute(role: str) -> set[str]:
    if role == SIDECAR:
        return FUNCTIONS
    if role == WORKER:
        return OF_APPLICATIONS
    return {"deliver", "links"} if role == names.PEER_ROLE or role.endswith("_sidecar") else set()


async def roles(connection: asyncpg.Connection) -> list[str]:
    """All but those that are the owner, or may become it. `public` is what everybody has."""
    found = [row["rolname"] for row in await connection.fetch(_ROLES)]
    return ["public", *(role for role in found if role != OWNER)]


async def test_table_rights_are_those_and_no_others(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("payment")
    tables = [row[0] for row in await admin.fetch(_TABLES, SCHEMA)]
    assert set(tables) == set(SIDECAR_TABLES)
    for role in await roles(admin):
        for table in tables:
            held = {
                right
                for right in TABLE_RIGHTS
                if await admin.fetchval("SELECT has_table_privilege($1::name, $2::text, $3)", role, table, right)
                or (
                    right in ("SELECT", "INSERT", "UPDATE", "REFERENCES")
                    and await admin.fetchval(
                        "SELECT has_any_column_privilege($1::name, $2::text, $3)", role, table, right
                    )
                )
            }
            assert held == may_use(role).get(table, set()), (role, table)
    await admin.close()


async def test_functions_that_may_be_executed_are_those_and_no_others(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("payment")
    functions = await admin.fetch(_FUNCTIONS, SCHEMA)
    assert {row["proname"] for row in functions} == FUNCTIONS | OF_ACCEPT | OF_APPLICATIONS | OF_START | TRIGGERS
    for role in await roles(admin):
        held = {
            row["proname"]
            for row in functions
            if await admin.fetchval("SELECT has_function_privilege($1::name, $2::oid, 'EXECUTE')", role, row["oid"])
        }
        assert held == may_execute(role), role
    await admin.close()


async def test_who_calls_something_there_enters_the_schema_and_nobody_makes_things_in_it(
    postgres_world: PostgresWorld,
) -> None:
    admin = await postgres_world.connect("payment")
    for role in await roles(admin):
        for right in ("USAGE", "CREATE"):
            held = await admin.fetchval("SELECT has_schema_privilege($1::name, $2::text, $3)", role, SCHEMA, right)
            assert held == (right == "USAGE" and bool(may_execute(role))), (role, right)
    await admin.close()


async def test_roles_are_no_more_than_they_seem(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("payment")
    for role in (OWNER, SIDECAR, WORKER, names.PEER_ROLE):
        row = await admin.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", role)
        assert row["rolcanlogin"] == (role in (SIDECAR, WORKER))
        for power in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls"):
            assert not row[power], (role, power)
        member_of = await admin.fetch(
            "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = $1::regrole",
            role,
        )
        assert [found[0] for found in member_of] == ([names.PEER_ROLE] if role == SIDECAR else [])
    await admin.close()


async def test_what_runs_as_the_owner_is_little_and_its_path_is_fixed(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("payment")
    rows = await admin.fetch(
        "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = $1::regnamespace AND prosecdef", SCHEMA
    )
    assert {row["proname"] for row in rows} == {
        "accept",
        "deliver",
        "collect",
        "crowd",
        "dismiss",
        "forget",
        "forget_requests",
        "forget_versions",
        "keep_statistics",
        "lighten",
        "links",
        "request_of",
        "signal",
        "start",
    }
    for row in rows:
        assert f"search_path={SCHEMA}, pg_temp" in row["proconfig"], row["proname"]
    await admin.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM acc_payment.session",
        "SELECT * FROM acc_payment.inbox",
        "INSERT INTO acc_payment.inbox SELECT * FROM acc_payment.inbox",
        "SELECT acc_payment.release('payment-1')",
        "SELECT * FROM acc_payment.take('payment-1', 10, '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
        "SELECT acc_payment.collect('payment-1', interval '0', 10)",
        "SELECT acc_payment.forget(interval '0', interval '0', 10, '{}')",
        "DROP TABLE acc_payment.session",
        "CREATE TABLE acc_warehouse.mine (one integer)",
        "CREATE SCHEMA mine",
        "SET ROLE payment_owner",
        "SET ROLE payment_sidecar",
        "SET SESSION AUTHORIZATION payment_sidecar",
    ],
)
async def test_a_peer_is_refused(postgres_world: PostgresWorld, statement: str) -> None:
    peer = await postgres_world.connect("warehouse", PEER)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await peer.execute(statement)
    await peer.close()


async def test_the_sender_is_who_logged_in_whatever_it_says(postgres_world: PostgresWorld) -> None:
    """Neither a role that was set nor a setting changes the name under which a message is stored."""
    peer = await postgres_world.connect("warehouse", PEER)
    await peer.execute("SET ROLE accompanist_peer")
    await peer.execute("SELECT set_config('accompanist.service', 'payment', false)")
    answers = await peer.fetchval(
        "SELECT acc_payment.deliver(ARRAY[gen_random_uuid()], ARRAY['1'], ARRAY['payment'], ARRAY['payment'],"
        " ARRAY['data'], ARRAY['{}'::bytea], ARRAY['1'::bytea], ARRAY['{}'::bytea], true)"
    )
    assert answers == ["stored"]
    await peer.close()
    admin = await postgres_world.connect("payment")
    assert await admin.fetchval("SELECT sender_service FROM inbox") == "warehouse"
    assert await admin.fetchval("SELECT early FROM arrival") is False, "a peer's message is nobody's home"
    await admin.close()


async def test_deliver_never_raises_on_content(postgres_world: PostgresWorld) -> None:
    peer = await postgres_world.connect("warehouse", PEER)
    long = "x" * 5_000
    answers = await peer.fetchval(
        "SELECT acc_payment.deliver(array_fill(gen_random_uuid(), ARRAY[6]), $1, $2, $3, $4, $5, $6, $7, null)",
        ["1", long, "3", "4", None, "6"],
        ["s"] * 6,
        ["payment", "payment", long, "payment", "payment", "payment"],
        ["data", "data", "data", long, "data", "no such kind"],
        [b"{}"] * 6,
        [b"\xff\x00", b"", b"", b"", b"", b""],
        [b"not json"] * 6,
    )
    assert answers == ["stored", "refused", "refused", "refused", "refused", "refused"]
    assert await peer.fetchval("SELECT acc_payment.deliver('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', false)") in (
        None,
        [],
    )
    await peer.close()


async def test_what_a_version_was_kept_as_stays(postgres_world: PostgresWorld) -> None:
    """The texts are compiled and run if they are sealed, or known from before there were seals: only the owner says
    which are known, and no peer comes near."""
    sidecar = await postgres_world.connect("payment", SIDECAR)
    await sidecar.execute("INSERT INTO version (fingerprint, choreography, kept, digest) VALUES ('f', 'c', '', '')")
    await sidecar.execute("UPDATE version SET seen_at = clock_timestamp()")
    for statement in (
        "UPDATE version SET known = sha256(kept)",
        "UPDATE version SET fingerprint = 'x'",
        "INSERT INTO version (fingerprint, choreography, kept, digest, known) VALUES ('g', 'c', '', '', sha256(''))",
        "DELETE FROM version",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sidecar.execute(statement)
    await sidecar.close()
    peer = await postgres_world.connect("payment", PEER)
    for statement in ("SELECT * FROM acc_payment.version", "SELECT acc_payment.forget_versions('0', 1)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await peer.execute(statement)
    await peer.close()
