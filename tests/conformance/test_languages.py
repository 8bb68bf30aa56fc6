"""Workers in other languages, each a process: Node and Go with the fence's SQL and no SDK, and a REST service that was
not made for this, behind an adapter.

Node and Go run where they and their pinned packages are, which `make conformance` sees to; else they are skipped, with
the reason. Nothing is fetched from here.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from accompanist.rpc import address
from accompanist.runtime.answers import BUSY
from accompanist.worker.conformance import cases
from accompanist.worker.conformance.cases import FENCED, PLAIN
from accompanist.worker.conformance.drive import drive
from accompanist.worker.conformance.ledger import FileLedger, LedgerSource, TableLedger
from accompanist.worker.conformance.wire import ConnectionEnded, Http, connection, shut
from ops.local import ROOT
from tests.postgres import Database
from workers.rest import service
from workers.till import till

RETRY_LATER, FAULT = -32002, -32603
CASES = cases.read_all(cases.shipped())
READY_S = 30.0
GO_PROGRAM = ROOT / "var" / "till-go"

LOST_WITHOUT_A_FENCE = {
    *(case.name for case in CASES if case.name.startswith("close/")),
    "bounds/longest-site",
    "bounds/reply-that-nobody-takes",
    "compensation/first",
    "compensation/of-a-call-under-way",
    "compensation/of-a-fault",
    "compensation/transaction-afterwards",
    "compensation/with-other-arguments",
    "repeats/key-with-another-integer",
    "repeats/key-with-other-arguments",
    "repeats/refusal-is-final",
    "repeats/repeat-of-a-pivot",
    "repeats/retriable-is-one-effect",
    "repeats/retriable-refusal-is-not-final",
    "requests/key-of-the-other-kind",
    "requests/no-key",
}
"""What workers/rest/README.md says that a service without a fence cannot keep."""


def node() -> list[str]:
    program = shutil.which("node")
    if program is None:
        pytest.skip("there is no node on this machine")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"node is {version}, and 20 or later is needed")
    if not (ROOT / "workers" / "node" / "node_modules" / "pg").is_dir():
        pytest.skip("the pinned npm packages are not there: `make conformance` installs them")
    return [program, str(ROOT / "workers" / "node" / "till.mjs")]


def go() -> list[str]:
    newest = max(file.stat().st_mtime for file in (ROOT / "workers" / "go").iterdir())
    if not GO_PROGRAM.exists() or GO_PROGRAM.stat().st_mtime < newest:
        pytest.skip("the Go worker is not built, or not anew: `make conformance` builds it, with Go 1.24 or later")
    return [str(GO_PROGRAM)]


@contextmanager
def process(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that has to end by itself when it is told to."""
    running = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    try:
        yield running
        running.send_signal(signal.SIGTERM)
        running.wait(READY_S)
    finally:
        running.kill()
        running.wait()


async def listening(url: str, running: subprocess.Popen[bytes]) -> address.Address:
    place = address.parse(url)
    async with asyncio.timeout(READY_S):
        while True:
            assert running.poll() is None, f"the worker ended with {running.returncode}"
            try:
                _, writer = await connection(place)
            except ConnectionEnded:
                await asyncio.sleep(0.02)
                continue
            await shut(writer)
            return place


async def worsen(dsn: str) -> None:
    """Another DBA's database: what connections are that say nothing of themselves."""
    connection = await asyncpg.connect(dsn)
    name = await connection.fetchval("SELECT current_database()")
    for setting, value in (
        ("default_transaction_isolation", "repeatable read"),
        ("default_transaction_read_only", "on"),
        ("synchronous_commit", "off"),
        ("statement_timeout", "1ms"),
        ("lock_timeout", "1ms"),
    ):
        await connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    await connection.close()


async def failed(place: address.Address, ledger: LedgerSource, level: str) -> dict[str, str]:
    verdicts = [await drive(case, place, ledger) for case in CASES if level in (case.level, FENCED)]
    return {verdict.case.name: verdict.why for verdict in verdicts if verdict.outcome == "failed"}


@pytest.mark.parametrize("language", ["node", "go"])
async def test_a_worker_without_an_sdk_passes_every_case(
    blank_database: Database, tmp_path: Path, language: str
) -> None:
    """Also where the database's defaults are such that the fence would be wrong, or could not write."""
    command = {"node": node, "go": go}[language]()
    await till.install(blank_database.dsn())
    await worsen(blank_database.dsn())
    url = f"http+unix:{tmp_path}/till.sock"
    environ = {"TILL_WORKER_URL": url, "TILL_WORKER_DATABASE": blank_database.dsn()}
    with process(command, environ) as running:
        place = await listening(url, running)
        assert await failed(place, TableLedger(blank_database.dsn(), till.SCHEMA), FENCED) == {}
    assert running.returncode == 0


async def test_a_rest_service_behind_an_adapter_loses_what_is_written_there(tmp_path: Path) -> None:
    rest = service.serve(0, tmp_path / "done.jsonl")
    serving = asyncio.create_task(asyncio.to_thread(rest.serve_forever))
    url = f"unix:{tmp_path}/till.sock"
    command = [sys.executable, "-m", "workers.rest.adapter", url, f"http://127.0.0.1:{rest.server_port}"]
    try:
        with process(command, {}) as running:
            found = await failed(await listening(url, running), FileLedger(tmp_path / "done.jsonl"), FENCED)
    finally:
        await asyncio.to_thread(rest.shutdown)
        await serving
        rest.server_close()
    assert found.keys() == LOST_WITHOUT_A_FENCE
    assert not [case.name for case in CASES if case.level == PLAIN and case.name in found]


def test_what_is_lost_is_written_there() -> None:
    told = (ROOT / "workers" / "rest" / "README.md").read_text()
    assert [name for name in LOST_WITHOUT_A_FENCE if not name.startswith("close/") and f"`{name}`" not in told] == []
    assert len((ROOT / "workers" / "rest" / "adapter.py").read_text().splitlines()) <= 50


# -- what Python's worker does with its connections, too ---------------------------------------------------------------

LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")
ENVIRONMENT = ("25006", "28000", "28P01", "3D000", "57P03", "58030", "XX000")
"""What a server answers that was demoted, changed its logins or is going: over each connection that it has, for as long
as that is kept."""


async def mend(place: address.Address, drawer: str, **meta: Any) -> dict[str, Any]:
    """The answer to one call, over a connection of its own."""
    about = {"session": str(uuid4()), "role": "till", "site": "1", **meta}
    params = {"drawer": drawer, "_meta": about}
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": "mend", "params": params})
    return await asked(place, body)


async def asked(place: address.Address, body: bytes) -> dict[str, Any]:
    line = Http(place)
    try:
        _, said = await line.post(body)
    finally:
        await line.close()
    answer: dict[str, Any] = msgspec.json.decode(said)
    return answer


@pytest.fixture(params=["node", "go"])
async def worker(
    request: pytest.FixtureRequest, blank_database: Database, tmp_path: Path
) -> AsyncIterator[tuple[address.Address, asyncpg.Connection]]:
    """One in another language that has one connection, and a connection of the database's keeper."""
    command = {"node": node, "go": go}[request.param]()
    await till.install(blank_database.dsn())
    url = f"http+unix:{tmp_path}/till.sock"
    environ = {
        "TILL_WORKER_URL": url,
        "TILL_WORKER_DATABASE": blank_database.dsn(),
        "TILL_WORKER_CONNECTIONS": "1",
        "TILL_WORKER_CONNECT_MS": "300",
    }
    keeper = await asyncpg.connect(blank_database.dsn(), server_settings={"search_path": till.SCHEMA})
    with process(command, environ) as running:
        yield await listening(url, running), keeper
    await keeper.close()


async def each_mend(keeper: asyncpg.Connection, body: str) -> None:
    """Have the database do this at each `mend`."""
    await keeper.execute(
        f"CREATE FUNCTION at_mend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;"
        " CREATE TRIGGER at_mend BEFORE INSERT ON mended FOR EACH ROW EXECUTE FUNCTION at_mend()"
    )


async def test_the_limits_of_a_transaction_follow_its_callers_patience(
    worker: tuple[address.Address, asyncpg.Connection],
) -> None:
    place, keeper = worker
    await keeper.execute("CREATE TABLE seen (drawer text, name text, value text)")
    shown = "".join(f"INSERT INTO seen VALUES (NEW.drawer, '{name}', current_setting('{name}'));" for name in LIMITS)  # noqa: S608
    await each_mend(keeper, shown)

    async def limits_of(drawer: str, **meta: Any) -> list[float]:
        assert "result" in await mend(place, drawer, **meta)
        asked = "SELECT name, extract(epoch FROM value::interval)::float8 AS s FROM seen WHERE drawer = $1"
        found = {row["name"]: row["s"] for row in await keeper.fetch(asked, drawer)}
        return [found[name] for name in LIMITS]

    assert await limits_of("says nothing") == [8, 30]
    assert await limits_of("hurried", timeout_ms=500) == [8, 30]
    # what is left of it when the transaction begins
    assert await limits_of("patient", timeout_ms=600_000) == [pytest.approx(598, abs=60), pytest.approx(620, abs=60)]
    assert await limits_of("as before") == [8, 30], "it was for that transaction alone"


@pytest.mark.parametrize("state", [*ENVIRONMENT, "42501"])
async def test_what_a_server_answers_for_its_own_reasons_may_pass_and_is_not_asked_over_that_connection_again(
    worker: tuple[address.Address, asyncpg.Connection], state: str
) -> None:
    place, keeper = worker
    await keeper.execute("CREATE TABLE demoted (pid integer)")
    await each_mend(
        keeper,
        "IF EXISTS (SELECT FROM demoted WHERE pid = pg_backend_pid()) THEN"
        f" RAISE EXCEPTION 'not here' USING ERRCODE = '{state}'; END IF;",
    )
    assert "result" in await mend(place, "before")
    await keeper.execute(
        "INSERT INTO demoted SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    assert (await mend(place, "then"))["error"]["code"] == RETRY_LATER
    if state in ENVIRONMENT:
        assert "result" in await mend(place, "afterwards")


async def test_a_query_that_writes_is_no_server_that_may_only_be_read(
    worker: tuple[address.Address, asyncpg.Connection],
) -> None:
    place, keeper = worker
    await keeper.execute(
        "ALTER TABLE drawer RENAME TO kept; CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO ledger (drawer, operation) VALUES ('a', 'asked'); RETURN 1; END $$;"
        " CREATE VIEW drawer AS SELECT 'a' AS name, counted() AS cents"
    )
    body = {"jsonrpc": "2.0", "id": 1, "method": "balance", "params": {"drawer": "a"}}
    assert (await asked(place, msgspec.json.encode(body)))["error"]["code"] == FAULT


async def test_where_no_connection_becomes_free_the_call_has_not_begun(
    worker: tuple[address.Address, asyncpg.Connection],
) -> None:
    """`busy` costs its caller no attempt."""
    place, keeper = worker
    await each_mend(keeper, "PERFORM pg_advisory_xact_lock(7);")
    await keeper.execute("SELECT pg_advisory_lock(7)")
    first = asyncio.create_task(mend(place, "first"))
    while not await keeper.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
        pass
    second = await mend(place, "second")
    await keeper.execute("SELECT pg_advisory_unlock(7)")
    assert (second["error"]["code"], second["error"]["data"]) == (RETRY_LATER, BUSY)
    assert "result" in await first
