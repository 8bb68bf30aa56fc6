"""What is granted in a provisioned database, all of it: whatever is not on this page fails here.

The database has several services, each with its log and a worker's schema with a fence. Every access list of every
object that is not Postgres's own is opened, with what Postgres gives by default where there is none, and compared with
a closed list. What a log has is the business of `tests/log/test_grants.py`; who may touch it is this page's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from accompanist import limits
from accompanist.log import names, provision
from accompanist.worker import fence
from tests.log.test_grants import FUNCTIONS, OF_APPLICATIONS, SIDECAR_TABLES
from tests.postgres import SERVICES, Database

PUBLIC = "public"
COLUMN_RIGHTS = {("version", "UPDATE"), ("version", "INSERT"), ("setting", "UPDATE")}
"""Granted on a column, not on the table."""
FENCE = {"fence_gate_of", "fence_digest", "fence_enter", "fence_leave", "fence_refuse", "fence_close", "fence_forget"}
FENCE |= {"fence_committed_reads"}
DEFINERS = {"accept", "collect", "crowd", "deliver", "forget", "forget_versions", "lighten"}
DEFINERS |= {"dismiss", "forget_requests", "keep_statistics", "links", "request_of"} | OF_APPLICATIONS

# Each access list as rows (kind, schema, object, grantee, right), without what its owner has anyway.
_GRANTS = """
WITH lists AS (
    SELECT 'schema' AS kind, n.nspname AS schema, n.nspname::text AS object, n.nspowner AS owner,
        coalesce(n.nspacl, acldefault('n', n.nspowner)) AS list
    FROM pg_namespace n
    UNION ALL
    SELECT 'table', n.nspname, c.relname, c.relowner,
        coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'S', 'v', 'm', 'p', 'f')
    UNION ALL
    SELECT 'column', n.nspname, c.relname || '.' || a.attname, c.relowner, a.attacl
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT 'function', n.nspname, p.proname, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
)
SELECT l.kind, l.schema, l.object, CASE a.grantee WHEN 0 THEN 'public' ELSE a.grantee::regrole::text END AS grantee,
    a.privilege_type AS privilege, a.is_grantable AS grantable
FROM lists l, aclexplode(l.list) a
WHERE a.grantee <> l.owner AND l.schema !~ '^pg_' AND l.schema <> 'information_schema'
"""


@pytest.fixture
async def admin(module_database: Database) -> AsyncIterator[asyncpg.Connection]:
    """The administrator, in a database with services whose workers have fences."""
    connection = await asyncpg.connect(module_database.dsn())
    for service in SERVICES:
        worker = names.worker_role(service)
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {worker}")
            await fence.install(connection, worker)
    yield connection
    await connection.close()


def expected() -> Iterator[tuple[str, str, str, str, str]]:
    """Every grant that there is, beside what owners have of their own."""
    yield "schema", "public", "public", PUBLIC, "USAGE"  # Postgres's own, empty here
    for service, schema in SERVICES.items():
        sidecar, worker = names.sidecar_role(service), names.worker_role(service)
        for who in (sidecar, worker, names.PEER_ROLE):
            yield "schema", schema, schema, who, "USAGE"
        for function in OF_APPLICATIONS:
            yield "function", schema, function, worker, "EXECUTE"
        for function in ("deliver", "links"):
            yield "function", schema, function, names.PEER_ROLE, "EXECUTE"
        for function in FUNCTIONS:
            yield "function", schema, function, sidecar, "EXECUTE"
        for table, rights in SIDECAR_TABLES.items():
            for right in rights:
                if (table, right) not in COLUMN_RIGHTS:
                    yield "table", schema, table, sidecar, right
        for column in ("choreography", "kept", "digest", "seal"):
            yield "column", schema, f"version.{column}", sidecar, "INSERT"
            yield "column", schema, f"version.{column}", sidecar, "UPDATE"
        yield "column", schema, "setting.released_early", sidecar, "UPDATE"
        yield "column", schema, "version.fingerprint", sidecar, "INSERT"
        yield "column", schema, "version.seen_at", sidecar, "UPDATE"
        for function in FENCE:  # by default; nobody but the worker may enter the schema that they are in
            yield "function", worker, function, PUBLIC, "EXECUTE"


async def test_every_grant_is_on_the_list_and_none_may_be_passed_on(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(_GRANTS)
    assert {tuple(row)[:5] for row in rows} == set(expected())
    assert not [tuple(row) for row in rows if row["grantable"]]


async def test_a_grant_beyond_the_list_is_seen(admin: asyncpg.Connection) -> None:
    """The walk itself: each kind of thing that could be granted by mistake shows up."""
    for mistake in (
        "GRANT SELECT ON acc_payment.inbox TO accompanist_peer",
        "GRANT UPDATE (reason) ON acc_payment.session TO warehouse_sidecar",
        "GRANT USAGE ON SCHEMA payment_worker TO payment_sidecar",
        "GRANT EXECUTE ON FUNCTION acc_payment.speaker TO PUBLIC",
        "CREATE FUNCTION acc_payment.more() RETURNS integer LANGUAGE sql RETURN 1",
        "GRANT SELECT ON payment_worker.fence_call TO payment_sidecar",
    ):
        undo = admin.transaction()
        await undo.start()
        await admin.execute(mistake)
        assert {tuple(row)[:5] for row in await admin.fetch(_GRANTS)} != set(expected()), mistake
        await undo.rollback()


async def test_nothing_made_later_is_granted_by_default(admin: asyncpg.Connection) -> None:
    assert await admin.fetch("SELECT * FROM pg_default_acl") == []


async def test_who_runs_as_another_is_on_the_list_and_keeps_its_path(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(
        "SELECT n.nspname, p.proname, p.proowner::regrole::text AS owner, p.proconfig FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND n.nspname !~ '^pg_'"
    )
    owners = {schema: names.owner_role(service) for service, schema in SERVICES.items()}
    for row in rows:
        assert row["owner"] == owners[row["nspname"]], row["proname"]
        assert f"search_path={row['nspname']}, pg_temp" in row["proconfig"], row["proname"]
    assert {row["proname"] for row in rows} == DEFINERS


async def test_roles_have_no_power_and_few_memberships(admin: asyncpg.Connection) -> None:
    ours = {role(service) for service in SERVICES for role in (names.owner_role, names.sidecar_role, names.worker_role)}
    ours |= {names.PEER_ROLE}
    rows = await admin.fetch("SELECT * FROM pg_roles WHERE rolname = ANY ($1::text[])", list(ours))
    assert {row["rolname"] for row in rows} == ours
    for row in rows:
        for power in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls"):
            assert not row[power], (row["rolname"], power)
        assert row["rolcanlogin"] == row["rolname"].endswith(("_sidecar", "_worker"))
    members = await admin.fetch(
        "SELECT member::regrole::text AS member, roleid::regrole::text AS role FROM pg_auth_members"
        " WHERE member::regrole::text = ANY ($1::text[])",
        list(ours),
    )
    assert {tuple(row) for row in members} == {(names.sidecar_role(service), names.PEER_ROLE) for service in SERVICES}


async def test_a_login_makes_things_in_its_own_schema_only(admin: asyncpg.Connection) -> None:
    schemas = [row[0] for row in await admin.fetch("SELECT nspname::text FROM pg_namespace")]
    for service in SERVICES:
        for role in (names.sidecar_role(service), names.worker_role(service)):
            assert not await admin.fetchval(
                "SELECT has_database_privilege($1::name, current_database(), 'CREATE')", role
            )
            creates = [
                schema
                for schema in schemas
                if not schema.startswith("pg_temp")
                and await admin.fetchval("SELECT has_schema_privilege($1::name, $2::text, 'CREATE')", role, schema)
            ]
            assert creates == ([role] if role == names.worker_role(service) else [])


LOGINS = [role(service) for service in SERVICES for role in (names.sidecar_role, names.worker_role)]


async def test_all_logins_together_leave_connections_for_others(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch("SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname = ANY ($1::text[])", LOGINS)
    given = {row["rolname"]: row["rolconnlimit"] for row in rows}
    there = int(await admin.fetchval("SHOW max_connections"))
    assert sum(given.values()) <= there - limits.spared_connections_min
    for service in SERVICES:
        assert given[names.sidecar_role(service)] >= limits.log_role_connections_min > limits.log_connections_max
        assert given[names.worker_role(service)] >= limits.worker_connections_max


async def test_a_login_cannot_lift_its_bound(admin: asyncpg.Connection) -> None:
    for role in LOGINS:
        await admin.execute(f"SET SESSION AUTHORIZATION {role}")
        for lifted in (f"ALTER ROLE {role} CONNECTION LIMIT -1", f"COMMENT ON ROLE {role} IS 'mine'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await admin.execute(lifted)
        await admin.execute("RESET SESSION AUTHORIZATION")


async def test_an_operators_own_bounds_stay(admin: asyncpg.Connection, module_database: Database) -> None:
    role = names.worker_role("payment")
    await provision.bootstrap(module_database.dsn(), SERVICES)  # other tests may have made more logins meanwhile
    before = await admin.fetchval("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", role)
    try:
        await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT 7")
        await admin.execute(f"ALTER ROLE {role} SET statement_timeout = 1234")
        await provision.bootstrap(module_database.dsn(), SERVICES)
        row = await admin.fetchrow("SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = $1", role)
        assert row["rolconnlimit"] == 7 and "statement_timeout=1234" in row["rolconfig"]
        await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT {limits.role_connections_former_max:d}")
        await provision.bootstrap(module_database.dsn(), SERVICES)
        after = await admin.fetchval("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", role)
        assert after == before, "what every login was given before is nobody's choice"
    finally:  # roles are the server's, and other tests use them
        await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT {before:d}")
        await admin.execute(f"ALTER ROLE {role} SET statement_timeout = {limits.worker_role_statement_ms:d}")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM acc_payment.session",
        "SELECT * FROM acc_payment.startable",
        "SELECT acc_payment.accept('payment', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', false)",
        "SELECT * FROM acc_payment.request_of(gen_random_uuid(), gen_random_uuid(), '', '')",
        "SELECT acc_warehouse.start('fulfil_order', '{}')",
        "SELECT acc_warehouse.signal(gen_random_uuid(), 'warehouse', 'approved', '{}')",
        "SELECT acc_payment.deliver('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', false)",
        "SELECT * FROM warehouse_worker.fence_call",
        "CREATE TABLE acc_payment.mine (one integer)",
        "CREATE TABLE public.mine (one integer)",
        "CREATE SCHEMA mine",
        "SET ROLE payment_owner",
        "ALTER ROLE payment_worker SUPERUSER",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
async def test_a_worker_is_refused(admin: asyncpg.Connection, statement: str) -> None:
    await admin.execute("SET SESSION AUTHORIZATION payment_worker")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await admin.execute(statement)
    finally:
        await admin.execute("RESET SESSION AUTHORIZATION")
