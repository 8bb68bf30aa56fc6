"""Where one order's time goes: its statements in time, counts, processor time by process, and flame graphs.

    python -m ops.bench.profiling [--sagas 100] [--seconds 10] [--json]

`timeline.txt` in `--directory` has the statements of one settled order, each with who sent it and when. `profile.json`
has what an order costs: statements by kind, bytes of log by kind of record, and for each process the system calls that
read or write, and processor time, alone and with many in flight. Flame graphs of all sidecars and workers are sampled
under load; sampling itself costs time, so no figure is taken meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg

from ops.bench import counting, processes
from ops.bench.client import SHIPPED, Client
from ops.bench.floors.systems import Ours
from ops.bench.measuring import in_flight
from ops.bench.profiling import flames, timeline
from ops.local import ROOT, Cluster, cluster

INFLIGHT = 32
WARM_S = 2.0
SETTLE_S = 1.0
KIND_CHARS = 100


async def one_saga(connection: asyncpg.Connection, client: Client, log_file: Path) -> list[str]:
    """The timeline of one order. The server writes every statement meanwhile."""
    await connection.execute("ALTER SYSTEM SET log_min_duration_statement = 0")
    await connection.execute("SELECT pg_reload_conf()")
    await asyncio.sleep(SETTLE_S)
    at_file, began = log_file.stat().st_size, time.time()  # noqa: ASYNC240 (nothing else is done meanwhile)
    took_ms = await client.order(0)
    await asyncio.sleep(SETTLE_S)
    await connection.execute("ALTER SYSTEM RESET log_min_duration_statement")
    await connection.execute("SELECT pg_reload_conf()")
    with log_file.open("rb") as log:
        log.seek(at_file)
        lines = log.read().decode(errors="replace").splitlines()
    # what it does behind its answer is shown, too: the next saga waits for it
    return timeline.shown(timeline.events(lines, began, began + took_ms / 1000 + 0.1), took_ms)


async def counts(connection: asyncpg.Connection, running: Cluster, client: Client, sagas: int) -> dict[str, Any]:
    """What each of so many orders costs, one at a time, with what is done by time alone."""
    schemas = [service.schema for service in running.config.services.values()]
    pids = named(running)
    before, calls = await counting.read(connection, schemas), _calls(pids)
    cpu = _cpu(pids)
    for number in range(sagas):
        await client.order(number)
    work = await counting.between(connection, before, await counting.read(connection, schemas))
    statements = Counter[str]()
    for (role, top, text), count in work.statements.items():
        if role.endswith(("_sidecar", "_worker", "_owner")):
            kind = role.rsplit("_", 1)[1] if top else "in functions"
            statements[f"{kind}: {' '.join(text.split())[:KIND_CHARS]}"] += count
    return {
        "statements": {text: count / sagas for text, count in statements.most_common()},
        "WAL bytes": {kind: size / sagas for kind, size in work.wal.most_common()},
        "commits": work.commits / sagas,
        "messages": work.messages / sagas,
        "system calls": {name: (count - calls[name]) / sagas for name, count in _calls(pids).items()},
        "CPU ms @1": {name: (spent - cpu[name]) * 1000 / sagas for name, spent in _cpu(pids).items()},
    }


def named(running: Cluster) -> dict[str, int]:
    """The sidecars and workers by name."""
    services = list(running.config.services)
    return {name: running.pid(name) for name in (*services, *(f"{service}-worker" for service in services))}


def _calls(pids: dict[str, int]) -> dict[str, int]:
    return {name: processes.system_calls([pid]) for name, pid in pids.items()}


def _cpu(pids: dict[str, int]) -> dict[str, float]:
    return {name: processes.cpu_seconds([pid]) for name, pid in pids.items()}


async def profile(running: Cluster, sagas: int, seconds: float, directory: Path, log_file: Path) -> dict[str, Any]:
    connection = await asyncpg.connect(running.admin_dsn)
    client = Client(running.config.service("warehouse").api)
    ours = Ours(client, ())
    pids = named(running)
    server = running.pid("postgres")
    try:
        await counting.prepare(connection)
        await in_flight(ours, INFLIGHT, WARM_S)
        found = await counts(connection, running, client, sagas)
        lines = await one_saga(connection, client, log_file)
        cpu = {**_cpu(pids), "postgres": processes.cpu_seconds(processes.below(server))}
        took, _ = await in_flight(ours, INFLIGHT, seconds)
        after = {**_cpu(pids), "postgres": processes.cpu_seconds(processes.below(server))}
        found[f"CPU ms @{INFLIGHT}"] = {name: (after[name] - cpu[name]) * 1000 / len(took) for name in cpu}
        load = asyncio.create_task(in_flight(ours, INFLIGHT, seconds + WARM_S))
        said = await flames.record(pids, seconds, directory)
        await load
    finally:
        await client.close()
        await connection.close()
    (directory / "timeline.txt").write_text("\n".join(lines) + "\n")
    (directory / "profile.json").write_text(json.dumps(found, indent=1))
    print("\n".join([*lines, *said]), file=sys.stderr)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ops.bench.profiling", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--sagas", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "profile")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    log_file = asked.directory.parent / f"{asked.directory.name}.log"
    settings = {**counting.SETTINGS, "log_line_prefix": timeline.PREFIX}
    with cluster(asked.directory, {"DATABASE_URL": ""}, log_file=log_file, postgres_settings=settings) as running:
        found = asyncio.run(profile(running, asked.sagas, asked.seconds, asked.directory, log_file))
    if asked.json:
        print(json.dumps(found))
        return 0
    for title, told in found.items():
        print(f"\n{title} of one {SHIPPED}'s order")
        if isinstance(told, dict):
            print("\n".join(f"  {value:9.2f}  {name}" for name, value in told.items() if value >= 0.05))
        else:
            print(f"  {told:9.2f}")
    print(f"\nall of it: {asked.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
