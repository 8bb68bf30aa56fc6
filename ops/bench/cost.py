"""What one saga costs in counts: statements, commits, messages, notifications, bytes of log, system calls.

    python -m ops.bench.cost [--sagas 40] [--json]

Orders run one at a time, first such as settle, then such as are undone, then volatile ones; each begins when the last
one is over at every service, so that they share nothing. What sidecars do by time (leases, looks at their queues) is
taken off: its rate is measured while no saga runs, and multiplied by the time that the sagas took. So the figures are
the same on a slow machine and on a fast one. `tests/system/test_cost.py` bounds them.

Not promised: figures of sagas that run at the same time. They share commits, and so cost less.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from ops.bench import counting, processes
from ops.bench.client import SHIPPED, UNDONE, Client
from ops.local import ROOT, Cluster, cluster

WARM = 20
"""Sagas of each kind before anything is counted: connections, prepared statements and caches are there then."""
IDLE_LEASES = 6
"""While no saga runs, so many renewals of its leases are waited for at each sidecar: they come once a second."""
STEP_S = 0.05
OVER_STEP_S = 0.005
KINDS = {"settled": SHIPPED, "undone": UNDONE, "volatile": SHIPPED}
VOLATILE = "volatile"
"""The kind whose sessions are volatile."""


@dataclass(frozen=True)
class Moment:
    """Everything that is counted, and when, in seconds of a clock that only goes forward."""

    at: float
    database: counting.Reading
    sidecar_calls: int
    worker_calls: int


Counts = dict[str, float]


def counts(work: counting.Work, sidecar_calls: int, worker_calls: int) -> Counts:
    """The figures of what was done; those of whoever counts are left out."""
    found = {"sidecar statements": 0, "worker statements": 0, "statements in functions": 0, "notifications": 0}
    for statement, calls in work.statements.items():
        if not statement.role.endswith(("_sidecar", "_worker", "_owner")):
            continue
        if not statement.top:
            found["statements in functions"] += calls
        elif statement.role.endswith("_worker"):
            found["worker statements"] += calls
        else:
            found["sidecar statements"] += calls
            found["notifications"] += calls * ("pg_notify" in statement.text)
    return {
        **found,
        "commits": work.commits,
        "messages": work.messages,
        "WAL bytes": work.wal.total(),
        "sidecar system calls": sidecar_calls,
        "worker system calls": worker_calls,
    }


def per_saga(done: Counts, seconds: float, idle: Counts, idle_seconds: float, sagas: int) -> Counts:
    """What each of so many sagas cost, without what would have been done in the same time anyway."""
    return {name: (value - idle[name] / idle_seconds * seconds) / sagas for name, value in done.items()}


class Counter:
    """Counts what a deployment does. Its server was started with `counting.SETTINGS`."""

    def __init__(self, running: Cluster, connection: asyncpg.Connection) -> None:
        self._running = running
        self._connection = connection
        self._schemas = [service.schema for service in running.config.services.values()]

    async def moment(self) -> Moment:
        services = list(self._running.config.services)
        sidecars = [self._running.pid(service) for service in services]
        workers = [self._running.pid(f"{service}-worker") for service in services]
        return Moment(
            time.monotonic(),
            await counting.read(self._connection, self._schemas),
            processes.system_calls(sidecars),
            processes.system_calls(workers),
        )

    async def since(self, before: Moment) -> tuple[Counts, float]:
        """What was done since, and in how many seconds."""
        after = await self.moment()
        work = await counting.between(self._connection, before.database, after.database)
        sidecar_calls, worker_calls = (
            after.sidecar_calls - before.sidecar_calls,
            after.worker_calls - before.worker_calls,
        )
        return counts(work, sidecar_calls, worker_calls), after.at - before.at

    async def over(self) -> None:
        """Until no role of any saga is open: what a saga does behind its answer then shares nothing with the next."""
        logs = " UNION ALL ".join(f"SELECT FROM {schema}.session WHERE open" for schema in self._schemas)
        async with asyncio.timeout(60):
            while await self._connection.fetchval(f"SELECT EXISTS ({logs})"):  # noqa: ASYNC110 (theirs)
                await asyncio.sleep(OVER_STEP_S)

    async def idle(self) -> tuple[Counts, float]:
        """What is done without a saga, and in how many seconds. Raises TimeoutError when sagas do not come to rest."""
        async with asyncio.timeout(120):
            while True:
                await self._leases(2)  # the last saga's commits behind its answer
                before = await self.moment()
                await self._leases(IDLE_LEASES)
                done, seconds = await self.since(before)
                if not done["messages"]:
                    return done, seconds

    async def _leases(self, renewals: int) -> None:
        """Until each sidecar has renewed its leases so often."""
        wanted = {role: calls + renewals for role, calls in (await self._renewed()).items()}
        while any(calls < wanted[role] for role, calls in (await self._renewed()).items()):  # noqa: ASYNC110 (theirs)
            await asyncio.sleep(STEP_S)

    async def _renewed(self) -> dict[str, int]:
        found = await counting.statements(self._connection)
        renewed = {one.role: calls for one, calls in found.items() if one.top and "FROM lease(" in one.text}
        if len(renewed) < len(self._schemas):
            raise RuntimeError("not every sidecar renews its leases by a statement that is known here")
        return renewed


async def measure(running: Cluster, sagas: int) -> dict[str, Counts]:
    """The cost of a saga of each of KINDS."""
    client = Client(running.config.service("warehouse").api)
    connection = await asyncpg.connect(running.admin_dsn)
    try:
        await counting.prepare(connection)
        for kind, product in KINDS.items():
            for number in range(WARM):
                await client.order(number, product, volatile=kind == VOLATILE)
        counter, found = Counter(running, connection), {}
        idle, idle_seconds = await counter.idle()
        for kind, product in KINDS.items():
            before = await counter.moment()
            for number in range(sagas):
                await client.order(number, product, volatile=kind == VOLATILE)
                await counter.over()
            done, seconds = await counter.since(before)
            found[kind] = per_saga(done, seconds, idle, idle_seconds, sagas)
        return found
    finally:
        await client.close()
        await connection.close()


@contextmanager
def counted(directory: Path) -> Iterator[Cluster]:
    """A deployment on a Postgres of its own that counts, whatever DATABASE_URL says."""
    log_file = directory.parent / f"{directory.name}.log"
    settings = counting.SETTINGS
    with cluster(directory, {"DATABASE_URL": ""}, log_file=log_file, postgres_settings=settings) as running:
        yield running


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.bench.cost", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sagas", type=int, default=40)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "cost")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with counted(asked.directory) as running:
        found = asyncio.run(measure(running, asked.sagas))
    if asked.json:
        print(json.dumps(found))
        return 0
    for name in found["settled"]:
        print(f"{name:<26}" + "".join(f"{costs[name]:12.2f} {kind}" for kind, costs in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
