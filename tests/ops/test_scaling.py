"""The generated rings are choreographies that the compiler takes, the logs are filled with sessions that could have
been there, and each curve is drawn with its limit.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from accompanist import limits
from accompanist.language.compile import compile_file
from accompanist.runtime.messages import shard_of
from ops.bench.scaling import parts, project
from ops.bench.scaling.__main__ import NAMES, REPLICAS, ROLES, drawn
from ops.bench.scaling.filling import Filling
from tests.log.letters import burst, header, message, result, row
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import Database

FILE = "/project/rings.py"


def test_the_rings_compile() -> None:
    found = compile_file(FILE, root="/project", read={FILE: project.rings(ROLES)}.get)
    assert found.ok, found.diagnostics


def test_neighbours_in_a_ring_are_at_different_services() -> None:
    assert "def ring4(r0: S0, r1: S1, r2: S2, r3: S3, value" in project.rings([4])
    assert "def ring8(r0: S0, r1: S1, r2: S2, r3: S3, r4: S0" in project.rings([8])


def test_each_replica_answers_at_an_address_of_its_own() -> None:
    lines = project.procfile(Path("/project"), max(REPLICAS)).splitlines()
    assert len(lines) == len(project.SERVICES) * (max(REPLICAS) + 1)
    assert sum("S0_API=" in line for line in lines) == max(REPLICAS) - 1
    assert project.replica(Path("/run/x"), "s0", 2) == "http+unix:/run/x/s0-2-api.sock"
    assert any("$ACCOMPANIST_RUN/s0-2-api.sock" in line for line in lines)


async def test_copies_are_sessions_of_their_own_that_the_sidecar_finds(database: Database) -> None:
    postgres_world = PostgresWorld(database)
    log, payment, of = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment"), header()
    await log.flush([burst(of, session=row(of), results=(result(of),), messages=(message(of),))])
    await payment.take(10, await payment.take(10))
    connection = await postgres_world.connect("warehouse")
    filling = Filling(connection, ["acc_warehouse", "acc_payment", "acc_loyalty"])
    await filling.begin("fulfil_order", 1)
    await filling.up_to(30)
    await filling.up_to(300)
    rows = await connection.fetch("SELECT session, shard, convert_from(header, 'UTF8') AS header FROM session")
    assert len(rows) == len({row["session"] for row in rows}) == 300
    for found in rows:
        assert found["shard"] == shard_of(found["session"], limits.shards_count)
        assert str(found["session"]) in found["header"]
    for table in ("acc_payment.inbox", "acc_warehouse.result"):
        assert await connection.fetchval(f"SELECT count(DISTINCT session) FROM {table}") == 300  # noqa: S608
    assert len(await log.load([(found["session"], "warehouse") for found in rows])) == 300
    await connection.close()
    await postgres_world.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_curve_has_a_limit(name: str) -> None:
    figures = ("p50 ms @1", "sagas/s", "CPU ms/saga", "WAL KiB", "plain WAL KiB", "plain CPU ms")
    points = [{"size": size, **dict.fromkeys(figures, size)} for size in (2.0, 4.0)]
    assert any(curve.limit and curve.limit_says for curve in drawn(name, points))


async def test_parts_are_what_tables_grow_by_and_processes_spend(database: Database) -> None:
    postgres_world = PostgresWorld(database)
    log, of, large = await owner(postgres_world, "warehouse"), header(), Random(1).randbytes(300_000)
    connection = await postgres_world.connect("warehouse")
    sizes = dict(await connection.fetch(parts.BYTES, parts.TABLES))
    assert sizes.keys() == {"inbox", "result", "session", "outbox"}, "and fence_call, where a worker is"
    await log.flush([burst(of, session=row(of), results=(result(of, value=large),), messages=(message(of),))])
    before = parts.Parts({"log": 1.0}, sizes)
    after = parts.Parts({"log": 1.5, "fence": 0.25}, dict(await connection.fetch(parts.BYTES, parts.TABLES)))
    found = after.since(before, 2)
    assert (found["CPU ms log"], found["CPU ms fence"]) == (250, 125)
    assert 300 < 2 * found["KiB result"] < 400 and found["KiB outbox"] == 0
    await connection.close()
    await postgres_world.close()
