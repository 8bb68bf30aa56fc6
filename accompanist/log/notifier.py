"""Wakes services that have new messages: NOTIFY after the commit, on a connection of its own.

A NOTIFY inside the writing transaction holds a server-wide lock until the commit is on disk: sixteen writers fell from
21,026 commits/s to 5,097. Here a notification is sent at once if none was sent lately; else it is batched for
`notify_hold_ms`, in one statement for any number of services.

State. The services that wait to be notified, and one task while there are any. On any failure (the server's queue is
full, the connection is lost) the notifications are dropped, and the next call connects again. A sidecar that was not
woken finds its messages when it polls. It logs once when notifying fails, and once when it works again.

Not promised: that a notification arrives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

import structlog

from accompanist import limits
from accompanist.log import names
from accompanist.log.connection import connect, reach

logger = structlog.get_logger("accompanist.log")

_NOTIFY = "SELECT pg_notify(channel, '') FROM unnest($1::text[]) AS channel"


class NotifyConnection(Protocol):
    """The part of asyncpg's connection that is used here."""

    async def execute(self, query: str, *args: object) -> object: ...
    def terminate(self) -> None: ...


class StatementRunner(Protocol):
    """An object that runs a single statement: `PostgresLog`."""

    async def execute(self, query: str, *args: object) -> object: ...


class _PooledConnection:
    """A connection that runs its statements over a log's pool."""

    def __init__(self, log: StatementRunner) -> None:
        self.execute = log.execute

    def terminate(self) -> None:
        """Do nothing: the log owns the connections."""


class Notifier:
    """Notifies services. `schemas`: the schema of each service, which gives its channel. `open_connection`
    connects; `sleep` takes seconds."""

    def __init__(
        self,
        schemas: Mapping[str, str],
        open_connection: Callable[[], Awaitable[NotifyConnection]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._channels = {service: names.channel(schema) for service, schema in schemas.items()}
        self._open_connection = open_connection
        self._sleep = sleep
        self._connection: NotifyConnection | None = None
        self._waiting: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._mute = False

    @classmethod
    def over(cls, log: StatementRunner, schemas: Mapping[str, str]) -> Notifier:
        """A notifier without a connection of its own, to save connections. `log` runs its statements, outside of every
        writing transaction."""

        async def open_connection() -> NotifyConnection:
            return _PooledConnection(log)

        return cls(schemas, open_connection)

    @classmethod
    def at(cls, dsn: str, schemas: Mapping[str, str]) -> Notifier:
        """A notifier that connects to `dsn` for its first notification."""
        return cls(schemas, lambda: connect(dsn, "accompanist notifier"))

    def notify(self, services: Iterable[str]) -> None:
        """Wake the sidecars of these services soon. Never waits and never fails."""
        self._waiting.update(self._channels[service] for service in services if service in self._channels)
        if self._waiting and self._task is None and not self._closed:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop, and drop the notifications that wait."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._disconnect()

    async def _run(self) -> None:
        try:
            while self._waiting:
                channels, self._waiting = sorted(self._waiting), set()
                await self._send(channels)
                await self._sleep(limits.notify_hold_ms / 1000)
        finally:
            self._task = None

    async def _send(self, channels: list[str]) -> None:
        try:
            async with reach():
                if self._connection is None:
                    self._connection = await self._open_connection()
                await self._connection.execute(_NOTIFY, channels)
        except Exception as problem:
            self._disconnect()
            if not self._mute:
                self._mute = True
                logger.warning("notifier.lost", problem=str(problem) or type(problem).__name__)
        else:
            if self._mute:
                self._mute = False
                logger.info("notifier.back")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
