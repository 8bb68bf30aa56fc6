"""Findings: each problem is found and named by its code, and a healthy log has none."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from accompanist.language.compile import compile_file
from accompanist.limits import shards_count
from accompanist.log import health_facts
from accompanist.log.diagnosis import judge
from accompanist.log.health_facts import (
    ConnectionLimits,
    CountedSessions,
    HealthFacts,
    PeerOverQuota,
    ServerFacts,
    SnapshotHolder,
    TableFacts,
    VersionInUse,
    read,
)
from accompanist.log.listener import Listener
from accompanist.log.schema import head
from accompanist.runtime.ports import KeptVersion, Parked, QuotaLimits, ReachedQuota
from tests.log.letters import burst, header, message, row
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import SERVICES

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "zero_damaged_pages": "off",
    "ignore_checksum_failure": "off",
}
SERVER = ServerFacts(
    version=18,
    settings=SETTINGS,
    skew_s=0.001,
    round_trip_s=0.001,
    notify_usage=0.0,
    holders=(),
    prepared=(),
    standbys=0,
    standbys_async=0,
    identity="a",
    identity_noted="a",
)
HEALTHY = HealthFacts(
    service="payment",
    revision=head(),
    head=head(),
    server=SERVER,
    replicas=(("payment@here/1/x", 4.0),),
    shards_held=64,
    listeners=1,
)
SOME = CountedSessions(count=7, oldest=((uuid4(), "payment", 7_300.0, "worker: charge"),))


def holder(**changes: Any) -> SnapshotHolder:
    told: dict[str, Any] = {"kind": "session", "name": "pid 7", "transactions": 10, "seconds": 1.0}
    return SnapshotHolder(**(told | changes))


def sick(**changes: Any) -> HealthFacts:
    return msgspec.structs.replace(HEALTHY, **changes)


def server(**changes: Any) -> HealthFacts:
    return sick(server=msgspec.structs.replace(SERVER, **changes))


def connections(**changes: Any) -> ConnectionLimits:
    told: dict[str, Any] = {"there": 97, "given": 97, "logins": 6, "unbounded": 0}
    own = {"payment_sidecar": 11, "payment_worker": 16} | changes.pop("own", {})
    return ConnectionLimits(own=own, **(told | changes))


def test_a_healthy_log_has_no_findings() -> None:
    assert judge(HEALTHY) == []
    assert judge(server(connections=connections())) == []
    assert judge(server(holders=(holder(),), prepared=(("soon", 1.0),), standbys=1)) == []
    assert judge(sick(tables=(TableFacts(name="inbox", live=100_000, dead=20_000, total_bytes=1),))) == []


@pytest.mark.parametrize(
    ("facts", "code", "severity"),
    [
        (sick(revision=None), "ACC403", "error"),
        (sick(revision="0001"), "ACC403", "error"),
        (sick(revision="9999"), "ACC404", "error"),
        (server(settings=SETTINGS | {"fsync": "off"}), "ACC408", "error"),
        (server(identity_noted="b"), "ACC409", "error"),
        (sick(stuck=SOME), "ACC420", "warning"),
        (sick(parked=SOME), "ACC421", "warning"),
        (sick(unhostable=SOME), "ACC422", "warning"),
        (sick(crowded=(PeerOverQuota("loyalty", True, True, 10, 3),)), "ACC449", "warning"),
        (server(holders=(holder(seconds=400.0),)), "ACC423", "warning"),
        (server(holders=(holder(seconds=4_000.0),)), "ACC423", "error"),
        (server(holders=(holder(seconds=None, transactions=2_000_000),)), "ACC423", "warning"),
        (server(prepared=(("forgotten", 100.0),)), "ACC424", "warning"),
        (sick(tables=(TableFacts(name="arrival", live=5, dead=20_000, total_bytes=1),)), "ACC425", "warning"),
        (server(notify_usage=0.2), "ACC426", "warning"),
        (server(notify_usage=0.6), "ACC426", "error"),
        (server(connections=connections(given=101)), "ACC437", "warning"),
        (server(connections=connections(unbounded=1)), "ACC437", "warning"),
        (server(connections=connections(own={"payment_sidecar": 10})), "ACC438", "warning"),
        (server(connections=connections(own={"payment_worker": 15})), "ACC438", "warning"),
        (sick(listeners=0), "ACC427", "warning"),
        (sick(shards_held=60, shards_free=4), "ACC428", "warning"),
        (sick(shards_held=0, shards_free=64, replicas=()), "ACC428", "warning"),
        (sick(shards_held=0, shards_free=64, replicas=(), sessions_open=3), "ACC428", "error"),
        (server(skew_s=-2.0), "ACC429", "warning"),
        (server(skew_s=60.0), "ACC429", "error"),
        (server(settings=SETTINGS | {"full_page_writes": "off"}), "ACC430", "error"),
        (server(settings=SETTINGS | {"synchronous_commit": "off"}), "ACC430", "error"),
        (server(settings=SETTINGS | {"zero_damaged_pages": "on"}), "ACC430", "error"),
        (server(settings=SETTINGS | {"ignore_checksum_failure": "on"}), "ACC430", "error"),
        (server(overrides=(("role payment_worker", "synchronous_commit=off"),)), "ACC430", "error"),
        (server(overrides=(("role payment_worker", "synchronous_commit=No"),)), "ACC430", "error"),
        (server(settings=SETTINGS | {"default_transaction_isolation": "repeatable read"}), "ACC436", "warning"),
        (server(standbys=1, settings=SETTINGS | {"synchronous_commit": "local"}), "ACC431", "warning"),
        (server(standbys=1, standbys_async=1), "ACC431", "warning"),
        (server(standbys=1, standbys_async=None), "ACC431", "warning"),
        (sick(outbox=SOME), "ACC432", "warning"),
        (sick(clashes=SOME), "ACC433", "warning"),
        (sick(forgotten=3, forgotten_s=7_200.0), "ACC434", "warning"),
        (
            sick(versions=(VersionInUse(fingerprint="f", choreography="c", sessions=2, problem="lost"),)),
            "ACC435",
            "warning",
        ),
    ],
)
def test_each_problem_is_found(facts: HealthFacts, code: str, severity: str) -> None:
    [finding] = judge(facts)
    assert (finding.code, finding.severity) == (code, severity)
    assert finding.text and finding.remedy


def test_what_two_sidecars_take_is_more_than_one_does() -> None:
    two = sick(replicas=(("a", 4.0), ("b", 4.0)), listeners=2)
    seen = msgspec.structs.replace(SERVER, connections=connections())
    [finding] = judge(msgspec.structs.replace(two, server=seen))
    assert (finding.code, finding.text) == ("ACC438", "payment_sidecar may have 11; 2 sidecars may take 21")
    assert judge(msgspec.structs.replace(two, server=seen), pooled=True) == [], "a pooler has them"
    [finding] = judge(msgspec.structs.replace(two, server=seen), poll_only=True)
    assert finding.text.endswith("2 sidecars may take 17"), "who only polls has no lines beside the pool"


def test_a_slow_line_is_no_skewed_clock() -> None:
    assert judge(server(skew_s=1.5, round_trip_s=2.0)) == []


def test_a_setting_that_somebody_made_and_that_is_safe_is_none() -> None:
    assert judge(server(overrides=(("role payment_worker", "synchronous_commit=on"),))) == []
    assert judge(server(settings=SETTINGS | {"synchronous_commit": "local"})) == [], "there is no standby to miss it"


def test_the_worst_comes_first() -> None:
    found = judge(msgspec.structs.replace(server(settings=SETTINGS | {"fsync": "off"}), stuck=SOME))
    assert [finding.severity for finding in found] == ["error", "warning"]


# -- reading them ------------------------------------------------------------------------------------


async def looked(world: PostgresWorld, service: str = "warehouse") -> HealthFacts:
    """As the sidecar's own role sees it."""
    return await read(world.database.sidecar_dsn(service), service, SERVICES[service])


def codes_of(found: HealthFacts) -> list[str]:
    """What is judged of one service's log. Logins of other tests' services are on the same server (ACC437)."""
    return [finding.code for finding in judge(found) if finding.code != "ACC437"]


async def test_a_log_that_works_is_read_by_the_sidecars_own_role(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")
    of, parked = header(), header()
    await log.flush([burst(of, session=row(of, retrying=3))])
    await log.flush([burst(parked, session=row(parked, parked=Parked("ACC301", "stuck"), waiting="an operator"))])
    found = await looked(postgres_world)
    assert (found.revision, found.sessions_open, found.sessions_retrying) == (head(), 2, 1)
    assert (found.shards_held, found.shards_free, len(found.replicas)) == (shards_count, 0, 1)
    assert {table.name for table in found.tables} >= {"session", "inbox", "arrival", "outbox", "stub"}
    assert (found.server.settings, found.server.standbys_async) == (SETTINGS, 0)
    assert abs(found.server.skew_s) < 60
    assert found.server.identity == found.server.identity_noted != ""
    assert codes_of(found) == ["ACC421", "ACC427", "ACC435"]
    assert f"{parked.session} at warehouse" in judge(found)[0].text
    assert "running: resume, retry, skip, resolve, rehost, end" in judge(found)[0].text


async def test_what_waits_is_counted_and_the_oldest_named(postgres_world: PostgresWorld) -> None:
    log, payment = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    of, other = header(), header()
    await log.flush([burst(of, session=row(of, waiting="worker: reserve"), messages=(message(of, "1", "lost"),))])
    for _ in range(4):
        await log.resend(10)
        await postgres_world.pass_time(60)
    await log.flush([burst(other, messages=(message(other),))])
    await payment.take(10, await payment.take(10))
    await postgres_world.execute("payment", "UPDATE arrival SET arrived_at = arrived_at - interval '1 hour'")
    await postgres_world.pass_time(7_200)
    found = await looked(postgres_world)
    assert found.stuck.count == 1 and found.stuck.oldest[0][0] == of.session
    assert found.stuck.oldest[0][3] == "worker: reserve"
    assert found.outbox.count == 1 and "nowhere at nobody" in found.outbox.oldest[0][3]
    unhostable = (await looked(postgres_world, "payment")).unhostable
    assert (unhostable.count, unhostable.oldest[0][0]) == (1, other.session)
    assert unhostable.oldest[0][3] == "said by warehouse"
    assert await payment.crowd(QuotaLimits(waiting=1)) == [("warehouse", ReachedQuota.WAITING)]
    [crowded] = [one for one in judge(await looked(postgres_world, "payment")) if one.code == "ACC449"]
    assert crowded.text == "warehouse has 1 messages waiting here"
    assert "REVOKE accompanist_peer" in crowded.remedy
    codes = {finding.code for finding in judge(found)}
    assert codes >= {"ACC420", "ACC428", "ACC432"}


SAGA = """
from accompanist import At, Role, choreography, com, query
class Asker(Role): ...
class Teller(Role):
    @query
    def tell(self, number: int) -> int: ...
@choreography
def ask(asker: Asker, teller: Teller, number: At[int, "asker"]) -> At[int, "asker"]:
    return com(teller.tell(com(number, to=teller)), to=asker)
"""


async def test_a_version_that_open_sessions_need_is_compiled_anew(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")
    [saga] = compile_file("p/saga.py", root="p", read={"p/saga.py": SAGA}.get).choreographies
    kept = KeptVersion(
        fingerprint=saga.fingerprint, choreography="ask", file="saga.py", texts={"saga.py": SAGA}, made_by="1"
    )
    altered = KeptVersion(
        fingerprint="f1", choreography="ask", file="saga.py", texts={"saga.py": SAGA}, made_by="another"
    )
    await log.keep([kept, altered])
    await log.register([{"choreography": "ask", "fingerprint": "f3", "role": "asker", "source": "too large"}])
    for fingerprint in (saga.fingerprint, "f1", "f2", "f2", "f3"):
        of = header(fingerprint=fingerprint)
        await log.flush([burst(of, session=row(of))])
    found = {one.fingerprint: (one.sessions, one.problem) for one in (await looked(postgres_world)).versions}
    assert found == {
        saga.fingerprint: (1, ""),
        "f1": (1, "registered by another: its texts compile to another fingerprint"),
        "f2": (2, "the log does not keep it"),
    }


async def test_a_held_snapshot_is_seen(postgres_world: PostgresWorld) -> None:
    await owner(postgres_world, "warehouse")
    idle = await postgres_world.connect("warehouse")
    async with idle.transaction(isolation="repeatable_read"):
        await idle.fetchval("SELECT 1 FROM session")
        pid = await idle.fetchval("SELECT pg_backend_pid()")
        found = await looked(postgres_world)
    await idle.close()
    assert any(f"pid {pid} " in holder.name for holder in found.server.holders)


async def test_a_log_that_is_behind_is_only_told_to_be_so(postgres_world: PostgresWorld) -> None:
    await postgres_world.execute("warehouse", "UPDATE alembic_version SET version_num = '0001'")
    found = await looked(postgres_world)
    assert (found.revision, found.tables) == ("0001", ())
    assert codes_of(found) == ["ACC403"]


def test_nobody_is_missed_who_is_not_meant_to_listen() -> None:
    assert [finding.code for finding in judge(sick(listeners=0))] == ["ACC427"]
    assert judge(sick(listeners=0), poll_only=True) == []


async def test_who_listens_is_counted(postgres_world: PostgresWorld) -> None:
    await owner(postgres_world, "warehouse")
    assert "ACC427" in {finding.code for finding in judge(await looked(postgres_world))}
    listener = asyncio.create_task(
        Listener.at(postgres_world.database.sidecar_dsn("warehouse"), SERVICES["warehouse"], lambda heard: None).run()
    )
    try:
        async with asyncio.timeout(20):
            while (await looked(postgres_world)).listeners == 0:  # noqa: ASYNC110 (Postgres tells nobody)
                await asyncio.sleep(0.02)
        assert "ACC427" not in {finding.code for finding in judge(await looked(postgres_world))}
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def test_a_setting_of_one_login_is_seen_by_the_others(postgres_world: PostgresWorld) -> None:
    """The worker's login is set to forget commits; the sidecar's, which looks, is not."""
    await owner(postgres_world, "warehouse")
    admin = await postgres_world.connect("warehouse")
    name = await admin.fetchval("SELECT current_database()")
    for place, told in (
        (f"ROLE warehouse_worker IN DATABASE {name}", f"role warehouse_worker in database {name}"),
        (f"DATABASE {name}", f"database {name}"),
        (f"ROLE payment_worker IN DATABASE {name}", ""),
    ):
        await admin.execute(f"ALTER {place} SET synchronous_commit = off")
        try:
            found = [f.text for f in judge(await looked(postgres_world)) if f.code == "ACC430"]
        finally:
            await admin.execute(f"ALTER {place} RESET synchronous_commit")
        assert (not told and not found) or f"synchronous_commit is off for {told}" in found, place
    await admin.close()


async def test_a_level_that_a_fence_refuses_is_seen(postgres_world: PostgresWorld) -> None:
    """Wherever it is set, in whatever words, and though the connection that looks states another."""
    await owner(postgres_world, "warehouse")
    admin = await postgres_world.connect("warehouse")
    name = await admin.fetchval("SELECT current_database()")
    for place, told in (
        (f"ROLE warehouse_worker IN DATABASE {name}", f" for role warehouse_worker in database {name}"),
        (f"DATABASE {name}", f" for database {name}"),
    ):
        await admin.execute(f"ALTER {place} SET default_transaction_isolation = 'REPEATABLE READ'")
        try:
            found = [f for f in judge(await looked(postgres_world)) if f.code == "ACC436"]
        finally:
            await admin.execute(f"ALTER {place} RESET default_transaction_isolation")
        assert f"default_transaction_isolation is repeatable read{told}" in [f.text for f in found]
        assert {f.severity for f in found} == {"warning"}
    assert "ACC436" not in {f.code for f in judge(await looked(postgres_world))}
    await admin.close()


async def test_a_clock_that_is_wrong_is_seen(postgres_world: PostgresWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    await owner(postgres_world, "warehouse")

    class Slow:
        @staticmethod
        def time() -> float:
            return time.time() - 90.0

    monkeypatch.setattr(health_facts, "time", Slow)
    [finding] = [one for one in judge(await looked(postgres_world)) if one.code == "ACC429"]
    assert finding.severity == "error" and "90.0 s ahead of this machine" in finding.text


async def test_a_table_that_nobody_cleans_is_seen(postgres_world: PostgresWorld) -> None:
    await owner(postgres_world, "warehouse")
    await postgres_world.execute("warehouse", "ALTER TABLE stub SET (autovacuum_enabled = off)")
    await postgres_world.execute(
        "warehouse",
        "INSERT INTO stub (session, role, outcome) SELECT gen_random_uuid(), 'r', 'settled'"
        " FROM generate_series(1, 12000)",
    )
    await postgres_world.execute("warehouse", "DELETE FROM stub; SELECT pg_stat_force_next_flush()")
    async with asyncio.timeout(20):
        while not (found := [f for f in judge(await looked(postgres_world)) if f.code == "ACC425"]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert found[0].text.startswith("stub: ")


async def test_a_clash_and_a_fence_that_is_not_told_are_seen(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")
    of = header()
    await log.flush([burst(of, messages=(message(of, "1", "lost"),))])
    await postgres_world.execute("warehouse", "UPDATE outbox SET answer = 'clash'")
    await postgres_world.execute(
        "warehouse",
        "INSERT INTO forgotten (session, forgotten_at) VALUES ($1, clock_timestamp() - interval '2 hours')",
        uuid4(),
    )
    found = {finding.code: finding.text for finding in judge(await looked(postgres_world))}
    assert str(of.session) in found["ACC433"]
    assert found["ACC434"] == "1 sessions, the oldest for 2 hours"
