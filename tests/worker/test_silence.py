"""A worker whose connections to Postgres die without a sign: its calls are answered, and it recovers."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from accompanist import limits
from accompanist import postgres_server as postgres
from accompanist.runtime.answers import Replied, RetryLater
from ops.chaos.proxy import Edges
from tests.postgres import Database
from tests.worker.test_orders import ORDER, playing
from workers.orders import warehouse
from workers.orders.messages import Reservation

PATIENCE_S = 1.0


async def test_a_call_on_a_silent_line_is_answered_and_its_repeat_is_done_once(
    blank_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = parse_qs(urlsplit(blank_database.admin_dsn).query).get("host", [""])[0]
    if not host.startswith("/"):
        pytest.skip("the server of DATABASE_URL has no socket of ours")
    monkeypatch.setattr(limits, "worker_command_s", PATIENCE_S)
    edges = Edges()
    with tempfile.TemporaryDirectory(prefix="acc-") as place:
        edges.unix("db", Path(place) / postgres.SOCKET_NAME, f"{host}/{postgres.SOCKET_NAME}", postgres=True)
        dsn = f"postgresql://{postgres.SUPERUSER}@{urlsplit(blank_database.admin_dsn).path}?host={place}"
        try:
            async with playing(warehouse, dsn, tmp_path, "warehouse") as caller:
                assert isinstance(await caller.call("reserve", "warm", order=ORDER), Replied)
                assert edges.freeze("db") >= 1
                began = asyncio.get_running_loop().time()
                answer = await caller.call("reserve", "1", order=ORDER)
                assert isinstance(answer, RetryLater), answer
                assert asyncio.get_running_loop().time() - began < PATIENCE_S * 1.8, "nothing more is said on it"
                await caller.value("reserve", "1", Reservation, order=ORDER)
        finally:
            edges.close()
    connection = await asyncpg.connect(blank_database.dsn())
    try:
        rows = await connection.fetch("SELECT site FROM warehouse_worker.ledger ORDER BY site")
    finally:
        await connection.close()
    assert [row["site"] for row in rows] == ["1", "warm"]
