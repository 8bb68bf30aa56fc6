"""The worker process: start, serve, and stop cleanly.

Before it listens, it checks that the crash points are configured correctly, that every operation has a handler, that
the database answers, and that the schema has its fence. SIGTERM and SIGINT stop it: it accepts no new call, lets calls
under way finish within a time, and cancels the rest, which rolls them back.

If the database becomes unavailable later, the worker goes on: calls are answered "retry later" until it is back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import asyncpg
import structlog
import uvloop

from accompanist import crashpoints, garbage, limits, terminal
from accompanist.errors import AccompanistError, OperatorError
from accompanist.rpc import tokens
from accompanist.rpc.access import Access
from accompanist.rpc.address import located
from accompanist.rpc.server import Server, serve
from accompanist.telemetry import logs
from accompanist.telemetry.export import open_telemetry
from accompanist.telemetry.serve import around
from accompanist.worker import database, fence
from accompanist.worker.contract import TRANSACTION
from accompanist.worker.execution import Execution
from accompanist.worker.fence import Fence
from accompanist.worker.port import WorkerDatabase
from accompanist.worker.sdk import Worker
from accompanist.worker.volatile import VolatileMemory

CALL = frozenset({"call"})
"""The right of a worker's tokens: to call its operations. A token file has a single word, the sidecar's token, or lines
of the form `payment call TOKEN`."""
Install = Callable[[str], Awaitable[None]]

logger = structlog.get_logger("accompanist.worker")


class Running:
    """A running worker."""

    def __init__(self, server: Server, database: WorkerDatabase) -> None:
        self._server = server
        self._database = database
        self.url = server.url

    async def stop(self, within_ms: int = limits.drain_ms) -> None:
        """Let calls under way finish within a time, then close all connections."""
        await self._server.stop(within_ms)
        await self._database.close()


async def start(
    worker: Worker, url: str, dsn: str = "", *, allow_remote: bool = False, token_file: Path | None = None
) -> Running:
    """Serve a worker at `url` on the database at `dsn`, unless its driver was given a pool that has the address. With a
    `token_file`, an HTTP worker only answers callers with one of its tokens, and may then listen off this machine,
    behind a TLS proxy. Raises AuthorError, OperatorError."""
    worker.check()
    known = tokens.read(token_file, CALL, alone="sidecar") if token_file else ()
    opened = await worker.database.open(dsn, worker.schema, worker.isolation)
    try:
        async with opened.connection() as connection:
            await fence.verify(connection, worker.schema)
        memory = VolatileMemory(uuid4().hex)
        handlers = worker.handlers(Execution(opened, Fence(worker.schema), memory))
        transactions = {name for name, operation in worker.contract.items() if operation.kind == TRANSACTION}

        def sent(method: str) -> None:
            if method in transactions:
                crashpoints.reached("worker.reply_sent")

        access = Access(known, dict.fromkeys(handlers, *CALL)) if known else None
        remote = allow_remote or access is not None
        return Running(await serve(handlers, url, allow_remote=remote, sent=sent, access=access), opened)
    except BaseException:
        await opened.close()
        raise


def main(worker: Worker, install: Install, arguments: Sequence[str] | None = None) -> int:
    """The main program of a worker: read command line and environment, install if asked to, serve until stopped.

    `--url`, `--database` and `--token-file` may come from NAME_WORKER_URL, NAME_WORKER_DATABASE and
    NAME_WORKER_TOKEN_FILE, NAME being the role's, and DATABASE_URL.
    """
    try:
        asked = _read_arguments(worker, arguments, os.environ)
        logs.set_up(f"{asked.service}-worker", os.environ)
        crashpoints.arm(asked.service)
        uvloop.run(_run(worker, install, asked))
    except AccompanistError as problem:
        print(terminal.lines(str(problem.advised())), file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _read_arguments(
    worker: Worker, arguments: Sequence[str] | None, environment: Mapping[str, str]
) -> argparse.Namespace:
    name = worker.role.__name__
    prefix = f"{name.upper()}_WORKER"
    parser = argparse.ArgumentParser(description=f"The worker of the role {name}.")
    parser.add_argument("--url", default=environment.get(f"{prefix}_URL"), help="where to listen: unix:, tcp:, http:")
    parser.add_argument(
        "--database",
        default=environment.get(f"{prefix}_DATABASE") or environment.get("DATABASE_URL"),
        help="the DSN of the worker's own database",
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        default=environment.get(f"{prefix}_TOKEN_FILE") or None,
        help="whoever calls over http: has to bear a token of this file",
    )
    parser.add_argument("--install", action="store_true", help="create schema, tables and fence first")
    parser.add_argument(
        "--service", default=worker.schema.removesuffix("_worker"), help="the service's name, in logs and crash points"
    )
    asked = parser.parse_args(arguments)
    needed = {"url": not asked.install, "database": asked.install or worker.database.addressed}
    for option in ("url", "database"):
        if needed[option] and not getattr(asked, option):
            parser.error(f"--{option} or {prefix}_{option.upper()} is needed")
    if asked.url:
        asked.url = located(asked.url, Path.cwd())
    return asked


async def _run(worker: Worker, install: Install, asked: argparse.Namespace) -> None:
    if asked.install:
        await _installed(install, asked.database)
    if not asked.url:
        done = "installed; it has no --url to listen at, so it serves nothing and ends here"
        print(f"{asked.service}-worker: {done}", file=sys.stderr)  # noqa: T201
        return
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    telemetry = open_telemetry(f"{asked.service}-worker", os.environ)
    if telemetry.enabled:
        worker.around = around(telemetry, worker.role.__name__)
    try:
        running = await start(worker, asked.url, asked.database or "", token_file=asked.token_file)
        garbage.started()
        logger.info("worker.ready", address=running.url, schema=worker.schema)
        await stopping.wait()
        logger.info("worker.stopping")
        await running.stop()
    finally:
        telemetry.close()


async def _installed(install: Install, dsn: str) -> None:
    try:
        await install(dsn)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        raise OperatorError(database.UNREACHABLE, f"cannot install ({type(problem).__name__})") from None
