"""Connections that die without a sign: nothing is closed, nothing is answered, and new connections work.

A proxy forgets its connections, as a firewall may. The test asks how long the log needs to recover: the time limit of
one statement, however many connections were open.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from accompanist import limits
from accompanist import postgres_server as postgres
from accompanist.limits import shards_count
from accompanist.log import names
from accompanist.log.listener import Listener
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.ports import LogUnavailable
from ops.chaos.proxy import Edges
from tests.postgres import SERVICES, Database

PATIENCE_S = 1.0


@pytest.fixture
def edges(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Edges, str]]:
    """A proxy before the server, and the address through it."""
    host = parse_qs(urlsplit(database.admin_dsn).query).get("host", [""])[0]
    if not host.startswith("/"):
        pytest.skip("the server of DATABASE_URL has no socket of ours")
    monkeypatch.setattr(limits, "log_command_s", PATIENCE_S)
    with tempfile.TemporaryDirectory(prefix="acc-") as place:
        found = Edges()
        found.unix("db", Path(place) / postgres.SOCKET_NAME, f"{host}/{postgres.SOCKET_NAME}", postgres=True)
        name = urlsplit(database.admin_dsn).path
        yield found, f"postgresql://{names.sidecar_role('payment')}@{name}?host={place}"
        found.close()


async def look(log: PostgresLog) -> bool:
    try:
        await log.unfinished(range(shards_count))
    except LogUnavailable:
        return False
    return True


async def test_a_silent_line_costs_one_patience_however_many_there_are(edges: tuple[Edges, str]) -> None:
    proxies, dsn = edges
    log = await PostgresLog.open(dsn, "payment", SERVICES)
    try:
        assert all(await asyncio.gather(*(look(log) for _ in range(limits.log_connections_max * 4))))
        assert proxies.freeze("db") == limits.log_connections_max
        began = asyncio.get_running_loop().time()
        assert not await look(log)
        assert asyncio.get_running_loop().time() - began < PATIENCE_S * 1.8, "a dead line is not asked to cancel"
        assert all(await asyncio.gather(*(look(log) for _ in range(limits.log_connections_max * 4))))
    finally:
        await log.close()


async def test_who_listens_on_a_silent_line_listens_again(
    edges: tuple[Edges, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies, dsn = edges
    monkeypatch.setattr("accompanist.limits.heartbeat_ms", 200)
    woken = asyncio.Event()
    listener = Listener.at(dsn, SERVICES["payment"], lambda heard: woken.set())
    running = asyncio.create_task(listener.run())
    try:
        async with asyncio.timeout(20):
            await woken.wait()
            woken.clear()
            assert proxies.freeze("db") == 1
            await woken.wait()  # it listens first and wakes then
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
