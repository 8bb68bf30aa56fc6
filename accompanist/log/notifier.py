"""Wakes services that have new messages, and those who wait for ends: NOTIFY after the commit, on its own connection.

A NOTIFY inside the writing transaction holds a server-wide lock until the commit is on disk: sixteen writers fell from
21,026 commits/s to 5,097. Here a notification is sent at once if none was sent lately; else it is batched for
`notify_hold_ms`, in one statement for any number of services. What it says is in `log.wakeups`.

State. What is to be said to which services, and one task while there is any. On any failure (the server's queue is
full, the connection is lost) the notifications are dropped, and the next call connects again. A sidecar that was not
woken finds its messages when it polls. It logs once when notifying fails, and once when it works again.

Not promised: that a notification arrives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from accompanist import limits
from accompanist.log import names
from accompanist.log.connection import connect, reach
from accompanist.log.wakeups import LastBytes, NewMessages, of_ended, of_messages, united

logger = structlog.get_logger("accompanist.log")

_NOTIFY = "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS said (channel, payload)"


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
        self._messages: dict[str, LastBytes | None] = {}
        """By channel: whose messages there are."""
        self._ended: dict[str, LastBytes] = {}
        """By channel: whose sessions have ended."""
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

    def notify(self, services: NewMessages) -> None:
        """Wake the sidecars of these services soon. Never waits and never fails."""
        for service, whose in services.items():
            if (channel := self._channels.get(service)) is not None:
                self._messages[channel] = united(self._messages.get(channel, frozenset()), whose)
        self._say_soon()

    def say_ended(self, service: str, last_bytes: LastBytes) -> None:
        """Tell the sidecars of this service soon that sessions whose ids have these last bytes have ended. Never waits
        and never fails."""
        if (channel := self._channels.get(service)) is not None:
            self._ended[channel] = self._ended.get(channel, frozenset()) | last_bytes
        self._say_soon()

    def _say_soon(self) -> None:
        if (self._messages or self._ended) and self._task is None and not self._closed:
            self._task = asyncio.create_task(self._run())

    def _said(self) -> list[tuple[str, str]]:
        """What is to be said now: channels and payloads."""
        said = [(channel, of_messages(whose)) for channel, whose in sorted(self._messages.items())]
        said += [(channel, of_ended(whose)) for channel, whose in sorted(self._ended.items())]
        self._messages, self._ended = {}, {}
        return said

    @property
    def notifying(self) -> bool:
        """Whether the last notification was sent, or none was needed yet."""
        return not self._mute

    async def close(self) -> None:
        """Stop, and drop the notifications that wait."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._disconnect()

    async def _run(self) -> None:
        try:
            while said := self._said():
                await self._send(said)
                await self._sleep(limits.notify_hold_ms / 1000)
        finally:
            self._task = None

    async def _send(self, said: list[tuple[str, str]]) -> None:
        try:
            async with reach():
                if self._connection is None:
                    self._connection = await self._open_connection()
                await self._connection.execute(_NOTIFY, *map(list, zip(*said, strict=True)))
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
