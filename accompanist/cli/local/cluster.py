"""A project's whole deployment on this machine: Postgres, the services' logs, the sidecars and workers of its Procfile.

    with cluster(directory, root=project): ...   up within the block, and stopped at its end

One directory has all files: the data of its own Postgres (unless DATABASE_URL names one), sockets, and a file with the
process id of each kept process. A second start goes on with the same data. Two deployments at once in one directory are
refused.

Processes end together. A keeper watches this process (ACCOMPANIST_KEEP_WHILE). On Linux the kernel also tells honcho
and the keepers when their parent has ended, and kills the processes that they keep. So nothing is left running, even if
this process is killed.

Not promised: fitness for production. The Postgres that is started here has logins without passwords, which is safe only
over a private socket. If DATABASE_URL is given, roles get random passwords, which are kept in the directory.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from accompanist import limits
from accompanist import postgres_server as postgres
from accompanist.cli.api import ask
from accompanist.cli.keep import KEEP_WHILE
from accompanist.cli.local.apart import in_database, introduce
from accompanist.errors import AccompanistError
from accompanist.log import address, databases, names, provision
from accompanist.sidecar import config as configuration
from accompanist.sidecar.config import Config

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
STEP_SECONDS = 0.02
PR_SET_PDEATHSIG = 1


class NotStarted(RuntimeError):
    """The deployment did not come up. The text says what is missing."""


@dataclass
class LocalCluster:
    """A running deployment. `environ` is what its processes were started with; `config` what it says together with
    accompanist.toml."""

    directory: Path
    run: Path
    environ: dict[str, str]
    config: Config
    admin_dsn: str
    own_postgres: bool
    apart: dict[str, str] = field(default_factory=dict)
    """The database of each service that has one for itself."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def in_own_database(self, service: str, dsn: str) -> str:
        """The address, in the database that a service keeps its log in."""
        return in_database(dsn, self.apart[service]) if service in self.apart else dsn

    def pid(self, name: str) -> int:
        """The process id, now, of `postgres` (the postmaster), of a service's sidecar (`payment`) or of its worker
        (`payment-worker`). Raises ProcessLookupError while it is not running."""
        file = self.directory / "postgres" / "postmaster.pid" if name == "postgres" else self.run / f"{name}.pid"
        try:
            return int(file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            raise ProcessLookupError(f"{name} is not running") from None

    def ask(self, service: str, method: str, params: Mapping[str, object], wait_s: float = 0.0) -> Any:
        """Ask a sidecar's API. Raises AccompanistError."""
        return ask(self.config.service(service), method, dict(params), wait_s)

    def without_postgres(self) -> str:
        """What keeps our own Postgres from accepting connections; empty if nothing."""
        try:
            lines = (self.directory / "postgres" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return "it has not begun"
        ready = len(lines) >= 8 and lines[7].strip() == "ready" and _alive(int(lines[0]))
        return "" if ready else "it is starting"

    def absent(self) -> str:
        """Which sidecars do not answer and which workers do not listen; empty if all do."""
        silent = []
        for service in self.config.services.values():
            try:
                ask(service, "session.list", {"limit": 1})
            except AccompanistError as problem:
                silent.append(f"sidecar {problem.text}")
            for url in service.workers.values():
                if url.startswith(("unix:", "http+unix:")) and not Path(url.partition("unix:")[2]).exists():
                    silent.append(f"worker at {url}")
        return "; ".join(silent)


@contextmanager
def cluster(
    directory: Path,
    environ: Mapping[str, str] | None = None,
    *,
    root: Path,
    own_apis: bool = True,
    procfile: Path | None = None,
    config_file: Path | None = None,
    log_file: Path | None = None,
    postgres_settings: Mapping[str, str] | None = None,
    apart: Collection[str] = (),
    arrange: Callable[[LocalCluster], None] = lambda running: None,
) -> Iterator[LocalCluster]:
    """Everything up, and down at the end. Commands run in `root`, which has the Procfile and accompanist.toml if they
    are not named. `environ` is laid over this process's own. With `own_apis` the sidecars
    answer on sockets of this cluster, else where the configuration says. `log_file` takes what the processes print.
    `postgres_settings` are laid over those of a Postgres of our own. The services `apart` get a database each.
    `arrange` is called when the logs are provisioned and nothing uses them yet: it may change the environment that the
    processes get, and put things between them.

    Call it on a thread that outlives the block: the kernel's parent-death signal comes when that thread ends."""
    with ExitStack() as undo:
        directory = directory.resolve()
        procfile, config_file = procfile or root / "Procfile", config_file or root / configuration.FILE_NAME
        directory.mkdir(parents=True, exist_ok=True)
        undo.enter_context(_only_one(directory))
        run = undo.enter_context(_socket_directory(directory))
        output = undo.enter_context(log_file.open("ab")) if log_file is not None else None
        base = {**os.environ, **(environ or {})}
        given = base.pop("DATABASE_URL", "")
        if given:
            given = address.checked(given)  # before anything quotes it: what cannot be read may hold a password
        base |= {"ACCOMPANIST_RUN": str(run), "ACCOMPANIST_CONFIG": str(config_file), KEEP_WHILE: str(os.getpid())}
        if log_file is None and sys.stderr.isatty():
            base.setdefault("ACCOMPANIST_LOG_FORMAT", "console")  # behind honcho's pipe the processes see no terminal
        base["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{base.get('PATH', '')}"
        running = LocalCluster(directory, run, base, configuration.load(config_file, base), given, not given)
        undo.callback(_stop, running)
        if running.own_postgres:
            _start_postgres(running, root, postgres_settings or {}, output)
        running.apart = {service: f"only_{service}" for service in apart}
        if apart:
            running.environ |= introduce(running.config.services, run)
        asyncio.run(_provision(running, own_apis))
        arrange(running)
        running.config = configuration.load(config_file, running.environ)
        _refuse_taken_ports(running.config)
        command = [sys.executable, "-m", "honcho", "start", "--procfile", str(procfile), "--app-root", str(root)]
        running.processes.append(_spawn(command, root, running.environ, output))
        _wait_for(running.absent, running, "the sidecars and workers")
        yield running


# -- coming up ---------------------------------------------------------------------------------------


def _start_postgres(running: LocalCluster, root: Path, settings: Mapping[str, str], output: BinaryIO | None) -> None:
    place = ["--data", str(running.directory / "postgres"), "--socket", str(running.run)]
    place += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    keep = [sys.executable, "-m", "accompanist.cli.main", "keep", "--"]
    command = [*keep, sys.executable, "-m", "accompanist.postgres_server", "run", *place]
    running.processes.append(_spawn(command, root, running.environ, output))
    _wait_for(running.without_postgres, running, "Postgres")
    running.admin_dsn = postgres.dsn(running.run)


async def _provision(running: LocalCluster, own_apis: bool) -> None:
    """Roles, schemas and revisions, and the environment that tells every process where its own is."""
    services = {service.name: service.schema for service in running.config.services.values()}
    if running.apart:
        await databases.create_missing(running.admin_dsn, running.apart.values())
    for name, schema in services.items():
        place = running.in_own_database(name, running.admin_dsn)
        await provision.bootstrap(place, {name: schema})
        await provision.migrate(place, name, schema)
    try:
        dsn = _socket_dsn(running) if running.own_postgres else await _password_dsn(running, list(services))
    except PermissionError as problem:
        raise NotStarted(f"the login of DATABASE_URL may not set passwords: {problem}") from None
    for service in running.config.services.values():
        prefix = f"ACCOMPANIST_SERVICE_{service.name.upper()}_"
        own = partial(running.in_own_database, service.name)
        running.environ[f"{prefix}DATABASE"] = own(dsn(names.sidecar_role(service.name)))
        running.environ[f"{prefix}STATE_DIR"] = str(running.directory / "state" / service.name)
        if own_apis:
            running.environ[f"{prefix}API"] = f"http+unix:{running.run / service.name}-api.sock"
        for role, configured in service.workers.items():
            scheme = (
                "http+unix" if configured.startswith("http") else "unix"
            )  # what the worker speaks is its own affair
            url = f"{scheme}:{running.run / service.name}-{role.lower()}.sock"
            running.environ[f"{prefix}WORKER_{role.upper()}"] = url
            running.environ[f"{role.upper()}_WORKER_URL"] = url
            running.environ[f"{role.upper()}_WORKER_DATABASE"] = own(dsn(names.worker_role(service.name)))


def _socket_dsn(running: LocalCluster) -> Callable[[str], str]:
    return lambda user: postgres.dsn(running.run, user)


async def _password_dsn(running: LocalCluster, services: list[str]) -> Callable[[str], str]:
    """Addresses in the database that DATABASE_URL names, for roles whose passwords we choose once and keep."""
    kept = running.directory / "passwords.json"
    passwords: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    users = [role(service) for service in services for role in (names.sidecar_role, names.worker_role)]
    passwords |= {user: secrets.token_hex(16) for user in users if user not in passwords}
    await databases.set_passwords(running.admin_dsn, {user: passwords[user] for user in users})
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
        json.dump(passwords, file)
    return lambda user: address.of_login(running.admin_dsn, user, passwords[user])


def _refuse_taken_ports(config: Config) -> None:
    """Whoever listens there already would answer for our sidecar, which could not listen."""
    for service in config.services.values():
        parts = urlsplit(service.api)
        if parts.scheme == "http" and parts.hostname and parts.port:
            with socket.socket() as probe:
                if probe.connect_ex((parts.hostname, parts.port)) == 0:
                    raise NotStarted(f"{service.api}, the API of {service.name}, is taken by another process")


def _spawn(
    command: list[str], root: Path, environ: Mapping[str, str], output: BinaryIO | None
) -> subprocess.Popen[bytes]:
    """A child in a session of its own, so that Ctrl-C reaches only us, which ends when we do."""
    parent = os.getpid()

    def before_exec() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        command,
        cwd=root,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        preexec_fn=before_exec,
    )


def _wait_for(missing: Callable[[], str], running: LocalCluster, what: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while why := missing():
        for process in running.processes:
            if process.poll() is not None:
                raise NotStarted(f"a process ended with {process.returncode} while {what} came up")
        if time.monotonic() > until:
            raise NotStarted(f"{what} were not there after {READY_SECONDS:.0f} s: {why}")
        time.sleep(STEP_SECONDS)


# -- going down ----------------------------------------------------------------------------------------


def _stop(running: LocalCluster) -> None:
    """Sidecars and workers first, then what they write to."""
    for process in reversed(running.processes):
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    place = directory / "lock"
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise NotStarted(f"{place}: {problem.strerror}") from None
    with os.fdopen(handle) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotStarted(f"it runs already: another process holds {directory / 'lock'}") from None
        yield


@contextmanager
def _socket_directory(directory: Path) -> Iterator[Path]:
    """`run` in the directory, or where its path is too long for sockets a short one for as long as it is needed."""
    run = directory / "run"
    if len(os.fsencode(run)) <= limits.local_sockets_bytes_max:
        _take(run)
        yield run
        return
    with tempfile.TemporaryDirectory(prefix="accompanist-") as short:
        yield Path(short)


def _take(place: Path) -> None:
    """A directory that is ours alone. Earlier releases gave it to the user that a server of root's runs as."""
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as problem:
        raise NotStarted(f"{place}: {problem.strerror}") from None
    try:
        if os.geteuid() == 0:
            os.fchown(handle, 0, 0)
        os.fchmod(handle, 0o700)
    except OSError as problem:
        raise NotStarted(f"{place}: {problem.strerror}") from None
    finally:
        os.close(handle)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
