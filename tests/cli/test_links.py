"""Files that a start writes follow no link: another user may have made the link, and root would write to its target."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accompanist import postgres_server as postgres
from accompanist.cli.local import apart, cluster
from accompanist.log.commit_marks import CommitMarks


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file that nobody may write who comes by another name."""
    file = tmp_path / "victim"
    file.write_text("keep me")
    yield file
    assert file.read_text() == "keep me"


def take(directory: Path) -> None:
    with cluster._only_one(directory):
        pass


def sockets(directory: Path) -> None:
    with cluster._socket_directory(directory):
        pass


@pytest.mark.parametrize("name", ["payment.pid", "payment.new"])
def test_a_keepers_pid_file(victim: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(victim)
    command = [sys.executable, "-m", "accompanist.cli.main", "keep", "--pid-file", tmp_path / "payment.pid", "--"]
    command += [sys.executable, "-c", "import os; os.kill(os.getppid(), 15)"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0
    assert not (tmp_path / "payment.new").exists()


@pytest.mark.parametrize(("name", "write"), [("lock", take), ("run", sockets)])
def test_a_deployments_directory(victim: Path, tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    place = tmp_path / "var"
    place.mkdir()
    (place / name).symlink_to(victim)
    with pytest.raises(cluster.NotStarted, match=name):
        write(place)


def test_a_peers_token(victim: Path, tmp_path: Path) -> None:
    (tmp_path / "token").symlink_to(victim)
    with pytest.raises(OSError, match="token"):
        apart._keep(tmp_path / "token", "secret")


def test_marks_of_what_is_durable(victim: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "old.mark").symlink_to(victim)
    marks = CommitMarks("payment", tmp_path / "state")
    assert marks.left() == []
    (tmp_path / "state" / f"{marks.writer}.mark").symlink_to(victim)
    marks.begin(None, None, 1)
    marks.close()


def test_what_root_writes_lies_apart_from_what_the_server_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's socket is in a directory of the server's user; pid files and sockets of root's are not."""
    other = postgres.Identity(os.geteuid() + 1, os.getegid() + 1)
    monkeypatch.setattr(postgres, "identity", lambda: other)
    monkeypatch.setattr(postgres, "_common_place", lambda: tmp_path / "common")
    found = postgres.socket_place(tmp_path / "run")
    assert found.parent == tmp_path / "common"


def test_a_servers_directory_is_no_link(victim: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(postgres.PostgresAbsent, match="data"):
        postgres._own_directory(tmp_path / "data", postgres.identity())
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755
