"""Measures what waiting sessions cost: the memory of a sidecar before and after many sessions wait for an event.

    python -m ops.waiting [--sessions 100000] [--json]

Every order waits for its approval at the warehouse, with a timer of its own. All of them are left waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp
import asyncpg

from ops.local import ROOT, Cluster, cluster
from ops.recovery import STARTERS, STEP_S, until

PATIENCE_S = 864_000
BATCH = 2_000


def resident_kib(pid: int) -> int:
    """The memory that a process has now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} says nothing of its memory")


async def start(session: aiohttp.ClientSession, first: int, count: int) -> None:
    """So many orders to be approved, none waited for."""
    numbers = iter(range(first, first + count))

    async def starter() -> None:
        for number in numbers:
            order = {"customer": f"customer{number % 256:03d}", "lines": [{"product": "kettle", "quantity": 1}]}
            params = {"choreography": "approve_order", "arguments": {"order": order, "patience_s": PATIENCE_S}}
            body = {"jsonrpc": "2.0", "id": number, "method": "session.start", "params": params}
            async with session.post("http://sidecar/", json=body) as answer:
                if "result" not in await answer.json():
                    raise RuntimeError("a start was refused")

    await asyncio.gather(*(starter() for _ in range(STARTERS)))


async def measure(running: Cluster, count: int) -> dict[str, float]:
    """In batches, each of which has left memory before the next one comes. What a crowd needs while it is started stays
    the allocator's, for the next crowd: so the first batch comes before, and the rest is what waiting costs."""
    sidecar = running.pid("warehouse")
    connector = aiohttp.UnixConnector(running.config.service("warehouse").api.removeprefix("http+unix:"))
    connection = await asyncpg.connect(running.admin_dsn)
    figures: dict[str, float] = {"sessions": count, "at_first_kib": resident_kib(sidecar)}
    began = time.monotonic()
    async with aiohttp.ClientSession(connector=connector) as session:
        for done in range(0, count, BATCH):
            await start(session, done, min(BATCH, count - done))
            await until(connection, "SELECT count(*) FROM warehouse.timer", min(done + BATCH, count))
            await until_gone(session)
            if not done:
                figures["after_first_batch_kib"] = resident_kib(sidecar)
            waiting, held = min(done + BATCH, count), resident_kib(sidecar)
            print(f"\r{waiting} wait, {held} KiB", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    figures["started_s"] = time.monotonic() - began
    figures["after_all_kib"] = resident_kib(sidecar)
    await connection.close()
    grown = (figures["after_all_kib"] - figures["after_first_batch_kib"]) * 1024
    figures["bytes_per_session"] = grown / max(1, count - BATCH)
    return figures


async def until_gone(session: aiohttp.ClientSession) -> None:
    """Until the sidecar has none of them in memory. Raises TimeoutError when it keeps one."""
    async with asyncio.timeout(60):
        while True:
            async with session.get("http://sidecar/health") as answer:
                if not (await answer.json())["sessions"]:
                    return
            await asyncio.sleep(STEP_S)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.waiting", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "waiting")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    with cluster(asked.directory, log_file=asked.directory / "processes.log") as running:
        figures = asyncio.run(measure(running, asked.sessions))
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<18} {value:12.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
