"""After a promotion, sidecars go on if no acknowledged commit was lost, and stop at once if one was."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from accompanist import postgres_server as postgres
from accompanist.errors import OperatorError
from accompanist.limits import shards_count
from accompanist.log import server
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import LogUnavailable
from tests.log.failover import Pair, pair
from tests.log.letters import burst, header, row
from tests.log.worlds import PostgresWorld
from tests.postgres import SERVICES

pytestmark = pytest.mark.postgres

WAREHOUSE = SERVICES["warehouse"]


@pytest.fixture
def both() -> Iterator[Pair]:
    with pair() as found:
        yield found


async def opened(dsn: str, state: Path | None, lost: list[OperatorError] | None = None) -> PostgresLog:
    found = lost if lost is not None else []
    log = await PostgresLog.open(dsn, "warehouse", SERVICES, state=state, lost=found.append)
    await log.lease("w", shards_count)
    return log


async def commit(log: PostgresLog) -> Header:
    of = header()
    await log.flush([burst(of, session=row(of))])
    return of


def marks_in(state: Path) -> int:
    return len(list(state.glob("*.mark")))


async def again(log: PostgresLog) -> None:
    """Commit as the group commit does: until it is there."""
    async with asyncio.timeout(30):
        while True:
            try:
                await commit(log)
            except LogUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


async def noted_timeline(dsn: str) -> int:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": WAREHOUSE})
    try:
        found = await server.noted(connection)
        assert found is not None
        return found.identity.timeline
    finally:
        await connection.close()


async def test_a_standby_that_has_everything_is_crossed_by_who_runs_and_by_who_starts(
    both: Pair, tmp_path: Path
) -> None:
    await asyncio.to_thread(both.copy)
    await asyncio.to_thread(both.stream)
    dsn = both.dsn("warehouse")
    gone = await opened(dsn, tmp_path / "gone")
    await commit(gone)
    await gone.close()  # a sidecar that is down while it happens
    runs = await opened(dsn, tmp_path / "runs")
    await commit(runs)
    await asyncio.to_thread(both.fail_over)
    starts = await opened(dsn, tmp_path / "gone")
    assert await noted_timeline(both.dsn()) == 2, "it proved that nothing is missing"
    await again(runs)
    await commit(starts)
    without = await opened(dsn, None)
    for log in (runs, starts, without):
        await log.close()


async def test_a_standby_says_nothing_of_which_server_it_is_until_it_is_promoted(both: Pair) -> None:
    """It has the name of the server that it copies, and takes no commits; the history that it will write has no number
    yet."""
    await asyncio.to_thread(both.copy)
    await asyncio.to_thread(both.stream)
    assert both.standby is not None
    found = []
    for step in (None, both.fail_over):
        if step is not None:
            await asyncio.to_thread(step)
        connection = await asyncpg.connect(both.standby.dsn(), server_settings={"search_path": WAREHOUSE})
        found.append(await server.identity(connection))
        await connection.close()
        if step is None:
            assert await server.accept(both.standby.dsn(), WAREHOUSE) is None, (
                "there is nothing to note, nor any way to"
            )
    before, after = found
    assert before is None
    assert after is not None and after.timeline == 2


async def test_who_runs_notes_the_new_timeline_so_that_others_can_start(both: Pair) -> None:
    await asyncio.to_thread(both.copy)
    await asyncio.to_thread(both.stream)
    runs = await opened(both.dsn("warehouse"), None)
    await commit(runs)
    await asyncio.to_thread(both.fail_over)
    with capture_logs() as lines:
        await again(runs)
    assert [line["event"] for line in lines] == ["server.promoted"]
    later = await opened(both.dsn("warehouse"), None)
    for log in (runs, later):
        await log.close()


async def test_without_any_witness_a_start_on_a_promoted_standby_is_for_a_person(both: Pair) -> None:
    log = await opened(both.dsn("warehouse"), None)
    await commit(log)
    await log.close()
    await asyncio.to_thread(both.copy)
    await asyncio.to_thread(both.fail_over)
    with pytest.raises(OperatorError) as refused:
        await opened(both.dsn("warehouse"), None)
    assert refused.value.code == "ACC409"
    await server.accept(both.dsn("warehouse"), WAREHOUSE)
    await (await opened(both.dsn("warehouse"), None)).close()


async def test_a_standby_that_lacks_commits_stops_who_runs_and_who_starts(both: Pair, tmp_path: Path) -> None:
    dsn = both.dsn("warehouse")
    lost: list[OperatorError] = []
    runs = await opened(dsn, tmp_path / "runs", lost)
    await commit(runs)
    await asyncio.to_thread(both.copy)
    missing = await commit(runs)
    await asyncio.to_thread(both.fail_over)
    for _ in range(3):
        with pytest.raises(LogUnavailable):
            await commit(runs)
    assert [problem.code for problem in lost] == ["ACC447"], "once"
    assert str(missing.session) in lost[0].text
    await runs.close()
    with pytest.raises(OperatorError) as refused:
        await opened(dsn, tmp_path / "runs")
    assert refused.value.code == "ACC447"
    assert await noted_timeline(both.dsn()) == 1, "nobody said that it is right"
    await server.accept(dsn, WAREHOUSE)
    accepted = await opened(dsn, tmp_path / "runs")
    await commit(accepted)
    await accepted.close()
    await (await opened(dsn, tmp_path / "runs")).close()


async def test_each_flush_says_which_one_it_follows(postgres_world: PostgresWorld) -> None:
    """Behind a pooler the server changes under a connection: the next flush is refused even so."""
    lost: list[OperatorError] = []
    log = await opened(postgres_world.database.sidecar_dsn("warehouse"), None, lost)
    there = await commit(log)
    before = await commit(log)
    await postgres_world.execute("warehouse", "UPDATE marker SET number = number - 1")
    with pytest.raises(LogUnavailable):
        await commit(log)
    assert [problem.code for problem in lost] == ["ACC447"]
    assert str(before.session) in lost[0].text and str(there.session) not in lost[0].text
    with pytest.raises(LogUnavailable):
        await log.unfinished(range(shards_count))
    await log.close()


async def test_a_flush_whose_answer_was_lost_may_be_there_or_not(postgres_world: PostgresWorld) -> None:
    lost: list[OperatorError] = []
    log = await opened(postgres_world.database.sidecar_dsn("warehouse"), None, lost)
    marks = log._guard.marks
    async with marks.lane() as lane:
        marks.next(lane)  # asked for and not heard of
    await commit(log)
    await postgres_world.execute("warehouse", "UPDATE marker SET number = number + 1")
    await commit(log)
    assert lost == []
    await log.close()


async def test_a_disk_that_was_set_back_is_found_at_the_start(postgres_world: PostgresWorld, tmp_path: Path) -> None:
    """The same server, the same timeline, and the last commit is not there."""
    dsn = postgres_world.database.sidecar_dsn("warehouse")
    log = await opened(dsn, tmp_path)
    await commit(log)
    await log.close()
    await postgres_world.execute("warehouse", "UPDATE marker SET number = number - 1")
    with pytest.raises(OperatorError) as refused:
        await opened(dsn, tmp_path)
    assert refused.value.code == "ACC447"


async def test_a_file_that_a_living_process_holds_is_its_own_matter(
    postgres_world: PostgresWorld, tmp_path: Path
) -> None:
    dsn = postgres_world.database.sidecar_dsn("warehouse")
    first, second = await opened(dsn, tmp_path), await opened(dsn, tmp_path)
    assert marks_in(tmp_path) == 2
    for log in (first, second):
        await commit(log)
        await log.close()
    third = await opened(dsn, tmp_path)
    assert marks_in(tmp_path) == 1, "what it proved goes on in its own"
    await third.close()


async def test_a_log_that_was_made_anew_is_not_held_to_what_was_told_of_the_last(
    postgres_world: PostgresWorld, tmp_path: Path
) -> None:
    dsn = postgres_world.database.sidecar_dsn("warehouse")
    log = await opened(dsn, tmp_path)
    await commit(log)
    await log.close()
    await postgres_world.execute("warehouse", "DELETE FROM server; DELETE FROM marker")
    await (await opened(dsn, tmp_path)).close()


async def test_a_directory_that_cannot_be_written_is_told_of_and_no_more(
    postgres_world: PostgresWorld, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with capture_logs() as lines:
        log = await opened(postgres_world.database.sidecar_dsn("warehouse"), tmp_path / "file" / "state")
    await commit(log)
    assert [line["event"] for line in lines] == ["witness.not_kept"]
    await log.close()


@pytest.mark.parametrize("where", ["another database", "the same database"])
async def test_a_dump_that_is_restored_into_the_same_server_is_refused(
    postgres_world: PostgresWorld, tmp_path: Path, where: str
) -> None:
    """It has every row, the note of the server among them, and is a copy all the same."""
    database = postgres_world.database
    log = await opened(database.sidecar_dsn("warehouse"), tmp_path)
    await commit(log)
    await log.close()
    name = database.admin_dsn.partition("?")[0].rpartition("/")[2]
    target = f"{name}_copy" if where == "another database" else name
    dump = await asyncio.to_thread(_psql, "pg_dump", database.admin_dsn, "-n", WAREHOUSE)
    admin = await asyncpg.connect(database.admin_dsn)
    if target == name:
        await admin.execute(f"DROP SCHEMA {WAREHOUSE} CASCADE")
    else:
        await admin.execute(f"CREATE DATABASE {target} TEMPLATE template0")
    try:
        dsn = database.admin_dsn.replace(f"/{name}?", f"/{target}?")
        await asyncio.to_thread(_psql, "psql", dsn, "-q", "-v", "ON_ERROR_STOP=1", text=dump)
        with pytest.raises(OperatorError) as refused:
            await opened(database.sidecar_dsn("warehouse").replace(f"/{name}?", f"/{target}?"), tmp_path)
        assert refused.value.code == "ACC409"
    finally:
        if target != name:
            await admin.execute(f"DROP DATABASE {target} WITH (FORCE)")
        await admin.close()


def _psql(program: str, dsn: str, *options: str, text: str = "") -> str:
    """A program of Postgres on the database of an address of ours."""
    parts = dsn.partition("://")[2]
    user, _, rest = parts.partition("@")
    database, _, query = rest.removeprefix("/").partition("?host=")
    if not query.startswith("/"):
        pytest.skip("the server of DATABASE_URL has no socket of ours")
    found = postgres.binaries() / program
    if not found.exists():
        pytest.skip(f"there is no {program}")
    command = [found, "-h", query, "-U", user, "-d", database, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout


async def test_a_file_of_a_log_that_was_made_alike_says_nothing_of_this_one(
    postgres_world: PostgresWorld, tmp_path: Path
) -> None:
    """Two servers that were made by the same commands have the same numbers for databases and tables."""
    dsn = postgres_world.database.sidecar_dsn("warehouse")
    log = await opened(dsn, tmp_path)
    await commit(log)
    await log.close()
    await postgres_world.execute("warehouse", "UPDATE server SET log = gen_random_uuid()")
    await postgres_world.execute("warehouse", "DELETE FROM marker")
    fresh = await opened(dsn, tmp_path)
    await commit(fresh)
    await fresh.close()
