"""Sessions that wait for time and events: they leave memory, are loaded when it is time, and are never begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.control import CLIENT, control, event
from accompanist.runtime.events import Fired
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Commit, Delivery, Phase, SessionRow
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.dormant import deadline_of
from accompanist.sidecar.sessions.residence import Residence
from tests.runtime import sagas
from tests.sidecar.harness import Services, few, of

ROLES = ("a", "b", "c")


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    """Nobody waits a second for a poll."""
    with few("poll_ms", 5):
        yield


async def tell(services: Services, session: UUID, role: str, name: str, value: bytes) -> Delivery | None:
    told = event(session, role, role, name, value, 0.0)
    delivery = await services.sidecars[role].driver.hand_in(told)
    if delivery is None:
        [delivery] = await services.sidecars[role].flusher.commit(Commit(shard=None, messages=(told,)))
        services.sidecars[role].intake.wake()
    return delivery


async def resting(services: Services, role: str, session: UUID, waiting: str) -> None:
    """Until the session waits for that, in the log and nowhere else."""
    async with asyncio.timeout(20):
        while True:
            [memory] = await services.sidecars[role].log.load([(session, role)])
            gone = services.sidecars[role].driver.session(session, role) is None
            if memory.session is not None and memory.session.waiting == waiting and gone:
                return
            await asyncio.sleep(0)


async def through(services: Services, session: UUID) -> None:
    """The way of the saga when everything is told in its time."""
    await resting(services, "a", session, "timer at 1")
    services.now += 1.5
    await resting(services, "b", session, "timer or event paid at 4")
    await tell(services, session, "b", "paid", b"7")
    await resting(services, "c", session, "event seen at 6a")
    await tell(services, session, "c", "seen", b"9")


async def test_a_session_that_waits_is_nowhere_but_in_the_log() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await through(services, session)
    assert (await services.end(session)).outcome == "settled"
    assert services.effects(session) == {"do": 1, "try_it": 1, "last": 1, "finish": 1}
    for role in ROLES:
        assert await services.sidecars[role].log.timers() == []


async def test_nothing_is_remembered_of_one_that_waits() -> None:
    services = Services(sagas.waiting())
    sessions = [await services.start() for _ in range(20)]
    for session in sessions:
        await resting(services, "a", session, "timer at 1")
    driver = services.sidecars["a"].driver
    parts = (driver, driver.holding, driver.holding.residences, driver._output, driver._tombstones)
    fields = [field for part in parts for field in vars(part).items()]
    held = {name: len(value) for name, value in fields if isinstance(value, dict | set) and value}
    assert held.pop("_epochs") == limits.shards_count, "of shards, not of sessions"
    assert held == {}, "a session that waits costs the log a row, and memory nothing"
    services.now += 1.5
    for session in sessions:
        await resting(services, "b", session, "timer or event paid at 4")


async def test_an_event_that_was_told_before_its_session_began_is_found() -> None:
    services = Services(sagas.waiting())
    session = uuid4()
    services.rows[session] = asyncio.get_running_loop().create_future()
    assert await tell(services, session, "c", "seen", b"9") is Delivery.STORED
    assert await tell(services, session, "b", "paid", b"7") is Delivery.STORED
    for role in ("b", "c"):  # taken, and of no use yet
        while not (await services.sidecars[role].log.early_events()):  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    await services.post(of(sagas.start(), session))
    await resting(services, "a", session, "timer at 1")
    services.now += 1.5
    assert (await services.end(session)).outcome == "settled"


async def test_a_repeated_event_is_harmless_and_another_is_refused() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await resting(services, "a", session, "timer at 1")
    services.now += 1.5
    await resting(services, "b", session, "timer or event paid at 4")
    assert await tell(services, session, "b", "paid", b"7") is Delivery.STORED
    assert await tell(services, session, "b", "paid", b"7") is Delivery.SAME
    assert await tell(services, session, "b", "paid", b"8") is Delivery.CLASH
    await tell(services, session, "c", "seen", b"9")
    assert (await services.end(session)).outcome == "settled"


async def test_time_may_be_first() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await tell(services, session, "c", "seen", b"9")
    await resting(services, "a", session, "timer at 1")
    services.now += 1.5
    await resting(services, "b", session, "timer or event paid at 4")
    services.now += 61
    assert (await services.end(session)).outcome == "settled"
    assert await tell(services, session, "b", "paid", b"7") in (Delivery.STORED, Delivery.CLOSED)
    [memory] = await services.sidecars["b"].log.load([(session, "b")])
    assert [r.outcome for r in memory.results if r.site == "4"] == ["declined"]


async def test_a_take_over_goes_on_with_the_same_timer() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await resting(services, "a", session, "timer at 1")
    old = services.sidecars["a"]
    await old.intake.stop()
    services.now += limits.lease_ms / 1000 + 1  # its lease is over, and so is the time
    services.add("a")
    await resting(services, "b", session, "timer or event paid at 4")
    await tell(services, session, "b", "paid", b"7")
    await tell(services, session, "c", "seen", b"9")
    assert (await services.end(session)).outcome == "settled"
    assert services.workers["a"].calls.count("do") == 1


async def test_a_paused_owner_that_fires_late_writes_nothing() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await resting(services, "a", session, "timer at 1")
    old = services.sidecars["a"]
    await old.intake.stop()  # it sleeps, and believes that it holds its shards
    services.now += limits.lease_ms / 1000 + 1
    services.add("a")
    await resting(services, "b", session, "timer or event paid at 4")
    old.driver.fire([(session, "a", "1")])
    async with asyncio.timeout(20):
        driver, residences = old.driver, old.driver.holding.residences
        while driver._output._committing or residences.state((session, "a")) in (Residence.LIVE, Residence.LOADING):  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    await tell(services, session, "b", "paid", b"7")
    await tell(services, session, "c", "seen", b"9")
    assert (await services.end(session)).outcome == "settled"
    assert services.effects(session) == {"do": 1, "try_it": 1, "last": 1, "finish": 1}


def test_a_deadline_is_set_once() -> None:
    """Set with each commit, it would be a write of each."""
    header = msgspec.structs.replace(sagas.HEADER, deadline=100.0)
    session = Session(sagas.ring()["a"], SessionRow(header=header, role="a", phase=Phase.RUNNING))
    [row] = deadline_of(session, lambda: 40.0)
    assert (row.operation, row.seconds) == ("deadline", 60.0)
    assert deadline_of(session, lambda: 41.0) == ()


async def test_an_abort_reaches_a_session_that_waits_and_takes_its_timer() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await resting(services, "a", session, "timer at 1")
    services.now += 1.5
    await resting(services, "b", session, "timer or event paid at 4")
    await services.sidecars["a"].driver.hand_in(of(control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "no more"), session))
    assert (await services.end(session)).outcome == "ended"
    await services.row("b", session, Phase.ENDED)
    assert await services.sidecars["b"].log.timers() == []
    assert services.effects(session) == {"do": 0}


async def test_what_is_told_while_a_session_is_read_is_told_to_it() -> None:
    """A timer that is due and an event that comes, both before the session is back in memory."""
    services = Services(sagas.waiting())
    session = await services.start()
    await resting(services, "a", session, "timer at 1")
    driver = services.sidecars["a"].driver
    driver.fire([(session, "a", "1")])
    driver.fire([(session, "a", "1")])
    assert driver.holding.residences.waiting((session, "a")) == [Fired("1"), Fired("1")]
    await resting(services, "b", session, "timer or event paid at 4")


async def test_a_session_that_is_taken_up_and_waits_on_writes_nothing() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await resting(services, "a", session, "timer at 1")
    sidecar, flushed = services.sidecars["a"], 0
    flush = sidecar.log.flush

    async def counted(commits):  # type: ignore[no-untyped-def]
        nonlocal flushed
        flushed += 1
        return await flush(commits)

    sidecar.log.flush = counted  # type: ignore[method-assign]
    await sidecar.driver.recover(await sidecar.log.unfinished(range(limits.shards_count)))
    assert sidecar.driver.session(session, "a") is None
    assert (flushed, len(sidecar.driver._output._deferred)) == (0, 0)
