"""Measures how long a sidecar takes to recover many open sessions, after a kill and by take-over.

    python -m ops.recovery [--sessions 10000] [--json]

Payment's worker is stopped (SIGSTOP), so every order waits for its charge, and is open at warehouse and at payment.
Then payment's sidecar is killed. Its keeper starts it again, and the old lease has to run out before the sweep. Times
are from the kill. "taken over": the new process holds all shards. "swept": every open session is in memory again, and
has made its call again. Then the worker goes on, and all orders have to settle.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from ops.local import ROOT, Cluster, cluster

STARTERS = 32
STEP_S = 0.05


async def start(session: aiohttp.ClientSession, count: int) -> None:
    """So many orders, none waited for."""
    numbers = iter(range(count))

    async def starter() -> None:
        for number in numbers:
            order = {"customer": f"customer{number % 256:03d}", "lines": [{"product": "kettle", "quantity": 1}]}
            params = {"choreography": "fulfil_order", "arguments": {"order": order}}
            body = {"jsonrpc": "2.0", "id": number, "method": "session.start", "params": params}
            async with session.post("http://sidecar/", json=body) as answer:
                if "result" not in await answer.json():
                    raise RuntimeError("a start was refused")

    await asyncio.gather(*(starter() for _ in range(STARTERS)))


async def until(connection: asyncpg.Connection, query: str, wanted: Any, seconds: float = 600.0) -> float:
    """Ask until the answer is as wanted; how long that took."""
    began = time.monotonic()
    while (found := await connection.fetchval(query)) != wanted:
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"{query}: {found}, not {wanted}")
        await asyncio.sleep(STEP_S)
    return time.monotonic() - began


async def in_memory(api: str, wanted: int) -> None:
    """Until a sidecar says that it has so many sessions in memory."""
    connector = aiohttp.UnixConnector(api.removeprefix("http+unix:"))
    async with aiohttp.ClientSession(connector=connector) as session:
        while True:
            try:
                async with session.get("http://sidecar/health") as answer:
                    if (await answer.json())["sessions"] >= wanted:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(STEP_S)


async def measure(running: Cluster, count: int) -> dict[str, float]:
    worker, sidecar = running.pid("payment-worker"), running.pid("payment")
    connector = aiohttp.UnixConnector(running.config.service("warehouse").api.removeprefix("http+unix:"))
    connection = await asyncpg.connect(running.admin_dsn)
    figures: dict[str, float] = {"sessions": count}
    os.kill(worker, signal.SIGSTOP)
    try:
        async with aiohttp.ClientSession(connector=connector) as session:
            began = time.monotonic()
            await start(session, count)
            figures["started_s"] = time.monotonic() - began
        waiting = "SELECT count(*) FROM payment.inbox WHERE receiver = 'payment' AND kind = 'choice'"
        await until(connection, waiting, count)
        await in_memory(running.config.service("payment").api, count)
        os.kill(sidecar, signal.SIGKILL)
        killed = time.monotonic()
        held = f"SELECT count(*) FROM payment.shard WHERE owner IS NOT NULL AND owner NOT LIKE '%/{sidecar}/%'"  # noqa: S608
        await until(connection, held, 64)
        figures["taken_over_s"] = time.monotonic() - killed
        await in_memory(running.config.service("payment").api, count)
        figures["swept_s"] = time.monotonic() - killed
    finally:
        os.kill(worker, signal.SIGCONT)
    figures["sweep_alone_s"] = figures["swept_s"] - figures["taken_over_s"]
    figures["all_settled_s"] = await until(
        connection, "SELECT count(*) FROM warehouse.session WHERE outcome = 'settled'", count
    )
    await connection.close()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.recovery", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "recovery")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    with cluster(asked.directory, log_file=asked.directory / "processes.log") as running:
        figures = asyncio.run(measure(running, asked.sessions))
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<16} {value:10.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
