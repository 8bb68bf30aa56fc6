"""A call in each language waits for Postgres as seldom as it can: BEGIN goes with enter, and leave with COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from accompanist.rpc import address
from accompanist.worker import start
from tests.conformance.test_languages import READY_S, asked, go, listening, node, process
from tests.postgres import Database
from tests.round_trips import counted
from workers.till import till

WAITING_S = 20.0
CALL = ["BEGIN", "fence_enter", "INSERT", "fence_leave", "COMMIT"]


async def put(place: address.Address, cents: int, session: str) -> dict[str, Any]:
    """The answer to one call; `put` has one statement of its own."""
    about = {"session": session, "role": "till", "site": "1"}
    params = {"drawer": "a", "entry": {"cents": cents, "note": "", "pause_ms": 0}, "_meta": about}
    return await asked(place, msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": "put", "params": params}))


@asynccontextmanager
async def serving(language: str, url: str, dsn: str) -> AsyncIterator[address.Address]:
    """A worker with one connection that is used, until it has ended by itself."""
    if language == "python":
        running = await start(till.worker, url, dsn)
        yield address.parse(url)
        await running.stop(0)
        return
    command = {"node": node, "go": go}[language]()
    told = {"TILL_WORKER_URL": url, "TILL_WORKER_DATABASE": dsn, "TILL_WORKER_CONNECTIONS": "1"}
    with process(command, told) as worker:
        yield await listening(url, worker)
        worker.terminate()  # while the line is still served
        await asyncio.to_thread(worker.wait, READY_S)


@pytest.mark.parametrize("language", ["python", "node", "go"])
async def test_a_call_is_two_round_trips_beside_its_own_statements_and_its_repeat_is_two(
    blank_database: Database, tmp_path: Path, language: str
) -> None:
    await till.install(blank_database.dsn())
    async with (
        counted(blank_database, tmp_path) as (dsn, trips),
        serving(language, f"http+unix:{tmp_path}/till.sock", dsn) as place,
    ):
        for _ in range(2):  # so that all that a driver prepares is prepared
            assert "result" in await put(place, 1, str(uuid4()))
        session = str(uuid4())
        async with asyncio.timeout(WAITING_S):
            trips.forget()
            first = await put(place, 1, session)
            assert ([next(word for word in CALL if word in one) for one in trips.statements], trips.count) == (CALL, 3)
            trips.forget()
            assert await put(place, 1, session) == first
            assert trips.count == 2
