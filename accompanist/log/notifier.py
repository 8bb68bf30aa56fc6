"""Telling services that something lies in their inbox: NOTIFY, after the commit, on a connection of its own.

A NOTIFY inside the writing transaction holds a lock of the whole server until that commit is on disk; sixteen writers
fell from 21,026 commits/s to 5,097. Here it leaves at once when nothing was sent lately, and else with all that came
within `notify_hold_ms`, one statement for any number of services.

State. The services waiting to be told, and one task while there are any. Failures, whatever they are (the queue of the
server is full, the line is lost): what could not be sent is dropped, and the next call connects anew; a woken sidecar
looks at its tables, and one that was not woken polls. It is told of once when telling fails and once when it works
again.

Not promised: that anybody hears.
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


class Line(Protocol):
    """What is asked of a connection here; asyncpg's has it."""

    async def execute(self, query: str, *args: object) -> object: ...
    def terminate(self) -> None: ...


class Execute(Protocol):
    """Something that runs a statement by itself: `PostgresLog`."""

    async def execute(self, query: str, *args: object) -> object: ...


class _Borrowed:
    """A line over somebody else's connections."""

    def __init__(self, log: Execute) -> None:
        self.execute = log.execute

    def terminate(self) -> None:
        """It is not ours to end."""


class Notifier:
    """`schemas` says which channel each service hears. `open_line` connects; `sleep` takes seconds."""

    def __init__(
        self,
        schemas: Mapping[str, str],
        open_line: Callable[[], Awaitable[Line]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._channels = {service: names.channel(schema) for service, schema in schemas.items()}
        self._open_line = open_line
        self._sleep = sleep
        self._line: Line | None = None
        self._waiting: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._mute = False

    @classmethod
    def over(cls, log: Execute, schemas: Mapping[str, str]) -> Notifier:
        """A notifier without a connection of its own, for where each is dear: its statements are run by `log`, apart
        from every commit that writes."""

        async def open_line() -> Line:
            return _Borrowed(log)

        return cls(schemas, open_line)

    @classmethod
    def at(cls, dsn: str, schemas: Mapping[str, str]) -> Notifier:
        """A notifier that connects to `dsn` when it first has something to tell."""
        return cls(schemas, lambda: connect(dsn, "accompanist notifier"))

    def notify(self, services: Iterable[str]) -> None:
        """Wake the sidecars of these services soon. Never waits and never fails."""
        self._waiting.update(self._channels[service] for service in services if service in self._channels)
        if self._waiting and self._task is None and not self._closed:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what waits is dropped."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._hang_up()

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
                if self._line is None:
                    self._line = await self._open_line()
                await self._line.execute(_NOTIFY, channels)
        except Exception as problem:
            self._hang_up()
            if not self._mute:
                self._mute = True
                logger.warning("notifier.lost", problem=str(problem) or type(problem).__name__)
        else:
            if self._mute:
                self._mute = False
                logger.info("notifier.back")

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.terminate()
