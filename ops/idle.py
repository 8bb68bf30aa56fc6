"""Measures the CPU time of a deployment without work.

The time of its sidecars, its workers and the server's processes is shown as a share of one core. It is CPU time, and
not elapsed time, because other programs may use the machine.

    python -m ops.idle [--seconds 30] [--json]            # ACCOMPANIST_PG_BIN chooses the Postgres

The server has its default settings, with jit. Only the settings for durability are set here.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ops.local import ROOT, Cluster, cluster

SETTLED_S = 15.0
"""After the start, and what autovacuum then looks at."""


def ran_ns(pid: int) -> int:
    """How long the threads of a process have run; 0 where it is gone."""
    try:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return 0


def children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == parent:
            found.append(int(status.parent.name))
    return found


def ran(pids: Iterable[int]) -> dict[int, int]:
    return {pid: ran_ns(pid) for pid in pids}


def parts(running: Cluster) -> dict[str, dict[int, int]]:
    services = list(running.config.services)
    postmaster = running.pid("postgres")
    return {
        "sidecars": ran(running.pid(service) for service in services),
        "workers": ran(running.pid(f"{service}-worker") for service in services),
        "server": ran([postmaster, *children(postmaster)]),
    }


def measure(running: Cluster, seconds: float) -> dict[str, float]:
    """The share of one core, in percent. A process that ends meanwhile is not counted, one that begins is, whole."""
    time.sleep(SETTLED_S)
    before, began = parts(running), time.monotonic()
    time.sleep(seconds)
    after, took_ns = parts(running), (time.monotonic() - began) * 1e9
    shares = {
        name: sum(now - before[name].get(pid, 0) for pid, now in found.items()) / took_ns * 100
        for name, found in after.items()
    }
    return {**shares, "all": sum(shares.values())}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.idle", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "idle")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    with cluster(asked.directory, log_file=asked.directory / "processes.log") as running:
        figures = measure(running, asked.seconds)
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, percent in figures.items():
            print(f"{name:<10} {percent:6.2f} % of a core")
    return 0


if __name__ == "__main__":
    sys.exit(main())
