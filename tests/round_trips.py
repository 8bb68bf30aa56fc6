"""A line to Postgres that counts the round trips of whoever connects through it.

A round trip is over when the client is given an answer and has nothing else under way. Whether a client waits between
two statements does not show in when its bytes come: two of them, sent at once, may come apart. So an answer that
nobody should wait for is held back until the client has sent the statement that goes with it (`TOGETHER`). A client
that waits in between waits for ever, and its test fails by its time-out.

Not promised: anything about a client that encrypts, or that copies.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from accompanist import postgres_server as postgres
from ops.chaos.wire import READY, Cutter
from tests.postgres import Database

TOGETHER: Mapping[str, Collection[str]] = {"BEGIN": ("fence_enter", "fence_close"), "fence_leave": ("COMMIT",)}
"""A word of a statement whose answer is held back, and the words of those that let it pass, of which one suffices."""
CHUNK_BYTES = 65_536
ASKS = (b"Q", b"S")
"""The messages that Postgres answers with ReadyForQuery: a simple query, and Sync."""


class RoundTrips:
    """What went over the line: `statements` in order, and how many round trips they took. Nothing is held back before
    the first `forget`."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.count = 0
        self.counting = False

    def forget(self) -> None:
        """Count from here."""
        self.statements, self.count, self.counting = [], 0, True


class _Connection:
    def __init__(self, counted: RoundTrips, near: asyncio.StreamWriter) -> None:
        self._counted, self._near = counted, near
        self._up, self._down = Cutter(untyped_first=True), Cutter(untyped_first=False)
        self._prepared: dict[bytes, str] = {}
        self._waited: Collection[str] = ()
        self._under_way = 0
        self._held = b""

    def said(self, chunk: bytes) -> None:
        for kind, whole in self._up.cut(chunk):
            self._under_way += kind in ASKS
            if kind == b"Q":
                self._statement(whole[5:-1].decode())
            elif kind == b"P":
                name, _, rest = whole[5:].partition(b"\0")
                self._prepared[name] = rest.partition(b"\0")[0].decode()
                self._seen(self._prepared[name])
            elif kind == b"B":
                self._statement(self._prepared[whole[5:].split(b"\0", 2)[1]])
        self._pass_on()

    def answered(self, chunk: bytes) -> None:
        for kind, whole in self._down.cut(chunk):
            self._held += whole
            if kind == READY:
                self._under_way = max(0, self._under_way - 1)  # the first one ends the login, which nobody counts
        self._pass_on()

    def _statement(self, text: str) -> None:
        self._counted.statements.append(text)
        self._seen(text)
        if self._counted.counting:
            self._waited = next((more for word, more in TOGETHER.items() if word in text), self._waited)

    def _seen(self, text: str) -> None:
        if any(word in text for word in self._waited):
            self._waited = ()

    def _pass_on(self) -> None:
        if self._held and not self._waited:
            self._counted.count += self._under_way == 0
            self._near.write(self._held)
            self._held = b""


@asynccontextmanager
async def counted(database: Database, directory: Path) -> AsyncIterator[tuple[str, RoundTrips]]:
    """The address of a database over a line that counts, whose socket is in `directory`."""
    counts, lines = RoundTrips(), set[asyncio.Task[None]]()
    server = parse_qs(urlsplit(database.admin_dsn).query).get("host", [""])[0]
    if not server.startswith("/"):
        pytest.skip("the server of DATABASE_URL has no socket of ours")

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far = await asyncio.open_unix_connection(f"{server}/{postgres.SOCKET_NAME}")
        talk = _Connection(counts, writer)

        async def up() -> None:
            while chunk := await reader.read(CHUNK_BYTES):
                talk.said(chunk)
                far.write(chunk)

        async def down() -> None:
            while chunk := await far_reader.read(CHUNK_BYTES):
                talk.answered(chunk)

        ways = [asyncio.create_task(up()), asyncio.create_task(down())]
        lines.update(ways)
        with suppress(OSError):
            await asyncio.wait(ways, return_when="FIRST_COMPLETED")
        for writing in (far, writer):
            writing.close()

    serving = await asyncio.start_unix_server(line, directory / postgres.SOCKET_NAME)
    try:
        name = urlsplit(database.admin_dsn).path
        yield f"postgresql://{postgres.SUPERUSER}@{name}?host={directory}", counts
    finally:
        serving.close()
        for each in lines:
            each.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
