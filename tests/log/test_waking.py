"""Notifier and listener: each alone on fakes, and both together on Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.log.listener import Listener
from accompanist.log.names import channel
from accompanist.log.notifier import Notifier
from accompanist.log.wakeups import MISSED, Heard
from accompanist.runtime.ports import LogUnavailable
from tests.log.letters import burst, header, message
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import SERVICES


class Pauses:
    """A sleep that lasts until the test ends it."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[float, asyncio.Event]] = asyncio.Queue()

    async def __call__(self, seconds: float) -> None:
        end = asyncio.Event()
        self.asked.put_nowait((seconds, end))
        await end.wait()

    async def pass_by(self) -> float:
        """Wait until somebody sleeps, let it wake, and say how long it was to be."""
        seconds, end = await self.asked.get()
        end.set()
        return seconds


class FakeNotifyConnection:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.broken = False
        self.ended = False

    async def execute(self, query: str, *args: object) -> object:
        if self.broken:
            raise ConnectionResetError
        self.sent.append(list(zip(*args, strict=True)))  # type: ignore[call-overload]
        return None

    def terminate(self) -> None:
        self.ended = True


@pytest.fixture
def connections() -> list[FakeNotifyConnection]:
    return []


def notifier(connections: list[FakeNotifyConnection], pauses: Pauses) -> Notifier:
    async def open_connection() -> FakeNotifyConnection:
        connections.append(FakeNotifyConnection())
        return connections[-1]

    return Notifier(SERVICES, open_connection, sleep=pauses)


async def test_the_first_leaves_at_once_and_the_next_together(connections: list[FakeNotifyConnection]) -> None:
    pauses = Pauses()
    telling = notifier(connections, pauses)
    telling.notify({"payment": None})
    seconds, end = await pauses.asked.get()
    assert seconds == limits.notify_hold_ms / 1000
    assert connections[0].sent == [[(channel("acc_payment"), "")]]
    telling.notify({"loyalty": None})
    telling.notify({"loyalty": frozenset({1}), "payment": None, "nobody": None})
    assert len(connections[0].sent) == 1
    end.set()
    await pauses.pass_by()
    assert connections[0].sent[1:] == [[(channel("acc_loyalty"), ""), (channel("acc_payment"), "")]]
    await telling.close()
    assert connections[0].ended


async def test_what_cannot_be_told_is_dropped_and_the_next_is_told_on_a_new_line(
    connections: list[FakeNotifyConnection],
) -> None:
    pauses = Pauses()
    telling = notifier(connections, pauses)
    telling.notify({"payment": None})
    await pauses.pass_by()
    connections[0].broken = True
    telling.notify({"payment": None})
    await pauses.pass_by()
    assert connections[0].ended
    telling.notify({"loyalty": None})
    await pauses.pass_by()
    assert connections[1].sent == [[(channel("acc_loyalty"), "")]]
    await telling.close()
    telling.notify({"loyalty": None})
    assert telling._task is None, "closed: nothing is begun"


async def test_whose_messages_there_are_is_said_of_all_that_waited(connections: list[FakeNotifyConnection]) -> None:
    pauses = Pauses()
    telling = notifier(connections, pauses)
    telling.notify({"payment": frozenset({3})})
    _, end = await pauses.asked.get()
    telling.notify({"payment": frozenset({255, 10}), "loyalty": frozenset({1})})
    telling.notify({"payment": frozenset({2}), "loyalty": None})
    end.set()
    await pauses.pass_by()
    payment, loyalty = channel("acc_payment"), channel("acc_loyalty")
    assert connections[0].sent == [[(payment, "03")], [(loyalty, ""), (payment, "020aff")]]
    await telling.close()


async def test_ends_leave_with_the_messages_in_one_statement(connections: list[FakeNotifyConnection]) -> None:
    pauses = Pauses()
    telling = notifier(connections, pauses)
    telling.say_ended("warehouse", frozenset({255}))
    telling.say_ended("warehouse", frozenset({1, 255}))
    telling.say_ended("nobody", frozenset({1}))
    telling.notify({"payment": frozenset({3})})
    await pauses.pass_by()
    assert connections[0].sent == [[(channel("acc_payment"), "03"), (channel("acc_warehouse"), "over 01ff")]]
    await telling.close()


async def test_nobody_to_tell_is_nothing_to_do(connections: list[FakeNotifyConnection]) -> None:
    telling = notifier(connections, Pauses())
    telling.notify({"nobody": None})
    telling.notify({})
    assert telling._task is None
    await telling.close()


class FakeListenConnection:
    def __init__(self) -> None:
        self.channel = ""
        self.hear: Callable[..., None] = lambda *_: None
        self.lose: Callable[..., None] = lambda *_: None
        self.listening: bool | None = True
        self.ended = False

    async def add_listener(self, name: str, callback: Callable[..., None]) -> None:
        self.channel, self.hear = name, callback

    def add_termination_listener(self, callback: Callable[..., None]) -> None:
        self.lose = callback

    async def fetchval(self, query: str, *args: object) -> Any:
        if self.listening is None:
            raise ConnectionResetError
        return self.listening

    def terminate(self) -> None:
        self.ended = True


class Hall:
    """A listener on fakes: its connections, its wake-ups, its pauses."""

    def __init__(self, *, refusals: int = 0) -> None:
        self.connections: list[FakeListenConnection] = []
        self.heard: list[Heard] = []
        self.woken = asyncio.Event()
        self.pauses = Pauses()
        self.refusals = refusals
        self.listener = Listener("acc_payment", self._wake, self._open, sleep=self.pauses, jitter=lambda: 0.5)
        self.task = asyncio.create_task(self.listener.run())

    async def _open(self) -> FakeListenConnection:
        if self.refusals:
            self.refusals -= 1
            raise LogUnavailable("refused")
        self.connections.append(FakeListenConnection())
        return self.connections[-1]

    @property
    def wakes(self) -> int:
        return len(self.heard)

    def _wake(self, heard: Heard) -> None:
        self.heard.append(heard)
        self.woken.set()

    async def pauses_of(self, count: int) -> dict[float, asyncio.Event]:
        """That many sleepers: how long each wants to sleep, and what ends it."""
        return dict([await self.pauses.asked.get() for _ in range(count)])

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


HEARTBEAT = limits.heartbeat_ms / 1000


async def test_it_listens_then_wakes_then_wakes_at_each_word() -> None:
    hall = Hall()
    assert set(await hall.pauses_of(1)) == {HEARTBEAT}
    [connection] = hall.connections
    assert connection.channel == "accompanist_acc_payment"
    assert hall.heard == [MISSED], "after LISTEN"
    connection.hear(None, 1, connection.channel, "")
    connection.hear(None, 1, connection.channel, "0a")
    assert hall.heard[1:] == [Heard(messages=None), Heard(messages=frozenset({10}))]
    await hall.end()
    assert connection.ended


@pytest.mark.parametrize("trouble", ["lost", "deaf", "silent"])
async def test_it_connects_anew_and_wakes(trouble: str) -> None:
    hall = Hall()
    sleepers = await hall.pauses_of(1)
    [connection] = hall.connections
    if trouble == "lost":
        connection.lose(None)
    else:
        connection.listening = False if trouble == "deaf" else None
        sleepers[HEARTBEAT].set()
    before = hall.wakes
    with capture_logs() as lines:
        await hall.pauses.pass_by()
        assert connection.ended
        await hall.pauses_of(1)
    assert [line["event"] for line in lines] == ["listener.lost", "listener.back"]
    assert len(hall.connections) == 2
    assert hall.wakes == before + 1
    await hall.end()


async def test_it_waits_longer_each_time_it_is_refused() -> None:
    hall = Hall(refusals=3)
    with capture_logs() as lines:
        pauses = [await hall.pauses.pass_by() for _ in range(3)]
    assert pauses[0] < pauses[1] < pauses[2] < HEARTBEAT
    assert [line["event"] for line in lines].count("listener.lost") == 1, "it is told of once"
    await hall.end()


async def test_a_flush_wakes_its_receiver_through_postgres(postgres_world: PostgresWorld) -> None:
    database, woken = postgres_world.database, asyncio.Event()
    never = asyncio.Event()

    async def never_poll(seconds: float) -> None:
        await never.wait()

    listener = Listener.at(database.sidecar_dsn("payment"), "acc_payment", lambda heard: woken.set())
    listener._sleep = never_poll
    listening = asyncio.create_task(listener.run())
    watcher = await postgres_world.connect("payment")
    while not await watcher.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'accompanist listener' AND query ~ 'LISTEN'"
    ):
        pass
    await watcher.close()
    telling = Notifier.at(database.sidecar_dsn("warehouse"), SERVICES)
    log = await owner(postgres_world, "warehouse", delivered=telling.notify)
    await asyncio.sleep(0)
    woken.clear()
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    async with asyncio.timeout(10):
        await woken.wait()
    await telling.close()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
