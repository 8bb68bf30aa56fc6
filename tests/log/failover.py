"""A primary and a standby that streams from it, and one address that leads to whichever is meant."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from accompanist import postgres_server as postgres
from accompanist.log import names
from tests.postgres import Database, passable_directory, provision_logs

T = TypeVar("T")
STREAMS = {"wal_level": "replica", "max_wal_senders": "4"}


class Pair:
    """`dsn` leads to the primary until `fail_over`, then to the standby."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.primary = postgres.start_ready(place / "one", place / "s1", STREAMS)
        self.standby: postgres.PostgresServer | None = None
        self._link = place / "s"
        self._lead_to(self.primary)

    def dsn(self, service: str = "") -> str:
        user = names.sidecar_role(service) if service else postgres.SUPERUSER
        return f"postgresql://{user}@/postgres?host={self._link}"

    def copy(self) -> None:
        """A standby that has what is there now, and does not run yet."""
        who = postgres.identity()
        other = self.place / "two"
        other.mkdir(mode=0o700)
        if who.user is not None:
            os.chown(other, who.user, who.group or -1)
        command: list[str | Path] = [
            *(postgres.binaries(who) / "pg_basebackup", "-D", other, "-R", "-X", "stream", "-c", "fast"),
            *("-h", postgres.socket_place(self.place / "s1"), "-U", postgres.SUPERUSER),
        ]
        subprocess.run(
            command, check=True, cwd="/", user=who.user, group=who.group, extra_groups=who.groups, capture_output=True
        )

    def stream(self) -> None:
        """The standby runs, and every commit waits for it."""
        self.standby = self._begin()
        _do(self.primary.dsn(), "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        until(self.primary.dsn(), "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")

    def fail_over(self) -> None:
        """The primary dies, and the standby is promoted."""
        self.primary.kill()
        if self.standby is None:
            self.standby = self._begin()
        _do(self.standby.dsn(), "SELECT pg_promote()")
        # nobody streams from it: it must not wait for anybody
        _do(self.standby.dsn(), "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
        until(self.standby.dsn(), "SELECT current_setting('synchronous_standby_names') = ''")
        self._lead_to(self.standby)

    def stop(self) -> None:
        for server in (self.primary, self.standby):
            if server is not None:
                server.stop()

    def _begin(self) -> postgres.PostgresServer:
        server = postgres.start(self.place / "two", self.place / "s2", STREAMS)
        until(server.dsn(), "SELECT true")
        return server

    def _lead_to(self, server: postgres.PostgresServer) -> None:
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(postgres.socket_place(server.socket_dir))


def _do(dsn: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    _wait(run())


def _wait(work: Coroutine[Any, Any, T]) -> T:
    """On a thread of its own: a fixture may be asked for while a test's loop runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def until(dsn: str, question: str, seconds: float = 60.0) -> None:
    """Return when the server answers yes."""

    async def ask() -> bool:
        connection = await asyncpg.connect(dsn)
        try:
            return bool(await connection.fetchval(question))
        finally:
            await connection.close()

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if _wait(ask()):
                return
        except (OSError, asyncpg.PostgresError):
            pass
        time.sleep(postgres.STEP_SECONDS)
    raise AssertionError(question)


@contextmanager
def pair() -> Iterator[Pair]:
    """With the logs of SERVICES."""
    with passable_directory() as place:
        found = Pair(place)
        try:
            _wait(provision_logs(Database(found.primary.dsn())))
            yield found
        finally:
            found.stop()
