"""Starts a PgBouncer in transaction mode in front of a local Postgres, for tests and chaos, if one is installed.

It runs as the server's user (PgBouncer refuses root, too), connects to the server's socket, and listens at its own in a
directory of mode 0700. It has few server connections, so that clients really share them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from accompanist import postgres_server as postgres

READY_SECONDS = 10.0
STEP_SECONDS = 0.02
SERVERS = 4
PORT = postgres.SOCKET_NAME.rpartition(".")[2]


def lacking() -> str:
    """Why there is none here; empty if there is one."""
    return "" if _binary() else "PgBouncer is not installed (Debian: apt-get install pgbouncer)"


def _binary() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


@dataclass
class Pooler:
    """A running PgBouncer; `place` holds its socket."""

    place: Path
    process: subprocess.Popen[bytes]

    def dsn(self, user: str, database: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.place}"

    def kill(self) -> None:
        """SIGKILL, and another one in its place."""
        self.process.kill()
        self.process.wait()
        self.process = _start(self.place)


@contextmanager
def pooler(server: Path, users: Collection[str], more: Mapping[str, str] | None = None) -> Iterator[Pooler]:
    """Before the Postgres whose socket is in the directory `server`, for these logins."""
    who = postgres.identity()
    with tempfile.TemporaryDirectory(prefix="accompanist-pooler-") as directory:
        place = Path(directory)
        (place / "users").write_text("".join(f'"{user}" ""\n' for user in users))
        (place / "ini").write_text(
            f"[databases]\n* = host={server} port={PORT}\n[pgbouncer]\npool_mode = transaction\n"
            f"listen_addr =\nlisten_port = {PORT}\nunix_socket_dir = {place}\nunix_socket_mode = 0700\n"
            f"auth_type = trust\nauth_file = {place / 'users'}\n"
            f"default_pool_size = {SERVERS}\nmax_client_conn = 500\nserver_login_retry = 1\n"
            f"logfile = {place / 'log'}\npidfile = {place / 'pid'}\n"
            + "".join(f"{name} = {value}\n" for name, value in (more or {}).items())
        )
        for path in (place, place / "users", place / "ini"):
            shutil.chown(path, who.uid, who.gid)
        made = Pooler(place, _start(place))
        try:
            yield made
        finally:
            made.process.terminate()
            made.process.wait()


def _start(place: Path) -> subprocess.Popen[bytes]:
    who = postgres.identity()
    for left in ("pid", postgres.SOCKET_NAME):
        (place / left).unlink(missing_ok=True)
    binary = _binary()
    if binary is None:
        raise postgres.PostgresAbsent(lacking())
    process = subprocess.Popen(
        [binary, "-q", str(place / "ini")],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=who.user,
        group=who.group,
        extra_groups=who.groups,
    )
    until = time.monotonic() + READY_SECONDS
    while not (place / postgres.SOCKET_NAME).exists():
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            told = (place / "log").read_text() if (place / "log").exists() else ""
            raise postgres.PostgresAbsent(f"PgBouncer did not come up: {told[-300:]}")
        time.sleep(STEP_SECONDS)
    return process
