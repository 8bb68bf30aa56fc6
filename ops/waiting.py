"""What sessions that wait cost: the memory of a sidecar before and after so many wait for an event.

    python -m ops.waiting [--sessions 100000] [--json]

Every order waits for its approval at the warehouse, with a timer of its own beside it. All of them are left waiting.
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
from ops.recovery import STARTERS, until

PATIENCE_S = 864_000


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
    """Some are started first, so that what a sidecar needs at all is not counted as theirs."""
    sidecar = running.pid("warehouse")
    connector = aiohttp.UnixConnector(running.config.service("warehouse").api.removeprefix("http+unix:"))
    connection = await asyncpg.connect(running.admin_dsn)
    waiting = "SELECT count(*) FROM warehouse.timer"
    warm = min(2_000, count // 10)
    async with aiohttp.ClientSession(connector=connector) as session:
        await start(session, 0, warm)
        await until(connection, waiting, warm)
        before = resident_kib(sidecar)
        began = time.monotonic()
        await start(session, warm, count - warm)
        await until(connection, waiting, count)
        took = time.monotonic() - began
        async with session.get("http://sidecar/health") as answer:
            held = (await answer.json())["sessions"]
    await asyncio.sleep(2)  # what is under way in the sidecar ends
    after = resident_kib(sidecar)
    await connection.close()
    return {
        "sessions": count,
        "started_s": took,
        "held_in_memory": held,
        "before_kib": before,
        "after_kib": after,
        "bytes_per_session": (after - before) * 1024 / (count - warm),
    }


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
