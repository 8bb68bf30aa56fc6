"""The contract of the log, `migrations/contract`, agrees with the revisions: a schema is made from each, and both are
compared.

The two schemas have one name, in two databases, so their catalogues differ only if the schemas do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import pytest
from alembic import command

from accompanist.log import contract, names, provision
from ops import pages_log
from tests.log.test_migrations import run_revision
from tests.postgres import SERVICES, Cluster, Database, wait_for

SERVICE = "payment"
SCHEMA = SERVICES[SERVICE]
OWNER = names.owner_role(SERVICE)
TOKEN = re.compile(r"""('(?:[^']|'')*'|"[^"]*")|--[^\n]*|(\w+)|(\S)""")
COMMENT = re.compile(r"\A(?:--.*\n)+")

COLUMNS = """
SELECT format('%s.%s', c.relname, a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    rank() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
    a.attcompression, a.attcollation::regcollation, a.attoptions, a.attstattarget, pg_get_expr(d.adbin, d.adrelid))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
  AND a.attnum > 0 AND NOT a.attisdropped"""
RELATIONS = """
SELECT c.relname, concat_ws(' ', c.relkind, c.relpersistence, c.relreplident, c.relrowsecurity, c.relowner::regrole,
    c.reloptions, t.reloptions)
FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.relnamespace = $1::regnamespace"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = $1"
CONSTRAINTS = """
SELECT format('%s.%s', conrelid::regclass, conname), concat_ws(' ', contype, convalidated, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = $1::regnamespace AND contype <> 'n'"""  # from 18 on; columns say it
TRIGGERS = """
SELECT tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(g.oid))
FROM pg_trigger g JOIN pg_class c ON c.oid = tgrelid WHERE c.relnamespace = $1::regnamespace AND NOT tgisinternal"""
SEQUENCES = """
SELECT sequencename, to_jsonb(s)::text FROM pg_sequences s WHERE schemaname = $1"""
TYPES = """
SELECT typname, concat_ws(' ', typtype, typowner::regrole, format_type(typbasetype, typtypmod),
    ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder))
FROM pg_type t WHERE typnamespace = $1::regnamespace"""
FUNCTIONS = """
SELECT format('%s(%s)', p.proname, pg_get_function_arguments(p.oid)), concat_ws(' ', pg_get_function_result(p.oid),
    l.lanname, p.prokind, p.provolatile, p.prosecdef, p.proisstrict, p.proparallel, p.proleakproof, p.procost,
    p.prorows, p.proowner::regrole, (SELECT array_agg(s ORDER BY s) FROM unnest(p.proconfig) AS s)),
    coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = $1::regnamespace"""
GRANTS = """
SELECT format('%s to %s', of, CASE WHEN g.grantee = 0 THEN 'public' ELSE g.grantee::regrole::text END),
    string_agg(format('%s %s', g.privilege_type, g.is_grantable), ', ' ORDER BY g.privilege_type)
FROM (
    SELECT 'schema' AS of, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM pg_namespace WHERE nspname = $1
    UNION ALL SELECT relname,
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
        FROM pg_class WHERE relnamespace = $1::regnamespace
    UNION ALL SELECT format('%s.%s', relname, attname), attacl
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE relnamespace = $1::regnamespace
    UNION ALL SELECT format('%s(%s)', proname, pg_get_function_identity_arguments(oid)),
        coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE pronamespace = $1::regnamespace
) AS granted, aclexplode(acl) AS g GROUP BY of, g.grantee"""
COMMENTS = """
SELECT pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description FROM pg_description d
LEFT JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND c.oid = d.objoid
LEFT JOIN pg_proc p ON d.classoid = 'pg_proc'::regclass AND p.oid = d.objoid
WHERE coalesce(c.relnamespace, p.pronamespace) = $1::regnamespace"""
LISTS = {
    "column": COLUMNS,
    "relation": RELATIONS,
    "index": INDEXES,
    "constraint": CONSTRAINTS,
    "trigger": TRIGGERS,
    "sequence": SEQUENCES,
    "type": TYPES,
    "grant": GRANTS,
    "comment": COMMENTS,
}
COMPOSITES = "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'c'"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' ORDER BY relname"

PLANTS = (
    "CREATE TABLE more (one integer)",
    "ALTER TABLE session ADD COLUMN more integer",
    "ALTER TABLE session ALTER COLUMN turn TYPE integer",
    "ALTER TABLE session ALTER COLUMN turn SET DEFAULT 1",
    "ALTER TABLE session ALTER COLUMN outcome SET NOT NULL",
    "ALTER TABLE inbox DROP CONSTRAINT inbox_pkey",
    "ALTER TABLE setting DROP CONSTRAINT setting_one_check",
    "ALTER TABLE gate SET (autovacuum_vacuum_threshold = 501)",
    "DROP INDEX outbox_waiting; CREATE INDEX outbox_waiting ON outbox (due_at)",
    "ALTER TABLE inbox DISABLE TRIGGER audit_verb",
    "UPDATE setting SET batch_bytes_max = 1",
    "DELETE FROM gate WHERE gate = 63",
    "UPDATE alembic_version SET version_num = '0000'",
    "GRANT DELETE ON session TO payment_sidecar",
    "REVOKE UPDATE (seal) ON version FROM payment_sidecar",
    "GRANT USAGE ON SEQUENCE audit_id_seq TO payment_sidecar",
    "GRANT EXECUTE ON FUNCTION accept TO accompanist_peer",
    "GRANT EXECUTE ON FUNCTION heads TO public",
    "GRANT CREATE ON SCHEMA acc_payment TO payment_sidecar",
    "CREATE FUNCTION more() RETURNS integer LANGUAGE sql RETURN 1",
    "ALTER FUNCTION accept SECURITY INVOKER",
    "ALTER FUNCTION accept SET lock_timeout = '3s'",
    "ALTER FUNCTION accept SET search_path = public",
    "ALTER FUNCTION heads VOLATILE",
    "CREATE OR REPLACE FUNCTION speaker() RETURNS text LANGUAGE sql STABLE RETURN ''",
    "CREATE OR REPLACE FUNCTION own_name() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$",
    "CREATE TYPE more AS ENUM ('one')",
    "ALTER TYPE timer_write ADD ATTRIBUTE more text",
    "ALTER TYPE session_write RENAME ATTRIBUTE vote TO outcomes",
    "COMMENT ON FUNCTION heads IS 'more'",
)
"""One change for each kind of thing that is compared."""


def normalised(body: str) -> str:
    """Its words, signs and texts in quotes, whatever stands between them; no comments."""
    return " ".join(part for found in TOKEN.findall(body) for part in found if part)


async def catalogue(connection: asyncpg.Connection) -> dict[str, str]:
    """All that there is in the schema, by its kind and name."""
    found = {
        f"{kind} {name}": told for kind, query in LISTS.items() for name, told in await connection.fetch(query, SCHEMA)
    }
    for name, told, body in await connection.fetch(FUNCTIONS, SCHEMA):
        found[f"function {name}"] = f"{told} {normalised(body)}"
    for (table,) in await connection.fetch(TABLES, SCHEMA):
        rows = await connection.fetch(f"SELECT to_jsonb(t)::text FROM {SCHEMA}.{table} t ORDER BY 1")  # noqa: S608
        found[f"rows of {table}"] = "\n".join(row[0] for row in rows)
    return found


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    return {
        name: (one.get(name), other.get(name))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    }


async def run_contract(database: Database) -> None:
    await provision.bootstrap(database.dsn(), {SERVICE: SCHEMA})
    connection = await asyncpg.connect(database.dsn())
    try:
        await connection.execute(contract.script(SERVICE, SCHEMA))
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def databases(cluster: Cluster) -> Iterator[dict[str, Database]]:
    """The log made by all revisions, and made by the contract."""
    with cluster.database(migrated=True) as revisions, cluster.database(migrated=False) as made:
        wait_for(run_contract(made))
        yield {"revisions": revisions, "contract": made}


@asynccontextmanager
async def logged_in(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.dsn())
    try:
        yield connection
    finally:
        await connection.close()


async def test_the_contract_is_what_the_revisions_make(databases: dict[str, Database]) -> None:
    """Else: a revision has no part in the contract, or the contract was changed without a revision."""
    async with logged_in(databases["revisions"]) as revisions, logged_in(databases["contract"]) as made:
        assert differing(await catalogue(revisions), await catalogue(made)) == {}


@pytest.mark.parametrize("side", ["revisions", "contract"])
async def test_a_change_on_one_side_alone_is_seen(side: str, databases: dict[str, Database]) -> None:
    other = "contract" if side == "revisions" else "revisions"
    async with logged_in(databases[other]) as connection:
        as_it_was = await catalogue(connection)
    async with logged_in(databases[side]) as connection:
        unseen = []
        for plant in PLANTS:
            change = connection.transaction()
            await change.start()
            await connection.execute(f"SET LOCAL ROLE {OWNER}; SET LOCAL search_path = {SCHEMA}, pg_temp; {plant}")
            await connection.execute("SET LOCAL ROLE NONE; RESET search_path")
            if not differing(await catalogue(connection), as_it_was):
                unseen.append(plant)
            await change.rollback()
        assert not unseen
        assert differing(await catalogue(connection), as_it_was) == {}, "nothing of it stays"


async def test_a_log_that_the_contract_made_is_at_the_head(databases: dict[str, Database]) -> None:
    database = databases["contract"]
    assert await provision.status(database.dsn(), SCHEMA) == (provision.head(), provision.head())
    await provision.migrate(database.dsn(), SERVICE, SCHEMA)


async def test_the_way_down_leads_to_what_was_there_on_the_way_up(blank_database: Database) -> None:
    """Of the revisions since 0022. Some before it leave better texts of functions behind, and say so. A column that
    comes back stands last."""
    dsn = blank_database.dsn()
    await provision.bootstrap(dsn, {SERVICE: SCHEMA})
    await run_revision(dsn, "0022", command.upgrade, SERVICE)
    found = []
    for _ in range(2):
        async with logged_in(blank_database) as connection:
            found.append(await catalogue(connection))
        await provision.migrate(dsn, SERVICE, SCHEMA)
        await run_revision(dsn, "0022", service=SERVICE)
    moved = {"replica": ("announced_at", "expires_at"), "projection": ("registered_at",), "version": ("kept_at",)}
    back = {f"column {table}.{name}" for table, names in moved.items() for name in names}
    others = {name for name in differing(*found) if name not in back}
    assert others <= {f"column version.{name}" for name in ("seen_at", "seal", "known")}, "they stand before it now"
    assert back <= found[1].keys()


async def test_every_table_type_and_function_has_one_place(databases: dict[str, Database]) -> None:
    """Functions of one name stand in one file."""
    async with logged_in(databases["revisions"]) as connection:
        types = [row[0] for row in await connection.fetch(COMPOSITES, SCHEMA)]
        tables = [row[0] for row in await connection.fetch(TABLES, SCHEMA)]
        functions = Counter(row[0].partition("(")[0] for row in await connection.fetch(FUNCTIONS, SCHEMA))
    texts = contract.files(SERVICE, SCHEMA)
    created = re.compile(r"^CREATE (TABLE|TYPE|FUNCTION) (\w+)", re.MULTILINE)
    made = {name: created.findall(text) for name, text in texts.items()}
    assert made.pop("schema.sql") == []
    assert sorted(made.pop("tables.sql")) == [("TABLE", name) for name in sorted(tables)]
    assert sorted(made.pop("types.sql")) == [("TYPE", name) for name in sorted(types)]
    assert made == {f"{name}.sql": [("FUNCTION", name)] * count for name, count in functions.items()}


async def test_every_function_says_what_it_is_for_and_who_calls_it(databases: dict[str, Database]) -> None:
    """And what it locks and answers. Who calls it is compared with the texts of functions and modules."""
    async with logged_in(databases["contract"]) as connection:
        found = [(row[0].partition("(")[0], row[2]) for row in await connection.fetch(FUNCTIONS, SCHEMA)]
    bodies = {name: "\n".join(body for one, body in found if one == name) for name, _ in found}
    for name in bodies:
        said = COMMENT.match(contract.files(SERVICE, SCHEMA)[f"{name}.sql"])
        assert said is not None, name
        prose = " ".join(line.lstrip("- ") for line in said[0].splitlines())
        promised = re.fullmatch(
            rf"`{name}` .+ Called by: (.+?) Locks: .+?\. Answers: .+?\.(?: Raises: .+\.)?", prose.strip()
        )
        assert promised is not None, f"{name}: {prose}"
        callers = promised[1].partition(";")[0]
        cited = {one for one in re.findall(r"`([\w./]+)`", callers) if one in bodies or "/" in one}
        assert cited == pages_log.callers_of(name, bodies, pages_log.modules_of_the_log()), name


def test_prose_is_no_wider_than_programs() -> None:
    wide = [
        f"{file.name}:{number}"
        for file in sorted(contract.folder().glob("*.sql"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if len(line.encode()) > 120
    ]
    assert not wide
