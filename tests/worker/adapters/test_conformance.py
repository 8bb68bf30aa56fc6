"""A worker on each adapter passes the conformance suite, and does what it was asked once when it is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from accompanist.rpc import address
from accompanist.rpc.client import connect
from accompanist.runtime.answers import Fault, Replied
from accompanist.worker import start
from accompanist.worker.conformance import cases
from accompanist.worker.conformance.drive import drive
from accompanist.worker.conformance.ledger import TableLedger
from ops.local import ROOT
from tests.postgres import Database
from tests.worker.adapters.tills import KINDS
from tests.worker.calling import Caller
from workers.till import till
from workers.till.messages import Entry

CASES = cases.read_all(cases.shipped())
SIGKILLED = -signal.SIGKILL


@pytest.mark.parametrize("kind", KINDS)
async def test_a_worker_on_each_adapter_passes_every_case(blank_database: Database, tmp_path: Path, kind: str) -> None:
    dsn = blank_database.dsn()
    await till.install(dsn)
    running = await start(KINDS[kind](dsn), f"unix:{tmp_path}/till.sock", dsn)
    try:
        place, ledger = address.parse(running.url), TableLedger(dsn, till.SCHEMA)
        verdicts = [await drive(case, place, ledger) for case in CASES]
    finally:
        await running.stop(0)
    assert {v.case.name: v.why for v in verdicts if v.outcome == "failed"} == {}
    assert {v.case.name for v in verdicts if v.outcome == "skipped"} == {
        case.name for case in CASES if case.transports == ("http",)
    }


class KilledTill:
    """The process of a till, which is started again after it was killed."""

    def __init__(self, kind: str, dsn: str, directory: Path) -> None:
        self.kind, self.dsn, self.directory = kind, dsn, directory
        self.url = f"unix:{directory}/till.sock"
        self.caller = Caller(connect(self.url), uuid4(), "till")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        told = {"ACCOMPANIST_CRASH_DIR": str(self.directory), "ACCOMPANIST_TESTING": "1", "TILL_KIND": self.kind}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.worker.adapters.tills", "--url", self.url),
            cwd=ROOT,
            env={**os.environ, **told, "TILL_WORKER_DATABASE": self.dsn},
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr is not None
        assert b"worker.ready" in await self._process.stderr.readline()

    def kill_at(self, point: str) -> None:
        (self.directory / f"till.{point}").touch()

    async def ended(self) -> int:
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        await self.caller.client.close()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            assert await self._process.wait() == 0


@pytest.fixture
async def killed(blank_database: Database, tmp_path: Path, kind: str) -> AsyncIterator[KilledTill]:
    await till.install(blank_database.dsn())
    found = KilledTill(kind, blank_database.dsn(), tmp_path)
    await found.start()
    yield found
    await found.stop()


async def done(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": till.SCHEMA})
    try:
        return [row["operation"] for row in await connection.fetch("SELECT operation FROM ledger ORDER BY at")]
    finally:
        await connection.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_killed_worker_has_done_each_thing_once(killed: KilledTill) -> None:
    """Before COMMIT nothing is done, after it all is; asked again, a call is done once. So is its compensation."""
    entry, done_by_then = Entry(5, "", 0), []
    for point, site in (("worker.before_commit", "1"), ("worker.after_commit", "2"), ("worker.reply_sent", "3")):
        killed.kill_at(point)
        answer = await killed.caller.call("put", site, drawer="a", entry=entry)
        assert isinstance(answer, Fault) or point == "worker.reply_sent"
        assert await killed.ended() == SIGKILLED
        assert await done(killed.dsn) == done_by_then + ["put"] * (point != "worker.before_commit")
        await killed.start()
        for _ in range(2):
            assert isinstance(await killed.caller.call("put", site, drawer="a", entry=entry), Replied)
        done_by_then.append("put")
        assert await done(killed.dsn) == done_by_then
    assert [each["site"] for each in (await killed.caller.close())["executed"]] == ["1", "2", "3"]
    for point, site in (("worker.undo_before_commit", "3"), ("worker.undo_after_commit", "2")):
        killed.kill_at(point)
        assert isinstance(await killed.caller.call("take_back", site, "compensate", drawer="a", entry=entry), Fault)
        assert await killed.ended() == SIGKILLED
        await killed.start()
        for _ in range(2):
            answer = await killed.caller.call("take_back", site, "compensate", drawer="a", entry=entry)
            assert answer == Replied(b"null")
        done_by_then.append("take_back")
        assert await done(killed.dsn) == done_by_then
