"""The two worlds that the log's conformance suite runs in: Postgres, and the fake that has to behave like it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from accompanist.limits import shards_count
from accompanist.log import names
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.log.postgres import PostgresLog
from accompanist.log.wakeups import LastBytes, NewMessages
from tests.postgres import SERVICES, Database

LEASE_MS = 1_000_000  # leases end when a test says so, never because it is slow
AnyLog = PostgresLog | MemoryLog
TIMES = (
    ("replica", "expires_at"),
    ("session", "updated_at"),
    ("session", "over_at"),
    ("stub", "collected_at"),
    ("outbox", "due_at"),
    ("outbox", "tried_at"),
    ("audit", "at"),
    ("inbox", "received_at"),
    ("timer", "set_at"),
    ("timer", "due_at"),
    ("timer", "ask_at"),
    ("version", "seen_at"),
    ("request", "seen_at"),
)
Wake = Callable[[NewMessages], None]
Ended = Callable[[LastBytes], None]


class World(Protocol):
    """One database with the logs of three services, and what only an administrator, or time, can do to it."""

    async def sidecar(
        self, service: str, delivered: Wake | None = None, away: Collection[str] = (), ended: Ended | None = None
    ) -> AnyLog:
        """A log as one sidecar sees it; no lease yet. It takes those `away` for services of another database."""
        ...

    async def expire(self, service: str) -> None:
        """All leases of the service run out now."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Everything in every log becomes so much older, leases included. Only what is fresh in the queue does not: an
        update would move it from where whoever took it will look for it."""
        ...

    async def collect(self, service: str, session: UUID, role: str) -> None:
        """The session leaves a stub."""
        ...

    async def bound(self, service: str, early_rows_max: int) -> None: ...

    async def batch(self, service: str, batch_bytes_max: int) -> None: ...

    async def close(self) -> None: ...


async def owner(
    world: World,
    service: str,
    name: str | None = None,
    delivered: Wake | None = None,
    away: Collection[str] = (),
) -> AnyLog:
    """A sidecar that holds every shard that was free."""
    log = await world.sidecar(service, delivered, away)
    await log.lease(name or f"{service}-1", shards_count)
    return log


class MemoryWorld:
    def __init__(self) -> None:
        self._now = 1_700_000_000.0
        self._database = MemoryDatabase(SERVICES, clock=lambda: self._now)

    async def sidecar(
        self, service: str, delivered: Wake | None = None, away: Collection[str] = (), ended: Ended | None = None
    ) -> AnyLog:
        return MemoryLog(self._database, service, away=away, lease_ms=LEASE_MS, delivered=delivered, ended=ended)

    async def expire(self, service: str) -> None:
        for replica in self._database.services[service].replicas:
            self._database.services[service].replicas[replica] = self._now - 1

    async def pass_time(self, seconds: float) -> None:
        self._now += seconds
        for tables in self._database.services.values():
            for key, early in tables.arrivals.items():
                tables.arrived_at[key] += 0 if early else seconds

    async def collect(self, service: str, session: UUID, role: str) -> None:
        self._database.services[service].stubs.setdefault((session, role), ("settled", self._now))

    async def bound(self, service: str, early_rows_max: int) -> None:
        self._database.services[service].early_rows_max = early_rows_max

    async def batch(self, service: str, batch_bytes_max: int) -> None:
        self._database.services[service].batch_bytes_max = batch_bytes_max

    async def close(self) -> None:
        pass


class PostgresWorld:
    """`pooler` gives the address of one before the database, for a login; then statements go through it."""

    def __init__(
        self,
        database: Database,
        pooler: Callable[[str], str] | None = None,
        services: Mapping[str, str] = SERVICES,
    ) -> None:
        self.database = database
        self._services = services
        self._pooler = pooler
        self._logs: list[PostgresLog] = []

    async def sidecar(
        self, service: str, delivered: Wake | None = None, away: Collection[str] = (), ended: Ended | None = None
    ) -> AnyLog:
        dsn = self.database.sidecar_dsn(service)
        pooler = self._pooler(names.sidecar_role(service)) if self._pooler is not None else ""
        here = {name: schema for name, schema in self._services.items() if name not in away}
        log = await PostgresLog.open(
            dsn, service, here, away=away, lease_ms=LEASE_MS, delivered=delivered, ended=ended, pooler=pooler
        )
        self._logs.append(log)
        return log

    async def expire(self, service: str) -> None:
        await self.execute(service, "UPDATE replica SET expires_at = clock_timestamp() - interval '1 hour'")

    async def pass_time(self, seconds: float) -> None:
        older = (f"UPDATE {table} SET {column} = {column} - {seconds} * interval '1 second'" for table, column in TIMES)  # noqa: S608
        early = f"UPDATE arrival SET arrived_at = arrived_at - {seconds} * interval '1 second' WHERE early"  # noqa: S608
        statements = ";".join((*older, early))
        for service in self._services:
            await self.execute(service, statements)

    async def collect(self, service: str, session: UUID, role: str) -> None:
        await self.execute(
            service,
            "INSERT INTO stub (session, role, outcome) VALUES ($1, $2, 'settled') ON CONFLICT DO NOTHING",
            session,
            role,
        )

    async def bound(self, service: str, early_rows_max: int) -> None:
        await self.execute(service, "UPDATE setting SET early_rows_max = $1", early_rows_max)

    async def batch(self, service: str, batch_bytes_max: int) -> None:
        await self.execute(service, "UPDATE setting SET batch_bytes_max = $1", batch_bytes_max)

    async def execute(self, service: str, statement: str, *arguments: Any) -> None:
        """As the administrator, in the service's schema."""
        connection = await self.connect(service)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    async def connect(self, service: str, user: str | None = None) -> asyncpg.Connection:
        return await asyncpg.connect(self.database.dsn(user), server_settings={"search_path": self._services[service]})

    async def close(self) -> None:
        for log in self._logs:
            await log.close()
