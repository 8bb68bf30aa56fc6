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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from accompanist.rpc import address
from accompanist.worker.conformance import cases
from accompanist.worker.conformance.cases import FENCED, PLAIN
from accompanist.worker.conformance.drive import drive
from accompanist.worker.conformance.ledger import FileLedger, Ledger, TableLedger
from accompanist.worker.conformance.wire import Ended, connection, shut
from ops.local import ROOT
from tests.postgres import Database
from workers.rest import service
from workers.till import till

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
            except Ended:
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


async def failed(place: address.Address, ledger: Ledger, level: str) -> dict[str, str]:
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
