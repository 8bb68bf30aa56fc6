"""The benchmark: the order saga on the whole system, as a client of the warehouse sees it.

    python -m ops.bench [--count N] [--seconds S] [--inflight 32] [--rounds R] [--json]

One order is `session.start` with a wait, over one persistent connection. Its time is that from the request to the
settled result. First one order runs at a time, then `--inflight` closed loops for `--seconds`. CPU is the user and
system time of all processes of the deployment, with Postgres and its backends, without this driver. Flushes are
Postgres's own count of WAL syncs. Each figure is the median of the rounds, with the smallest and the largest. Machines
differ and are shared, so compare only figures of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from ops.local import ROOT, Cluster, cluster

CROWD = 256
TICKS = os.sysconf("SC_CLK_TCK")


class Client:
    """A client of the warehouse's API with kept connections."""

    def __init__(self, api: str) -> None:
        if api.startswith("http+unix:"):
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(api.removeprefix("http+unix:"), limit=0)
            )
            self._url = "http://sidecar/"
        else:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
            self._url = urlsplit(api).geturl()

    async def order(self, number: int) -> float:
        """One order from request to settlement, in milliseconds."""
        order = {"customer": f"customer{number % CROWD:03d}", "lines": [{"product": "kettle", "quantity": 1}]}
        params = {"choreography": "fulfil_order", "arguments": {"order": order}, "wait_ms": 60_000}
        began = time.perf_counter()
        body = {"jsonrpc": "2.0", "id": number, "method": "session.start", "params": params}
        async with self._session.post(self._url, json=body) as answer:
            said = await answer.json()
        took = (time.perf_counter() - began) * 1000
        if said.get("result", {}).get("outcome") != "settled":
            raise RuntimeError(f"order {number} did not settle: {said}")
        return took

    async def close(self) -> None:
        await self._session.close()


async def one_at_a_time(client: Client, count: int) -> list[float]:
    return [await client.order(number) for number in range(count)]


async def in_flight(client: Client, loops: int, seconds: float) -> list[float]:
    """Closed loops until the time is over; the latencies."""
    until, took = time.perf_counter() + seconds, []

    async def loop(number: int) -> None:
        while time.perf_counter() < until:
            took.append(await client.order(number))
            number += loops

    await asyncio.gather(*(loop(number) for number in range(loops)))
    return took


async def flushes(dsn: str) -> int:
    """WAL syncs since the server started."""
    connection = await asyncpg.connect(dsn)
    try:
        if connection.get_server_version().major >= 18:
            query = "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"
        else:
            query = "SELECT wal_sync FROM pg_stat_wal"
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


def cpu_seconds(root: int) -> float:
    """User and system time of everything below this process, itself left out."""
    return sum(_ticks(pid) for pid in _below(root)) / TICKS


def _below(root: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    frontier = list(parents.get(root, ()))
    while frontier:
        pid = frontier.pop()
        yield pid
        frontier.extend(parents.get(pid, ()))


def _stat(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


async def measure(running: Cluster, count: int, loops: int, seconds: float) -> dict[str, float]:
    """One round."""
    client = Client(running.config.service("warehouse").api)
    try:
        await in_flight(client, loops, 2.0)
        syncs, alone = await flushes(running.admin_dsn), await one_at_a_time(client, count)
        figures = _percentiles("1", alone)
        figures["flushes/saga @1"] = (await flushes(running.admin_dsn) - syncs) / count
        syncs, cpu = await flushes(running.admin_dsn), cpu_seconds(os.getpid())
        took = await in_flight(client, loops, seconds)
        figures[f"sagas/s @{loops}"] = len(took) / seconds
        figures |= _percentiles(str(loops), took)
        figures[f"CPU ms/saga @{loops}"] = (cpu_seconds(os.getpid()) - cpu) * 1000 / len(took)
        figures[f"flushes/saga @{loops}"] = (await flushes(running.admin_dsn) - syncs) / len(took)
        return figures
    finally:
        await client.close()


def _percentiles(at: str, took: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return {f"p{p} ms @{at}": cuts[p - 1] for p in (50, 95, 99)}


def report(rounds: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Per figure: median, smallest, largest."""
    return [
        {"figure": name, "median": statistics.median(values), "min": min(values), "max": max(values)}
        for name in rounds[0]
        if (values := [one[name] for one in rounds])
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.bench", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=300, help="orders one at a time")
    parser.add_argument("--seconds", type=float, default=10.0, help="time with many in flight")
    parser.add_argument("--inflight", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "bench")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rounds = []
    with cluster(asked.directory, log_file=None if asked.json else asked.directory.parent / "bench.log") as running:
        for number in range(asked.rounds):
            print(f"round {number + 1} of {asked.rounds} ...", file=sys.stderr, flush=True)
            rounds.append(asyncio.run(measure(running, asked.count, asked.inflight, asked.seconds)))
    lines = report(rounds)
    if asked.json:
        print(json.dumps(lines))
    else:
        for line in lines:
            print(f"{line['figure']:<22} {line['median']:9.2f}   [{line['min']:.2f} .. {line['max']:.2f}]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
