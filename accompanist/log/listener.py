"""Wakes a sidecar by LISTEN on its service's channel.

`wake` is called when there may be new messages in the inbox, and when sessions may have ended, with what the
notification says of them (`log.wakeups`). That is a hint: the sidecar reads the tables.

The listening connection does nothing else. It first listens and then wakes once. So the wake-up finds what was
committed before the LISTEN, and later commits are notified. A heartbeat on the same connection checks that the channel
is still listened to: a half-open connection gives no other sign, and a pooler may have swapped the session. After any
failure it connects again and wakes, because notifications in between were lost. It logs once when the connection is
lost, and once when it is back.

Not promised: one wake-up per message. Wake-ups may be merged, spurious or lost. The guarantee is the poll: the sidecar
asks the log every `poll_ms` for work, with or without a listener (`sidecar.loops.intake`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from accompanist import limits
from accompanist.log import names
from accompanist.log.connection import connect, reach
from accompanist.log.wakeups import MISSED, Heard, read
from accompanist.runtime.backoff import RETRIABLE, delay_ms
from accompanist.runtime.ports import LogUnavailable

logger = structlog.get_logger("accompanist.log")

_LISTENING = "SELECT $1 IN (SELECT pg_listening_channels())"


class ListenConnection(Protocol):
    """The part of asyncpg's connection that is used here."""

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...
    def add_termination_listener(self, callback: Callable[..., None]) -> None: ...
    async def fetchval(self, query: str, *args: object) -> Any: ...
    def terminate(self) -> None: ...


class Listener:
    """Wakes one sidecar. `open_connection` connects; `sleep` takes seconds; `jitter` returns a number in [0, 1)."""

    def __init__(
        self,
        schema: str,
        wake: Callable[[Heard], None],
        open_connection: Callable[[], Awaitable[ListenConnection]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._channel = names.channel(schema)
        self._wake = wake
        self._open_connection = open_connection
        self._sleep = sleep
        self._jitter = jitter
        self._hears: bool | None = None
        """Whether it is connected and listening; None before the first attempt."""

    @classmethod
    def at(cls, dsn: str, schema: str, wake: Callable[[Heard], None]) -> Listener:
        """A listener on the service's schema at `dsn`."""

        async def open_connection() -> ListenConnection:
            connection: ListenConnection = await connect(dsn, "accompanist listener")
            return connection

        return cls(schema, wake, open_connection)

    async def run(self) -> None:
        """Listen until cancelled."""
        failures = 0
        while True:
            try:
                async with reach():
                    connection = await self._open_connection()
                try:
                    failures = 0
                    await self._listen(connection)
                finally:
                    connection.terminate()
            except LogUnavailable as problem:
                self._lost(str(problem))
            except Exception as problem:  # a listener that ended would go unnoticed
                self._lost(type(problem).__name__)
            failures += 1
            await self._sleep((delay_ms(failures, RETRIABLE, self._jitter()) or 0) / 1000)

    @property
    def listening(self) -> bool:
        """Whether notifications are received now, as far as is known."""
        return self._hears is True

    def _lost(self, problem: str) -> None:
        if self._hears is not False:
            self._hears = False
            logger.warning("listener.lost", problem=problem)

    async def _listen(self, connection: ListenConnection) -> None:
        """Listen until the server does not list the channel any more. Raises what a lost connection raises."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        async with reach():
            await connection.add_listener(self._channel, self._hear)
        if self._hears is False:
            logger.info("listener.back")
        self._hears = True
        self._wake(MISSED)
        while True:
            await self._heartbeat_pause(lost)
            if lost.is_set():
                raise LogUnavailable("the line is lost")
            async with reach():
                if not await connection.fetchval(_LISTENING, self._channel):
                    raise LogUnavailable("the channel is not listened to any more")

    def _hear(self, connection: object, process: int, channel: str, payload: str) -> None:
        self._wake(read(payload))

    async def _heartbeat_pause(self, lost: asyncio.Event) -> None:
        """Wait for the next heartbeat, or until the connection is lost."""
        pause = asyncio.ensure_future(self._sleep(limits.heartbeat_ms / 1000))
        ended = asyncio.ensure_future(lost.wait())
        try:
            await asyncio.wait((pause, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            ended.cancel()
