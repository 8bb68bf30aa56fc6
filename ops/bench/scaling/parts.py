"""Where the processor time and the bytes of one saga go: by kind of process, and by table.

Bytes are what tables grow by, with their indexes and what is stored out of line. With large values that is nearly what
the server writes to its log for them.

Not promised: anything while something else writes to these tables. Space that a vacuum has given back is used again,
and does not count.
"""

from __future__ import annotations

import asyncpg

from ops.bench import processes
from ops.bench.scaling.points import Point
from ops.local import Cluster

TABLES = ("inbox", "result", "session", "outbox", "fence_call")
"""Of logs and of workers' schemas: all that hold values."""
_BACKENDS = r"""
SELECT pid, CASE WHEN usename LIKE '%\_sidecar' THEN 'log' ELSE 'fence' END
FROM pg_stat_activity WHERE usename LIKE '%\_sidecar' OR usename LIKE '%\_worker'"""
BYTES = """
SELECT relname, sum(pg_total_relation_size(oid))::float8 FROM pg_class
WHERE relname = ANY ($1) AND relkind = 'r' GROUP BY relname"""


class Parts:
    """What has been used by now."""

    def __init__(self, cpu: dict[str, float], sizes: dict[str, float]) -> None:
        self._cpu, self._sizes = cpu, sizes

    def since(self, before: Parts, sagas: int) -> Point:
        """What each of so many sagas has used since then."""
        spent = {f"CPU ms {name}": (now - before._cpu.get(name, 0.0)) * 1000 for name, now in self._cpu.items()}
        grown = {f"KiB {name}": (now - before._sizes.get(name, 0.0)) / 1024 for name, now in self._sizes.items()}
        return {name: figure / sagas for name, figure in (spent | grown).items()}


async def read(connection: asyncpg.Connection, running: Cluster) -> Parts:
    """What the processes of a deployment have used by now, and how large its tables are."""
    services = list(running.config.services)
    pids: dict[str, list[int]] = {
        "sidecars": [running.pid(name) for name in services],
        "workers": [running.pid(f"{name}-worker") for name in services],
        "log": [],
        "fence": [],
    }
    for pid, kind in await connection.fetch(_BACKENDS):
        pids[kind].append(pid)
    cpu = {name: processes.cpu_seconds(of_kind) for name, of_kind in pids.items()}
    return Parts(cpu, dict(await connection.fetch(BYTES, TABLES)))
