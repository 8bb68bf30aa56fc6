"""Connections that send BEGIN with the statement behind it, and a transaction's last statement with its COMMIT.

Postgres reads the messages of several statements at once and answers them in order, up to a Sync. asyncpg sends a Sync
with each statement, and waits for its answer. `PipelinedConnection` writes a statement that has no answer of its own
without a Sync, directly before the statement that is waited for: one round trip for both. If the first one fails,
Postgres skips the second, and the error is raised where the second one is waited for. Values are parameters, as
elsewhere.

asyncpg has no interface for that. Two things are used that it does not promise: the attribute `_transport`, and that it
passes over the answers of a statement that it did not send. `works` tries both before a worker uses them. With a driver
that has changed, a worker goes on with `WorkerConnection`, and takes two round trips more for each call.

Not promised: anything about the statements of an operation. The driver sends each by itself.
"""

from __future__ import annotations

import struct
from typing import Any

import asyncpg
from asyncpg.transaction import Transaction

_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, AttributeError, TimeoutError)
_EXECUTE = b"E" + struct.pack("!ixi", 9, 0)
"""Execute the unnamed portal, without a limit of rows."""


class WorkerConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose client-side statement timeout can be changed. One statement is one round trip."""

    def bear(self, seconds: float) -> None:
        """Change the time that the driver waits for a statement."""
        config = self._config  # type: ignore[has-type]
        self._config = config._replace(command_timeout=seconds)

    async def begin(self, begun: Transaction) -> None:
        """Start a transaction. The caller asks its first statement next, and has to roll back if that fails."""
        await begun.start()

    async def last(self, query: str, *values: object) -> None:
        """The last statement of a transaction, which answers no rows. Nothing but `commit` may follow. Values are
        given as their text."""
        await self.execute(query, *values)

    async def commit(self, begun: Transaction) -> None:
        """Commit the transaction. Raises also what `last` was to raise: then the transaction is still open, if the
        connection is, and nothing was committed."""
        await begun.commit()


class PipelinedConnection(WorkerConnection):
    """A connection on which `begin` costs no round trip, nor does `last`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._begins, self._last = False, b""
        self._prepared: dict[str, tuple[str, Any]] = {}
        """By query: the statement's name, and the driver's object, since the driver closes a statement without one."""

    async def begin(self, begun: Transaction) -> None:
        """Start a transaction with its first statement, whose error may be that of BEGIN."""
        self._begins, self._last = True, b""
        try:
            await begun.start()
        finally:
            self._begins = False

    async def last(self, query: str, *values: object) -> None:
        """Hold the last statement back until the COMMIT."""
        if query not in self._prepared:
            prepared = await self.prepare(query)
            self._prepared[query] = prepared.get_name(), prepared
        self._last = bound(self._prepared[query][0], values)

    async def commit(self, begun: Transaction) -> None:
        """Send the last statement and COMMIT together."""
        try:
            await begun.commit()
        finally:
            self._last = b""

    async def execute(self, query: str, *values: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """As the driver does, but for its own BEGIN and COMMIT, which it asks here."""
        if self._begins and not self.is_closed():
            self._transport.write(alone(query))
            return "BEGIN"
        if query != "COMMIT;":
            self._last = b""  # it was the last statement of a transaction that does not commit
        if self._last and query == "COMMIT;" and not self.is_closed():
            self._transport.write(self._last)
            await self.fetch(query, timeout=timeout)
            return "COMMIT"
        return str(await super().execute(query, *values, timeout=timeout))


def alone(query: str) -> bytes:
    """The messages of a statement without parameters: Parse, Bind, Execute."""
    return _message(b"P", b"\0" + query.encode() + b"\0" + struct.pack("!h", 0)) + _bind("", ()) + _EXECUTE


def bound(name: str, values: tuple[object, ...]) -> bytes:
    """The messages of the prepared statement of this name with these values, as text: Bind, Execute."""
    return _bind(name, values) + _EXECUTE


def _bind(name: str, values: tuple[object, ...]) -> bytes:
    texts = [str(value).encode() for value in values]
    told = b"".join(struct.pack("!i", len(text)) + text for text in texts)
    return _message(b"B", b"\0" + name.encode() + struct.pack("!xhh", 0, len(texts)) + told + struct.pack("!h", 0))


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", 4 + len(body)) + body


async def works(connection: PipelinedConnection) -> bool:
    """Whether the driver bears it, tried on a connection that nobody uses afterwards. Changes nothing in the database.
    Any failure counts as the driver's: without it a worker is as right, and says that it asks more often."""
    try:
        for turn in ("first", "second"):  # the first time the driver prepares its statements, then it has them
            begun = connection.transaction(isolation="read_committed")
            await connection.begin(begun)
            inside = await connection.fetchval("SELECT 1") == 1 and connection.is_in_transaction()
            await connection.last("SELECT FROM set_config('accompanist.tried', $1, false) OFFSET 1", turn)
            await connection.commit(begun)
            kept = await connection.fetchval("SELECT current_setting('accompanist.tried')")
            if not inside or connection.is_in_transaction() or kept != turn:
                return False
    except _FAILURES:
        return False
    return True
