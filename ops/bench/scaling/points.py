"""One point of a curve: the figures of one choreography with one size of something."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from ops.bench import processes
from ops.bench.client import Client
from ops.local import Cluster

Point = dict[str, float]
WARM = 10
STEP_SECONDS = 0.02


@dataclass(frozen=True)
class Load:
    """Sagas one at a time, then `inflight` closed loops for `seconds`."""

    count: int
    inflight: int
    seconds: float


class Measure:
    """Measures choreographies of a deployment through its clients, which are asked in turn."""

    def __init__(self, running: Cluster, clients: Sequence[Client], connection: asyncpg.Connection) -> None:
        self._running = running
        self._postmaster = running.pid("postgres")
        self._deployment = running.processes[-1].pid
        self._clients = itertools.cycle(clients)
        self.connection = connection

    async def __call__(self, choreography: str, value: str, size: float, load: Load) -> Point:
        """The point of this size."""
        for _ in range(WARM):
            await self.alone(choreography, value)
        lsn = await self._lsn()
        alone = [await self.alone(choreography, value) for _ in range(load.count)]
        wal = (await self._lsn() - lsn) / 1024 / load.count
        cpu, foreign, began = self._cpu(), self._foreign(), time.perf_counter()
        took = await self._loops(choreography, value, load)
        seconds = time.perf_counter() - began
        return {
            "size": size,
            "p50 ms @1": statistics.median(alone),
            "sagas/s": took / seconds,
            "CPU ms/saga": (self._cpu() - cpu) * 1000 / took,
            "WAL KiB": wal,
            "foreign cores": max(0.0, (self._foreign() - foreign) / seconds),
        }

    async def run(self, choreography: str, count: int, *, wait: bool = True) -> None:
        """So many sagas; without `wait` they are only started."""
        numbers = iter(range(count))

        async def loop() -> None:
            for _ in numbers:
                await self.alone(choreography, "x", wait=wait)

        await asyncio.gather(*(loop() for _ in range(32)))

    async def killed(self, service: str) -> float:
        """The seconds from the end of a service's sidecar, which is killed, until its successor is ready. Its process
        has to start meanwhile."""
        before = self._running.pid(service)
        os.kill(before, signal.SIGKILL)
        began, client = time.perf_counter(), Client(self._running.config.service(service).api)
        while self._pid(service) in (0, before) or not await client.ready():  # noqa: ASYNC110
            await asyncio.sleep(STEP_SECONDS)
        await client.close()
        return time.perf_counter() - began

    def _pid(self, service: str) -> int:
        try:
            return self._running.pid(service)
        except ProcessLookupError:
            return 0

    async def _loops(self, choreography: str, value: str, load: Load) -> int:
        until, done = time.perf_counter() + load.seconds, 0

        async def loop() -> None:
            nonlocal done
            while time.perf_counter() < until:
                await self.alone(choreography, value)
                done += 1

        await asyncio.gather(*(loop() for _ in range(load.inflight)))
        return done

    async def alone(self, choreography: str, value: str, *, wait: bool = True) -> float:
        """One saga; how many milliseconds it took. Raises RuntimeError if it did not settle."""
        took, said = await next(self._clients).start(choreography, {"value": value}, wait=wait)
        if "result" not in said or (wait and said["result"].get("outcome") != "settled"):
            raise RuntimeError(f"{choreography} did not settle: {str(said)[:500]}")
        return took

    async def _lsn(self) -> int:
        return int(await self.connection.fetchval("SELECT pg_current_wal_lsn()"))

    def _cpu(self) -> float:
        roots = (self._postmaster, self._deployment)
        return processes.cpu_seconds([pid for root in roots for pid in (root, *processes.below(root))])

    def _foreign(self) -> float:
        return processes.machine_cpu_seconds() - self._cpu() - processes.cpu_seconds([os.getpid()])


@asynccontextmanager
async def measuring(running: Cluster, apis: Sequence[str] = ()) -> AsyncIterator[Measure]:
    """`apis`: where to start sagas; otherwise at the first service."""
    clients = [Client(api) for api in apis or [running.config.service("s0").api]]
    connection = await asyncpg.connect(running.admin_dsn)
    try:
        yield Measure(running, clients, connection)
    finally:
        for client in clients:
            await client.close()
        await connection.close()


async def plain(running: Cluster, value: str, copies: int, load: Load) -> Point:
    """What so many inserts of the value take, each in a transaction of its own: bytes of log, and the processor time of
    the server and of this process."""
    connection = await asyncpg.connect(running.admin_dsn)
    postmaster = running.pid("postgres")
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS plain (value text)")

        def spent() -> float:
            return processes.cpu_seconds([os.getpid(), *processes.below(postmaster)])

        lsn, cpu = await connection.fetchval("SELECT pg_current_wal_lsn()"), spent()
        for _ in range(load.count * copies):
            await connection.execute("INSERT INTO plain VALUES ($1)", value)
        cpu = spent() - cpu
        written = await connection.fetchval("SELECT pg_current_wal_lsn()") - lsn
        return {"plain WAL KiB": written / 1024 / load.count, "plain CPU ms": cpu * 1000 / load.count}
    finally:
        await connection.close()
