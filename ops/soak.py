"""The soak test: orders at a constant rate for minutes, during which the tables must not grow.

    python -m ops.soak [--minutes 15] [--rate 20] [--collect-after 20] [--tombstone 3600] [--json]

Sessions are collected soon, so a run of minutes has many collections: after `collect-after` seconds as many rows go as
come. The rows that refuse late messages and remember keys stay for `tombstone` seconds more, an hour at least. In a
shorter run those tables only grow, so they are shown and not judged. In the second part of the run the rows and bytes
of every table and of its indexes are sampled, and a line is fitted: its slope per minute, with its standard error.
Beside it stands the growth without collection. Every order has to settle. Rows are counted, not estimated.

Bytes may rise in steps and stay: Postgres keeps the pages of deleted rows and uses them again. An index over random ids
has half-empty pages in the end, but only after many times its number of live rows. The exit code is 1 if any table
gains more rows than a twentieth of what comes in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from accompanist import limits
from ops.bench.client import Client
from ops.local import ROOT, Cluster, cluster

SAMPLE_S = 5.0
TABLES = (
    "session", "stub", "inbox", "arrival", "result", "outbox", "forgotten", "timer", "version", "projection", "audit",
    "replica", "shard", "request", "marker",
)  # fmt: skip
FENCES = ("fence_call", "fence_shut")
KEPT = ("stub", "request", "forgotten", *FENCES)
"""What stays for as long as late messages are refused."""
IN_FLIGHT_MAX = 256


@dataclass
class Sample:
    """Rows and bytes by table at one moment; `indexes`: the bytes of a table's indexes alone."""

    at: float
    rows: dict[str, int]
    heap: dict[str, int]
    indexes: dict[str, int]


async def sample(connection: asyncpg.Connection, services: list[str], began: float) -> Sample:
    rows, heap, indexes = {}, {}, {}
    places = [(f"{name}.{table}", name) for name in services for table in TABLES]
    places += [(f"{name}_worker.{table}", name) for name in services for table in FENCES]
    for place, _ in places:
        rows[place] = await connection.fetchval(f"SELECT count(*) FROM {place}")  # noqa: S608 (names of ours)
        heap[place] = await connection.fetchval("SELECT pg_table_size($1::text::regclass)", place)
        indexes[place] = await connection.fetchval("SELECT pg_indexes_size($1::text::regclass)", place)
    return Sample(time.monotonic() - began, rows, heap, indexes)


async def load(client: Client, rate: float, seconds: float) -> list[float]:
    """Orders started at a constant rate, whatever the answers take; their latencies."""
    began, took, flying = time.monotonic(), list[float](), set[asyncio.Task[None]]()

    async def one(number: int) -> None:
        took.append(await client.order(number))

    number = 0
    while (now := time.monotonic()) < began + seconds:
        due = began + number / rate
        if due > now:
            await asyncio.sleep(due - now)
        if len(flying) >= IN_FLIGHT_MAX:
            raise RuntimeError(f"{IN_FLIGHT_MAX} orders in flight: the rate is too high for this machine")
        task = asyncio.create_task(one(number))
        flying.add(task)
        task.add_done_callback(flying.discard)
        number += 1
    await asyncio.gather(*flying)
    return took


async def watch(dsn: str, services: list[str], seconds: float) -> list[Sample]:
    connection = await asyncpg.connect(dsn)
    began, samples = time.monotonic(), list[Sample]()
    try:
        while (now := time.monotonic() - began) < seconds:
            samples.append(await sample(connection, services, began))
            await asyncio.sleep(max(0.0, SAMPLE_S - (time.monotonic() - began - now)))
    finally:
        await connection.close()
    return samples


def slope(times: list[float], values: list[int]) -> tuple[float, float]:
    """Least squares, per minute, with the standard error of the slope."""
    fit = statistics.linear_regression(times, values)
    residuals = [value - fit.slope * at - fit.intercept for at, value in zip(times, values, strict=True)]
    mean = statistics.fmean(times)
    spread = sum((at - mean) ** 2 for at in times)
    error = (sum(r * r for r in residuals) / (len(times) - 2) / spread) ** 0.5
    return fit.slope * 60, error * 60


def judge(samples: list[Sample], settled_from: float, rate: float, kept: bool) -> list[dict[str, Any]]:
    """Per table: before and after, and the slopes of the part in which as much should go as comes. `kept`: the run was
    too short for what refuses late messages to go."""
    part = [one for one in samples if one.at >= settled_from]
    times = [one.at for one in part]
    lines = []
    for place in samples[0].rows:
        line: dict[str, Any] = {"table": place}
        for what, scale in (("rows", 1), ("heap", 1000), ("indexes", 1000)):
            values = [getattr(one, what)[place] for one in part]
            grows, error = slope(times, values)
            line[what] = [values[0] // scale, values[-1] // scale]
            line[f"{what}_per_minute"], line[f"{what}_error"] = grows / scale, error / scale
        line["kept"] = kept and place.rpartition(".")[2] in KEPT
        line["flat"] = line["kept"] or line["rows_per_minute"] - 2 * line["rows_error"] < rate * 60 / 20
        lines.append(line)
    return lines


async def soak(running: Cluster, asked: argparse.Namespace) -> dict[str, Any]:
    client = Client(running.config.service("warehouse").api)
    services, seconds = list(running.config.services), asked.minutes * 60
    try:
        took, samples = await asyncio.gather(
            load(client, asked.rate, seconds), watch(running.admin_dsn, services, seconds)
        )
    finally:
        await client.close()
    kept = seconds < asked.collect_after + asked.tombstone + 30
    settled_from = max(asked.collect_after + 30 + (0 if kept else asked.tombstone), seconds / 4)
    cuts = statistics.quantiles(took, n=100)
    return {
        "orders": len(took),
        "minutes": asked.minutes,
        "rate": asked.rate,
        "p50_ms": cuts[49],
        "p99_ms": cuts[98],
        "fitted_from_s": settled_from,
        "tables": judge(samples, settled_from, asked.rate, kept),
    }


def show(told: dict[str, Any]) -> None:
    print(
        f"{told['orders']} orders in {told['minutes']:g} min, all settled; p50 {told['p50_ms']:.1f} ms, "
        f"p99 {told['p99_ms']:.1f} ms; lines fitted from {told['fitted_from_s']:.0f} s on; "
        f"{told['rate'] * 60:.0f} orders a minute came in"
    )
    print(f"{'table':<30} {'rows':>15} {'a minute':>16} {'kB':>13} {'a minute':>16} {'index kB':>13} {'a minute':>16}")
    for line in told["tables"]:
        parts = [
            f"{f'{line[what][0]} > {line[what][1]}':>{width}} "
            f"{line[f'{what}_per_minute']:>8.1f} ± {line[f'{what}_error']:<5.1f}"
            for what, width in (("rows", 15), ("heap", 13), ("indexes", 13))
        ]
        print(f"{line['table']:<30} {' '.join(parts)}{_verdict(line)}")


def _verdict(line: dict[str, Any]) -> str:
    if line["kept"]:
        return "  kept longer than the run"
    return "" if line["flat"] else "  GROWS"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.soak", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=20.0, help="orders a second")
    parser.add_argument("--collect-after", type=int, default=20, help="seconds")
    parser.add_argument("--tombstone", type=int, default=limits.tombstone_floor_s, help="seconds")
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "soak")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    ages = {"COLLECT_AFTER_S": asked.collect_after, "TOMBSTONE_S": asked.tombstone}
    environ = {
        f"ACCOMPANIST_SERVICE_{service}_{key}": str(seconds)
        for service in ("WAREHOUSE", "PAYMENT", "LOYALTY")
        for key, seconds in ages.items()
    }
    asked.directory.mkdir(parents=True, exist_ok=True)
    with cluster(asked.directory, environ, log_file=asked.directory / "processes.log") as running:
        told = asyncio.run(soak(running, asked))
    if asked.json:
        print(json.dumps(told))
    else:
        show(told)
    return 0 if all(line["flat"] for line in told["tables"]) else 1


if __name__ == "__main__":
    sys.exit(main())
