"""One round of one system: latency, rate, processor time, flushes and bytes of log for each saga.

Postgres tells its counters of flushes up to ten seconds late, each backend by itself. So each phase is followed by a
rest, and what the server flushes without any saga in the same time is taken off.

Not promised: figures that can be compared between machines, or between runs. Only those of one run can.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from dataclasses import dataclass

import asyncpg

from ops.bench import processes
from ops.bench.client import SHIPPED, UNDONE
from ops.bench.floors.systems import System

FIGURES = {
    "p50 ms @1": ".2f",
    "p99 ms @1": ".1f",
    "sagas/s": ".0f",
    "p50 ms": ".1f",
    "p99 ms": ".0f",
    "abort p50 ms": ".1f",
    "CPU ms/saga": ".2f",
    "flushes @1": ".2f",
    "flushes": ".2f",
    "WAL KiB": ".1f",
    "foreign cores": ".2f",
}
"""The figures in their order, with how each is written. Those without `@1` are with many in flight."""
COMPARED = ("p50 ms @1", "sagas/s", "abort p50 ms", "CPU ms/saga", "flushes @1", "flushes")
"""What is also given as a multiple of the floor's."""


@dataclass(frozen=True)
class Plan:
    """How much is asked of a system in one round: orders one at a time, aborted ones one at a time, then `inflight`
    closed loops for `seconds`."""

    count: int
    aborts: int
    inflight: int
    seconds: float
    rest: float
    warm_s: float = 2.0


@dataclass(frozen=True)
class Written:
    """What the server had written at one moment: WAL syncs, and bytes."""

    at: float
    flushes: int
    lsn: int


class Server:
    """The server that all systems use. `postmaster`: its process."""

    def __init__(self, connection: asyncpg.Connection, postmaster: int) -> None:
        self._connection = connection
        self._postmaster = postmaster
        self.idle_flushes_per_s = 0.0

    async def written(self, rest: float) -> Written:
        """What was written, when its backends have told it."""
        await asyncio.sleep(rest)
        if self._connection.get_server_version().major >= 18:
            query = "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'"
        else:
            query = "SELECT wal_sync FROM pg_stat_wal"
        flushes = await self._connection.fetchval(query)
        lsn = await self._connection.fetchval("SELECT pg_current_wal_lsn()")
        return Written(time.monotonic(), flushes, lsn)

    async def watch_idle(self, rest: float) -> None:
        """Learn what is flushed when nobody asks for anything."""
        before = await self.written(rest)
        after = await self.written(rest)
        self.idle_flushes_per_s = (after.flushes - before.flushes) / max(after.at - before.at, 1e-9)

    def flushes(self, before: Written, after: Written, sagas: int) -> float:
        """Flushes a saga, without the idle ones."""
        idle = self.idle_flushes_per_s * (after.at - before.at)
        return max(0.0, after.flushes - before.flushes - idle) / sagas

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds([self._postmaster, *processes.below(self._postmaster)])


async def one_at_a_time(system: System, count: int, product: str = SHIPPED) -> list[float]:
    """The latencies of so many orders, in milliseconds."""
    return [await system.order(number, product) for number in range(count)]


async def in_flight(system: System, loops: int, seconds: float) -> tuple[list[float], float]:
    """Closed loops until the time is over: the latencies, and the seconds until the last order was done."""
    began = time.perf_counter()
    took: list[float] = []

    async def loop(number: int) -> None:
        while time.perf_counter() < began + seconds:
            took.append(await system.order(number, SHIPPED))
            number += loops

    await asyncio.gather(*(loop(number) for number in range(loops)))
    return took, time.perf_counter() - began


async def measure(system: System, server: Server, plan: Plan) -> dict[str, float]:
    """One round: each of FIGURES."""
    await in_flight(system, plan.inflight, plan.warm_s)
    await one_at_a_time(system, 10, UNDONE)
    aborted = await one_at_a_time(system, plan.aborts, UNDONE)
    first = await server.written(plan.rest)
    alone = await one_at_a_time(system, plan.count)
    second = await server.written(plan.rest)
    cpu, all_cpu = _cpu(system, server), _machine(system, server)
    took, seconds = await in_flight(system, plan.inflight, plan.seconds)
    cpu, all_cpu = _cpu(system, server) - cpu, _machine(system, server) - all_cpu
    third = await server.written(plan.rest)
    return {
        "p50 ms @1": statistics.median(alone),
        "p99 ms @1": _percentile(alone, 99),
        "sagas/s": len(took) / seconds,
        "p50 ms": statistics.median(took),
        "p99 ms": _percentile(took, 99),
        "abort p50 ms": statistics.median(aborted),
        "CPU ms/saga": cpu * 1000 / len(took),
        "flushes @1": server.flushes(first, second, plan.count),
        "flushes": server.flushes(second, third, len(took)),
        "WAL KiB": (second.lsn - first.lsn) / 1024 / plan.count,
        "foreign cores": max(0.0, all_cpu / seconds),
    }


def _percentile(took: list[float], percent: int) -> float:
    return statistics.quantiles(took, n=100, method="inclusive")[percent - 1]


def _tree(system: System) -> float:
    return processes.cpu_seconds([pid for root in system.roots() for pid in (root, *processes.below(root))])


def _cpu(system: System, server: Server) -> float:
    """What counts as the system's."""
    return _tree(system) + server.cpu_seconds() + (time.process_time() if system.driver_counts else 0.0)


def _machine(system: System, server: Server) -> float:
    """What the machine did for others than the system and this process."""
    ours = _tree(system) + server.cpu_seconds() + processes.cpu_seconds([os.getpid()])
    return processes.machine_cpu_seconds() - ours
