"""Runs the deployment on a given database, and answers orders by POST until it is told to end.

    python -m ops.bench.external --spec > external.json     how another benchmark starts this, and where it posts
    python -m ops.bench.external --database DSN --directory DIR --port PORT

`POST /orders` takes an order as JSON and answers `{"outcome": "done"}` or `{"outcome": "aborted"}`, when its session
has settled or ended. This process only translates: it costs a hop over loopback, which counts as Accompanist's. The
database has the benchmark's tables, and the login may make roles and schemas.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from aiohttp import web

from accompanist.log import names
from ops.bench.client import Client
from ops.bench.external.worker import SERVICES
from ops.local import ROOT, Cluster, cluster

HERE = Path(__file__).parent
OUTCOMES = {"settled": "done", "ended": "aborted"}


def spec() -> dict[str, Any]:
    """How to start it from anywhere; `{dsn}`, `{dir}` and `{port}` are the other benchmark's to fill in."""
    place = ["--database", "{dsn}", "--directory", "{dir}", "--port", "{port}"]
    argv = [sys.executable, "-m", "ops.bench.external", *place]
    return {
        "what": "Accompanist: shipped sidecars and workers, fence on, answered when settled",
        "start": [{"label": "accompanist", "argv": argv, "cwd": str(ROOT)}],
        "ready": ["http://127.0.0.1:{port}/ready"],
        "submit": "http://127.0.0.1:{port}/orders",
    }


def grant(running: Cluster) -> None:
    """Let the workers use the benchmark's tables."""

    async def granted() -> None:
        connection = await asyncpg.connect(running.admin_dsn)
        try:
            for role, service in SERVICES.items():
                schema, worker = role.lower(), names.worker_role(service)
                await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {worker}")
                await connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {worker}")
        finally:
            await connection.close()

    asyncio.run(granted())


async def serve(running: Cluster, port: int) -> None:
    """Answer until SIGTERM or SIGINT."""
    client = Client(running.config.service("bench_warehouse").api)

    async def post(request: web.Request) -> web.Response:
        _, said = await client.start("order_saga", {"order": await request.json()})
        outcome = OUTCOMES.get(said.get("result", {}).get("outcome"))
        if outcome is None:
            return web.json_response(said, status=500)
        return web.json_response({"outcome": outcome})

    async def ready(request: web.Request) -> web.Response:
        return web.Response(text="ready")

    application = web.Application()
    application.add_routes([web.post("/orders", post), web.get("/ready", ready)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()
    await runner.cleanup()
    await client.close()


def main() -> int:
    described = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m ops.bench.external", description=described)
    parser.add_argument("--spec", action="store_true", help="print how to start it, as JSON, and end")
    parser.add_argument("--database", default="", help="the address of the benchmark's database")
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "external")
    parser.add_argument("--port", type=int, default=7300)
    asked = parser.parse_args()
    if asked.spec:
        print(json.dumps(spec(), indent=1))
        return 0
    if not asked.database:
        parser.error("--database is needed")
    with cluster(
        asked.directory / "accompanist",
        {"DATABASE_URL": asked.database},
        procfile=HERE / "Procfile",
        config_file=HERE / "accompanist.toml",
        log_file=asked.directory / "processes.log",
        arrange=grant,
    ) as running:
        uvloop.run(serve(running, asked.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
