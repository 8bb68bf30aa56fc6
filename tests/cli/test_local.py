"""The local deployment with real processes: what starts, what stops, and that nothing is left.

The sidecar here is a stand-in that answers every method. Postgres, migration, honcho and keepers are real.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from accompanist.errors import OperatorError
from accompanist.postgres_server import socket_place
from ops.local import Cluster, NotStarted, cluster

pytestmark = pytest.mark.postgres

patience_s = 60.0

# Holds the pipe `alive` open for as long as it lives, and answers on the socket that the environment names.
STAND_IN = textwrap.dedent(
    """
    import json, os, socketserver, sys
    from http.server import BaseHTTPRequestHandler
    alive = os.open(sys.argv[1], os.O_WRONLY)
    class Post(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            result = {"pid": os.getpid(), "env": dict(os.environ)}
            said = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
        def address_string(self): return "here"
        def log_message(self, *_): pass
    path = os.environ["ACCOMPANIST_SERVICE_STOCK_API"].removeprefix("http+unix:")
    if os.path.exists(path): os.unlink(path)
    socketserver.UnixStreamServer(path, Post).serve_forever()
    """
)
UP = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from ops.local import cluster
    at = Path(sys.argv[1])
    files = {"procfile": at / "Procfile", "config_file": at / "accompanist.toml", "log_file": at / "log"}
    with cluster(at / "var", **files):
        print("up", flush=True)
        sys.stdin.read()
    """
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "accompanist.toml").write_text("[service.stock]\n")
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    os.mkfifo(tmp_path / "alive")
    keep = 'exec accompanist keep --pid-file "$ACCOMPANIST_RUN/stock.pid" --'
    (tmp_path / "Procfile").write_text(f"stock: {keep} python {tmp_path}/stand_in.py {tmp_path}/alive\n")
    yield tmp_path
    # started by root, Postgres keeps its files where its own user can reach them
    for elsewhere in ((tmp_path / "var" / "postgres").resolve(), socket_place(tmp_path / "var" / "run")):
        shutil.rmtree(elsewhere, ignore_errors=True)


@contextmanager
def life(place: Path) -> Iterator[int]:
    """A pipe that ends when the last stand-in is gone."""
    pipe = os.open(place / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield pipe
    finally:
        os.close(pipe)


def assert_ended(pipe: int) -> None:
    ready, _, _ = select.select([pipe], [], [], patience_s)
    assert ready and os.read(pipe, 1) == b"", "the stand-in is still there"


def gone(pid: int) -> bool:
    """Ended, though perhaps nobody has asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def up(place: Path) -> AbstractContextManager[Cluster]:
    return cluster(
        place / "var",
        {"DATABASE_URL": ""},
        procfile=place / "Procfile",
        config_file=place / "accompanist.toml",
        log_file=place / "log",
    )


def test_everything_comes_up_and_goes_down_and_goes_on_with_the_same_data(place: Path) -> None:
    with life(place) as pipe:
        with up(place) as running:
            server = running.pid("postgres")
            told = running.ask("stock", "session.list", {})
            assert told["pid"] == running.pid("stock")
            dsn = told["env"]["ACCOMPANIST_SERVICE_STOCK_DATABASE"]
            assert dsn.startswith("postgresql://stock_sidecar@/")
            assert "DATABASE_URL" not in told["env"]
            with pytest.raises(NotStarted, match="runs already"), up(place):
                pass
        assert_ended(pipe)
        assert gone(server)
        with pytest.raises(ProcessLookupError):
            running.pid("stock")
    with life(place), up(place) as again:
        assert again.pid("postgres") != server


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_nothing_is_left_when_the_owner_is_killed(place: Path) -> None:
    with life(place) as pipe:
        owner = subprocess.Popen([sys.executable, "-c", UP, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert owner.stdout is not None and owner.stdin is not None
        ready, _, _ = select.select([owner.stdout], [], [], patience_s)
        assert ready and owner.stdout.readline() == b"up\n", (place / "log").read_text()
        server = int((place / "var" / "postgres" / "postmaster.pid").read_text().split()[0])
        waiting = os.pidfd_open(server)
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
        assert_ended(pipe)
        assert select.select([waiting], [], [], patience_s)[0], "Postgres is still there"
        os.close(waiting)


def test_what_does_not_come_up_is_told_and_taken_down(place: Path) -> None:
    (place / "Procfile").write_text("stock: exit 3\n")
    with pytest.raises(NotStarted, match="while the sidecars and workers came up"), up(place):
        pass
    assert not (place / "var" / "postgres" / "postmaster.pid").exists()


def test_a_database_that_does_not_answer_is_told_in_a_sentence(place: Path) -> None:
    files = {"procfile": place / "Procfile", "config_file": place / "accompanist.toml", "log_file": place / "log"}
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody can answer there
        address = f"postgresql://nobody@127.0.0.1:{closed.getsockname()[1]}/x"
        with (
            pytest.raises(OperatorError, match="ACC401"),
            cluster(place / "var", {"DATABASE_URL": address}, own_apis=False, **files),
        ):
            pass


def test_a_port_that_is_taken_is_told_at_once(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (place / "accompanist.toml").write_text(f'[service.stock]\napi = "http://127.0.0.1:{port}"\n')
        files = {"procfile": place / "Procfile", "config_file": place / "accompanist.toml", "log_file": place / "log"}
        with (
            pytest.raises(NotStarted, match="taken by another process"),
            cluster(place / "var", {"DATABASE_URL": ""}, own_apis=False, **files),
        ):
            pass
