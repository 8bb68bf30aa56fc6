"""Postgres is killed with SIGKILL under a load of flushes: what was acknowledged is there, and all sidecars go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID, uuid4

import pytest

from accompanist.limits import shards_count
from accompanist.log.group import Flusher
from accompanist.log.listener import Listener
from accompanist.log.names import channel
from accompanist.log.postgres import PostgresLog
from accompanist.postgres_server import PostgresServer
from accompanist.runtime.ports import Delivery, LogUnavailable, Request
from tests.log.letters import decided, header, message, result, row
from tests.postgres import SERVICES, Database, provision_logs, restart, server

pytestmark = pytest.mark.postgres


@pytest.fixture
def killable(request: pytest.FixtureRequest) -> Iterator[list[PostgresServer]]:
    """A server of the test's own and what it is restarted as: the last of the list runs."""
    with server(getattr(request, "param", None)) as first:
        servers = [first]
        yield servers
        for later in servers[1:]:
            later.stop()


async def test_no_acknowledged_commit_is_lost(killable: list[PostgresServer]) -> None:
    database = Database(killable[0].dsn())
    await provision_logs(database)
    log = await PostgresLog.open(database.sidecar_dsn("warehouse"), "warehouse", SERVICES)
    payment = await PostgresLog.open(database.sidecar_dsn("payment"), "payment", SERVICES)
    await log.lease("w", shards_count)
    await payment.lease("p", shards_count)
    woken = asyncio.Event()
    listening = asyncio.create_task(
        Listener.at(database.sidecar_dsn("payment"), "acc_payment", lambda heard: woken.set()).run()
    )
    noticed = asyncio.Event()

    async def sleep(seconds: float) -> None:
        noticed.set()
        await asyncio.sleep(seconds)

    flusher = Flusher(log, sleep=sleep)
    acknowledged: list[object] = []
    marks = {count: asyncio.Event() for count in (400, 800, 1_200, 1_600)}

    async def client() -> None:
        while not marks[1_600].is_set():
            of = header()
            answers = await flusher.commit(
                decided(of, session=row(of), results=(result(of),), messages=(message(of), message(of, "2", "loyalty")))
            )
            assert set(answers) <= {Delivery.STORED, Delivery.SAME}
            acknowledged.append(of.session)
            if len(acknowledged) in marks:
                marks[len(acknowledged)].set()

    async with asyncio.TaskGroup() as clients:
        for _ in range(16):
            clients.create_task(client())
        for count in (400, 800, 1_200):
            await marks[count].wait()
            killable[-1].kill()
            noticed.clear()
            await noticed.wait()
            killable.append(restart(killable[-1]))

    sessions = {(session, "warehouse") for session in acknowledged}
    assert sessions <= set(await log.unfinished(range(shards_count)))
    memories = await log.load(list(sessions))  # type: ignore[arg-type]
    assert all(memory.session is not None and len(memory.results) == 1 for memory in memories)
    taken, rows = set(), await payment.take(500)
    while rows:
        taken |= {entry.message.session for entry in rows}
        rows = await payment.take(500, rows)
    assert set(acknowledged) <= taken
    woken.clear()
    async with asyncio.timeout(30):
        while not woken.is_set():  # the listener is connected again
            await payment.execute("SELECT pg_notify($1, '')", channel("acc_payment"))
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await flusher.close()
    await log.close()
    await payment.close()


@pytest.mark.parametrize("killable", [{"wal_writer_delay": "10s"}], indirect=True)
async def test_what_stands_for_a_key_is_not_forgotten_once_it_was_told(killable: list[PostgresServer]) -> None:
    """A start may be under way while Postgres is down, and is written after that. If what stands for its key was lost
    meanwhile, its client, who asks again, would begin a second session."""
    database = Database(killable[0].dsn())
    await provision_logs(database)
    log = await PostgresLog.open(database.sidecar_dsn("warehouse"), "warehouse", SERVICES)
    name, session = uuid4(), uuid4()
    told = await log.request(name, session, "order", b"digest")
    killable[-1].kill()
    killable.append(restart(killable[-1]))
    again = await asked_again(log, name)
    await log.close()
    assert (told.session, again.session) == (session, session)


async def asked_again(log: PostgresLog, name: UUID) -> Request:
    """What stands for the key now. The first connections that are tried may be of the time before."""
    while True:
        with suppress(LogUnavailable):
            return await log.request(name, uuid4(), "order", b"digest")
