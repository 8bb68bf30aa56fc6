"""A temporary Postgres for tests: one server per test run, and a fresh database on request.

DATABASE_URL, if set, names the server, with a login that may create databases. Otherwise one is started in a temporary
directory; its binaries come from the `accompanist[local]` extra, or from PATH. It is an ordinary Postgres, with fsync
on.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from accompanist import postgres_server
from accompanist.log import databases

_numbers = itertools.count(1)


class Postgres:
    """A server, by its administrator's address."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a fresh database, which is dropped at the end, even if it has connections."""
        name = f"accompanist_throwaway_{os.getpid()}_{next(_numbers)}"
        _wait_for(databases.create(self.dsn, name))
        try:
            yield self._named(name)
        finally:
            _wait_for(databases.drop(self.dsn, name))

    def _named(self, database: str) -> str:
        parts = urlsplit(self.dsn)
        named = urlunsplit(parts._replace(path=f"/{database}"))
        # urlunsplit drops the empty host of a socket's address
        return named if parts.netloc else f"{parts.scheme}://{named.partition(':')[2]}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server for as long as the block runs.

    with postgres() as server, server.database() as dsn:
        ...
    """
    if named := os.environ.get("DATABASE_URL"):
        yield Postgres(named)
        return
    with tempfile.TemporaryDirectory(prefix="acc-", ignore_cleanup_errors=True) as made:
        place = Path(made)
        place.chmod(0o711)  # a server that root starts runs as another user, which has to pass through
        server = postgres_server.start_ready(place / "data", place / "s")
        try:
            yield Postgres(server.dsn())
        finally:
            server.stop()
            postgres_server.remove(place / "data", place / "s")


def _wait_for(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on an event loop in another thread: a fixture may be set up while a test's loop runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
