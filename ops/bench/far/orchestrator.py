"""An orchestrator beside which the chains are measured: it calls the same workers, one after the other.

    python -m ops.bench.far.orchestrator SOCKET WORKER_URL ...

It answers `session.start` of `chainN` like a sidecar's API, over HTTP at a unix socket, and asks the first N workers,
each through the same fence as a sidecar's call. The answer has the milliseconds that it waited for all of them
(`workers_ms`). It ends when its input does, so that it does not outlive who started it.

Not promised: anything after a crash, or when a worker declines. It keeps no log, so it takes less than an orchestrator
that does.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvloop
from aiohttp import web

from accompanist import limits
from accompanist.rpc import meta
from accompanist.rpc.client import WorkerClient, connect
from accompanist.runtime.answers import Replied


async def chain(workers: Sequence[WorkerClient], session: UUID, value: str) -> str:
    """The transactions of a chain, in a row. Raises RuntimeError when one is not done."""
    for hop, worker in enumerate(workers, 1):
        about = meta.write(meta.Meta(session=session, role=f"r{hop}", site=str(hop)))
        arguments = msgspec.json.encode({"value": value})
        answer = await worker.call("step", arguments, about, limits.call_timeout_ms)
        if not isinstance(answer, Replied):
            raise RuntimeError(f"worker {hop} did not do its step: {answer}")
        value = msgspec.json.decode(answer.value, type=str)
    return value


async def serve(socket: str, urls: Sequence[str]) -> None:
    workers = [connect(url) for url in urls]

    async def post(request: web.Request) -> web.Response:
        asked: dict[str, Any] = (await request.json())["params"]
        length = int(asked["choreography"].removeprefix("chain"))
        began = time.perf_counter()
        value = await chain(workers[:length], uuid4(), asked["arguments"]["v0"])
        took = (time.perf_counter() - began) * 1000
        return web.json_response({"result": {"outcome": "settled", "result": value, "workers_ms": took}})

    application = web.Application()
    application.add_routes([web.post("/", post)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()
    for worker in workers:
        await worker.close()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2:]))
