"""A real Postgres for tests: one server for the whole run, a database of its own for each test that asks.

DATABASE_URL, if set, names the server (a login that may create roles and databases); otherwise one is started on a
temporary directory with the same settings of durability as any other, and ended by its process, never by a name.

The directory lies in memory where there is room for it: a database is made and dropped for most tests, and a disk would
be waited for each time. What the tests kill is processes, never the machine, so they see what they would see on a disk.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

from accompanist import postgres_server as postgres
from accompanist.log import names, provision

SERVICES: Mapping[str, str] = {"warehouse": "acc_warehouse", "payment": "acc_payment", "loyalty": "acc_loyalty"}
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2_000_000_000
PREFIX, HELD = "acc-test-", "held"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A database and how to log in to it; without a user, as the administrator."""

    admin_dsn: str

    def dsn(self, user: str | None = None) -> str:
        """The address for `user`; roles that `bootstrap` made have the administrator's password, if there is one."""
        if user is None:
            return self.admin_dsn
        parts = urlsplit(self.admin_dsn)
        secret = f":{parts.password}" if parts.password else ""
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(user)}{secret}@{host}"))

    def sidecar_dsn(self, service: str) -> str:
        return self.dsn(names.sidecar_role(service))

    def worker_dsn(self, service: str) -> str:
        return self.dsn(names.worker_role(service))


class Cluster:
    """The server, through its administrator's address. `copying`: how Postgres is to copy a template."""

    def __init__(self, admin_dsn: str, copying: str = "") -> None:
        self._admin_dsn, self._copying = admin_dsn, copying
        self._template: str | None = None

    def dsn(self, database: str) -> str:
        parts = urlsplit(self._admin_dsn)
        address = urlunsplit(parts._replace(path=f"/{database}"))
        # urlunsplit drops the empty host of a socket's address
        return address if parts.netloc else f"{parts.scheme}://{address.partition(':')[2]}"

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[Database]:
        """A fresh database, with the logs of SERVICES in it or empty; dropped at the end, whoever is still in it."""
        name = self._name()
        if migrated and self._template is None:
            self._template = self._name()
            self._run(f"CREATE DATABASE {self._template}")
            wait_for(provision_logs(Database(self.dsn(self._template))))
        self._run(f"CREATE DATABASE {name} TEMPLATE {self._template if migrated else 'template0'} {self._copying}")
        try:
            yield Database(self.dsn(name))
        finally:
            wait_for(_drop(self._admin_dsn, name))

    def close(self) -> None:
        if self._template is not None:
            self._run(f"DROP DATABASE {self._template} WITH (FORCE)")

    def _name(self) -> str:
        return f"accompanist_test_{os.getpid()}_{next(_numbers)}"

    def _run(self, statement: str) -> None:
        wait_for(_execute(self._admin_dsn, statement))


def wait_for(work: Coroutine[Any, Any, None]) -> None:
    """On a loop of its own in a thread of its own: a fixture may be asked for while a test's loop runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


# Roles belong to the server: what a test leaves on them reaches the tests behind it, in whatever order they run.
_LEFT = """
SELECT format('REVOKE %s FROM %s', roleid::regrole, member::regrole)
FROM pg_auth_members WHERE roleid::regrole::text = ANY ($1::text[]) AND member::regrole::text = ANY ($1::text[])
"""


async def _drop(dsn: str, database: str) -> None:
    """Drop it, whoever is still in it. Raises AssertionError, and mends it, where a service's role is in another's."""
    kinds = (names.owner_role, names.sidecar_role, names.worker_role)
    roles = [kind(service) for service in SERVICES for kind in kinds]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
        left = [row[0] for row in await connection.fetch(_LEFT, roles)]
        for revoke in left:
            await connection.execute(revoke)
    finally:
        await connection.close()
    assert not left, f"a test left rights on the server: {left}"


async def provision_logs(database: Database, services: Mapping[str, str] = SERVICES) -> None:
    """Roles and migrated schemas for these services."""
    await provision.bootstrap(database.dsn(), services)
    if secret := urlsplit(database.dsn()).password:
        password = unquote(secret).replace("'", "''")
        for service in services:
            for role in (names.sidecar_role(service), names.worker_role(service)):
                await _execute(database.dsn(), f"ALTER ROLE {role} PASSWORD '{password}'")
    for service, schema in services.items():
        await provision.migrate(database.dsn(), service, schema)


@contextmanager
def passable_directory() -> Iterator[Path]:
    """A short temporary directory that a server which root started can pass through; pytest's own are private."""
    memory = _in_memory()
    if memory is not None:
        _sweep(memory)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=memory, ignore_cleanup_errors=True) as made:
        place = Path(made)
        place.chmod(0o711)
        with (place / HELD).open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield place


def _in_memory() -> Path | None:
    """Where files are kept in memory, if there is room. None: they go where temporary files go."""
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return None
    return MEMORY if free >= MEMORY_BYTES_MIN and os.access(MEMORY, os.W_OK) else None


def _sweep(parent: Path) -> None:
    """Remove what runs that were killed left: it would hold memory until the machine restarts. Who lives holds a lock,
    which others see from another container, too."""
    for held in parent.glob(f"{PREFIX}*/{HELD}"):
        with suppress(OSError), held.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(held.parent, ignore_errors=True)


@contextmanager
def server(more: Mapping[str, str] | None = None) -> Iterator[postgres.PostgresServer]:
    """A server of one's own, for tests that kill it, with `more` settings over ours until then."""
    with passable_directory() as place:
        started = postgres.start_ready(place / "data", place / "s", more)
        try:
            yield started
        finally:
            started.stop()


def restart(killed: postgres.PostgresServer) -> postgres.PostgresServer:
    """The killed server again, on the same data and socket; whoever calls this stops it."""
    return postgres.start_ready(killed.place, killed.socket_dir)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """The server of this test run."""
    if named := os.environ.get("DATABASE_URL"):
        found = Cluster(named)
        try:
            yield found
        finally:
            found.close()
        return
    with server() as started:
        yield Cluster(started.dsn(), "STRATEGY FILE_COPY" if started.place.is_relative_to(MEMORY) else "")
