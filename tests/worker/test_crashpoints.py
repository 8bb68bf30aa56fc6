"""Crash points: a worker as a process of its own kills itself with SIGKILL, and is called again afterwards."""

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

from accompanist import crashpoints
from accompanist.errors import Bug, OperatorError
from accompanist.rpc.client import WorkerClient, connect
from accompanist.runtime.answers import Answer, Fault, Replied
from tests.postgres import Database
from tests.worker import bench
from tests.worker.bench import Plank
from tests.worker.calling import Caller

ROOT = Path(__file__).parents[2]
SERVICE = "bench"
OAK = Plank(4)
SAWN = Replied(b'{"length":2,"wood":"oak"}')


class Killable:
    """A worker's process, its crash directory, and one who calls it."""

    def __init__(self, directory: Path, dsn: str) -> None:
        self.directory = directory
        self.dsn = dsn
        self.url = f"unix:{directory}/bench.sock"
        self.process: asyncio.subprocess.Process | None = None
        self.client: WorkerClient = connect(self.url)
        self.caller = Caller(self.client, uuid4(), "carpenter")

    async def start(self) -> None:
        environment = {**os.environ, "ACCOMPANIST_CRASH_DIR": str(self.directory), "ACCOMPANIST_TESTING": "1"}
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.worker.bench", "--url", self.url, "--database", self.dsn, "--install"),
            cwd=ROOT,
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self.process.stderr is not None
        # its first line of log says that it listens
        assert b"worker.ready" in await self.process.stderr.readline()

    def arm(self, point: str) -> None:
        (self.directory / f"{SERVICE}.{point}").touch()

    async def ended(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    async def stop(self) -> None:
        await self.client.close()
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            assert await self.process.wait() == 0


@pytest.fixture
async def killable(blank_database: Database, tmp_path: Path) -> AsyncIterator[Killable]:
    found = Killable(tmp_path, blank_database.dsn())
    await found.start()
    yield found
    await found.stop()


async def ledger(dsn: str) -> list[str]:
    db = await asyncpg.connect(dsn, server_settings={"search_path": bench.SCHEMA})
    try:
        return [row["operation"] for row in await db.fetch("SELECT operation FROM ledger ORDER BY operation")]
    finally:
        await db.close()


async def saw(caller: Caller) -> Answer:
    return await caller.call("saw", "1", plank=OAK)


async def mend(caller: Caller) -> Answer:
    return await caller.call("mend", "1", "compensate", plank=OAK)


@pytest.mark.parametrize(
    ("point", "left"),
    [("worker.call_received", []), ("worker.before_commit", []), ("worker.after_commit", ["saw"])],
)
async def test_killed_around_a_commit(killable: Killable, point: str, left: list[str]) -> None:
    killable.arm(point)
    assert isinstance(await saw(killable.caller), Fault)
    assert await killable.ended() == -signal.SIGKILL
    assert await ledger(killable.dsn) == left
    await killable.start()  # over the socket file that the killed one has left
    assert await saw(killable.caller) == SAWN
    assert await ledger(killable.dsn) == ["saw"]


async def test_killed_after_the_reply(killable: Killable) -> None:
    killable.arm("worker.reply_sent")
    assert await saw(killable.caller) == SAWN
    assert await killable.ended() == -signal.SIGKILL
    await killable.start()
    assert await saw(killable.caller) == SAWN
    assert await ledger(killable.dsn) == ["saw"]


@pytest.mark.parametrize(
    ("point", "left"),
    [("worker.undo_before_commit", ["saw"]), ("worker.undo_after_commit", ["mend", "saw"])],
)
async def test_killed_around_a_compensation(killable: Killable, point: str, left: list[str]) -> None:
    await saw(killable.caller)
    killable.arm(point)
    assert isinstance(await mend(killable.caller), Fault)
    assert await killable.ended() == -signal.SIGKILL
    assert await ledger(killable.dsn) == left
    await killable.start()
    assert await mend(killable.caller) == Replied(b"null")
    assert await ledger(killable.dsn) == ["mend", "saw"]


@pytest.mark.parametrize(("point", "shut"), [("worker.close_before_commit", 0), ("worker.close_after_commit", 1)])
async def test_killed_around_a_close(killable: Killable, point: str, shut: int) -> None:
    await saw(killable.caller)
    killable.arm(point)
    with pytest.raises(AssertionError, match="Fault"):
        await killable.caller.close()
    assert await killable.ended() == -signal.SIGKILL
    db = await asyncpg.connect(killable.dsn, server_settings={"search_path": bench.SCHEMA})
    assert await db.fetchval("SELECT count(*) FROM fence_shut") == shut
    await db.close()
    await killable.start()
    assert [entry["operation"] for entry in (await killable.caller.close())["executed"]] == ["saw"]


def test_every_worker_point_has_its_test() -> None:
    tested = Path(__file__).read_text()
    assert [point for point in crashpoints.POINTS if point.startswith("worker.") and point not in tested] == []


# -- arming ----------------------------------------------------------------------------------------


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    signals: list[tuple[int, int]] = []

    def kill(pid: int, number: int) -> None:
        signals.append((pid, number))

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(crashpoints, "_armed", None)
    return signals


def test_nothing_fires_unless_armed(killed: list[tuple[int, int]], tmp_path: Path) -> None:
    (tmp_path / "payment.worker.before_commit").touch()
    assert crashpoints.arm("payment", {}) is False
    crashpoints.reached("worker.before_commit")
    assert killed == []


def test_a_point_fires_once(killed: list[tuple[int, int]], tmp_path: Path) -> None:
    (tmp_path / "payment.worker.before_commit").touch()
    assert crashpoints.arm("payment", {"ACCOMPANIST_CRASH_DIR": str(tmp_path), "ACCOMPANIST_TESTING": "1"})
    crashpoints.reached("worker.after_commit")
    assert killed == []
    for _ in range(2):
        crashpoints.reached("worker.before_commit")
    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_a_point_of_another_service_does_not_fire(killed: list[tuple[int, int]], tmp_path: Path) -> None:
    (tmp_path / "loyalty.worker.before_commit").touch()
    crashpoints.arm("payment", {"ACCOMPANIST_CRASH_DIR": str(tmp_path), "ACCOMPANIST_TESTING": "1"})
    crashpoints.reached("worker.before_commit")
    assert killed == []


def test_an_unknown_point_is_a_bug(killed: list[tuple[int, int]], tmp_path: Path) -> None:
    crashpoints.arm("payment", {"ACCOMPANIST_CRASH_DIR": str(tmp_path), "ACCOMPANIST_TESTING": "1"})
    with pytest.raises(Bug, match="ACC521"):
        crashpoints.reached("worker.nowhere")


@pytest.mark.parametrize("testing", [{}, {"ACCOMPANIST_TESTING": "0"}, {"ACCOMPANIST_TESTING": "yes"}])
def test_the_directory_alone_is_refused(testing: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="ACC520"):
        crashpoints.arm("payment", {"ACCOMPANIST_CRASH_DIR": str(tmp_path), **testing})


async def test_a_worker_does_not_start_with_the_directory_alone(tmp_path: Path) -> None:
    environment = {**os.environ, "ACCOMPANIST_CRASH_DIR": str(tmp_path), "ACCOMPANIST_TESTING": ""}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.worker.bench", "--url", f"unix:{tmp_path}/b.sock", "--database", "none"),
        cwd=ROOT,
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.startswith(b"ACC520 ")
