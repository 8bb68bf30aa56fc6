"""The local server: in the foreground, private, durable, restartable after any kill, and gone when it should be."""

from __future__ import annotations

import os
import select
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from accompanist import limits
from accompanist import postgres_server as postgres
from tests.postgres import passable_directory

pytestmark = pytest.mark.postgres


@pytest.fixture
def place() -> Iterator[Path]:
    with passable_directory() as made:
        yield made


@pytest.fixture
def running(place: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m accompanist.postgres_server run`, ready."""
    process = begin(place)
    yield process
    if process.poll() is None:
        process.terminate()
        process.wait()


def begin(place: Path) -> subprocess.Popen[str]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "accompanist.postgres_server",
        "run",
        "--data",
        place / "data",
        "--socket",
        place / "s",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "is ready" in process.stdout.readline()
    return process


def postmaster(place: Path) -> int:
    return int((place / "data" / "postmaster.pid").read_text().splitlines()[0])


async def ask(place: Path, question: str) -> object:
    connection = await asyncpg.connect(postgres.dsn(place / "s"))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_is_durable_private_and_not_root(place: Path, running: subprocess.Popen[str]) -> None:
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert await ask(place, f"SHOW {setting}") == "on"
    assert await ask(place, "SHOW listen_addresses") == ""
    listens_in = postgres.socket_place(place / "s")
    assert stat.S_IMODE(listens_in.stat().st_mode) == 0o700
    assert len(os.fsencode(listens_in / postgres.SOCKET_NAME)) <= limits.local_postgres_socket_bytes_max
    assert (place / "data").resolve().stat().st_uid != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_cleanly_whoever_is_connected(
    place: Path, running: subprocess.Popen[str], number: signal.Signals
) -> None:
    connection = await asyncpg.connect(postgres.dsn(place / "s"))
    running.send_signal(number)
    assert running.wait() == 0
    assert not (place / "data" / "postmaster.pid").exists()
    connection.terminate()


async def test_a_killed_server_ends_the_runner_and_the_next_goes_on_with_the_data(
    place: Path, running: subprocess.Popen[str]
) -> None:
    await ask(place, "CREATE TABLE kept AS SELECT 1 AS one")
    os.kill(postmaster(place), signal.SIGKILL)
    assert running.wait() == 1
    assert (place / "data" / "postmaster.pid").exists(), "stale, as a kill leaves it"
    again = begin(place)
    assert await ask(place, "SELECT one FROM kept") == 1
    again.terminate()
    assert again.wait() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
async def test_a_killed_runner_takes_its_server_with_it(place: Path, running: subprocess.Popen[str]) -> None:
    pid = postmaster(place)
    gone = os.pidfd_open(pid)
    running.kill()
    running.wait()
    try:
        assert select.select([gone], [], [], 30)[0], "the postmaster still runs"
    finally:
        os.close(gone)


def test_a_second_server_on_the_same_data_is_refused(
    place: Path, running: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "STALE_SECONDS", 0.0)
    with pytest.raises(postgres.PostgresAbsent):
        postgres.start_ready(place / "data", place / "other")
    assert running.poll() is None


def test_settings_may_be_added_but_not_those_that_durability_stands_on(place: Path) -> None:
    with pytest.raises(postgres.PostgresAbsent, match="fsync"):
        postgres.start(place / "data", place / "s", {"work_mem": "8MB", "fsync": "off"})


def test_a_long_socket_path_is_placed_somewhere_short(place: Path) -> None:
    deep = place.joinpath(*["a-long-name-of-a-directory"] * 6)
    found = postgres.socket_place(deep)
    assert found != deep
    assert found == postgres.socket_place(deep), "the same at each start"
    assert len(os.fsencode(found / postgres.SOCKET_NAME)) <= limits.local_postgres_socket_bytes_max


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_root_places_what_the_server_cannot_reach_where_it_can(place: Path) -> None:
    hidden = place / "hidden"
    hidden.mkdir(mode=0o700)
    server = postgres.start_ready(hidden / "data", hidden / "s")
    try:
        assert (hidden / "data").is_symlink()
        assert postgres.reachable(server.place, postgres.identity())
    finally:
        server.stop()
        postgres.remove(hidden / "data", hidden / "s")
    assert not server.place.exists()
    assert not postgres.socket_place(hidden / "s").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_root_copies_binaries_that_the_server_cannot_reach(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install = place / "install"
    (install / "bin").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (install / "bin" / name).touch(mode=0o700)
    install.chmod(0o700)
    common = place / "common"
    monkeypatch.setattr(postgres, "PLACES", (common,))
    monkeypatch.setenv("ACCOMPANIST_PG_BIN", str(install / "bin"))
    found = postgres.binaries()
    assert common in found.parents
    assert found == postgres.binaries()
    assert stat.S_IMODE((found / "postgres").stat().st_mode) & 0o555 == 0o555


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
@pytest.mark.parametrize("private", [False, True], ids=["made", "healed"])
def test_what_another_user_cannot_reach_is_copied_with_its_libraries_whatever_the_umask(
    place: Path, private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout below a private directory: the copy runs as the user that the server runs as, also where an earlier
    start has left the common directory shut."""
    common, mine = place / "common", place / "mine"
    mine.mkdir(mode=0o700)
    if private:
        common.mkdir(mode=0o700)
    found = postgres._find_binaries()
    (mine / "packages").mkdir()
    for source, below in postgres._parts(found).items():
        target = mine / "packages" / below
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, symlinks=True)
    monkeypatch.setenv("ACCOMPANIST_PG_BIN", str(mine / "packages" / postgres._parts(found)[found.parent] / "bin"))
    monkeypatch.setattr(postgres, "PLACES", (common,))
    before = os.umask(0o077)
    try:
        copied = postgres.binaries()
    finally:
        os.umask(before)
    who = postgres.identity()
    asked = subprocess.run(
        [copied / "initdb", "--version"],
        user=who.user, group=who.group, extra_groups=who.groups, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (asked.returncode, asked.stderr) == (0, "") and "initdb" in asked.stdout
