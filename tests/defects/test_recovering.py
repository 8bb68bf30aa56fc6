"""Replay, recovery and what is kept: defects 11, 12, 13, 15 and 31 of the reference implementation."""

from __future__ import annotations

import asyncio

from accompanist import limits
from accompanist.log.memory import MemoryLog
from accompanist.runtime.answers import Fault
from accompanist.runtime.messages import Kind
from accompanist.sidecar.sessions.deferred_rows import DeferredRows
from tests.runtime import sagas
from tests.runtime.test_operate import order
from tests.sidecar.harness import Services, of


async def test_a_session_that_failed_goes_on_in_the_same_process() -> None:
    """Defect 11: after an exception the session's id stayed among the known ones and its messages went to a queue that
    nobody read, until the process was restarted. Planted: a parked session that stays what it was in memory."""
    services = Services(sagas.ring())
    services.workers["a"].turns = 300
    session = await services.start()
    driver = services.sidecars["a"].driver
    async with asyncio.timeout(20):
        while not services.workers["a"].calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await services.post(of(order("park", receiver="a"), session))
        while (found := driver.session(session, "a")) is None or found.row.parked is None:
            assert found is None or not found.final
            await asyncio.sleep(0)
    await services.post(of(order("resume", 2, receiver="a"), session))
    assert (await services.end(session)).outcome == "settled"


async def test_a_session_that_is_recovered_runs_once_however_often_its_message_comes() -> None:
    """Defect 12: a recovered session was not known to the consumer, and its message, delivered again, began a second
    run of it. Planted: `_take_up` that rebuilds a session which is in memory."""
    services = Services(sagas.ring())
    services.workers["b"].turns = 200
    session = await services.start()
    async with asyncio.timeout(20):
        while "try_it" not in services.workers["b"].calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
    driver = services.sidecars["b"].driver
    first = driver.session(session, "b")
    [found] = await services.sidecars["b"].log.load([(session, "b")])
    message = next(one for one in found.inbox if one.kind is Kind.DATA)
    log = services.sidecars["b"].log
    driver.holding.hold({})  # its shards are lost, and ours anew
    driver.holding.hold({shard: log.epoch(shard) or 0 for shard in range(limits.shards_count)})
    recovering = asyncio.get_running_loop().create_task(driver.recover([(session, "b")]))
    for known in (True, False, True):
        driver.arrive(message, known=known)
    await recovering
    again = driver.session(session, "b")
    assert again is not None and again is not first
    driver.arrive(message, known=False)
    await driver.recover([(session, "b")])
    assert driver.session(session, "b") is again
    assert (await services.end(session)).outcome == "settled"
    assert services.workers["b"].calls.count("try_it") == 2, "one run before the loss, one after it"
    assert services.effects(session)["try_it"] == 1


async def test_an_initiator_is_replayed_with_its_request_and_its_result_can_be_read_afterwards() -> None:
    """Defect 13: neither arguments nor results were kept. Planted: a start or a result that lives in memory alone."""
    services = Services(sagas.ring())
    services.workers["b"].answers = [Fault("busy")] * 4
    session = await services.start(value=41)
    for _ in range(40):
        await asyncio.sleep(0)
    services.now += limits.lease_ms / 1000 + 1
    services.add("a")
    row = await services.end(session)
    afterwards = MemoryLog(services.database, "a")
    [found] = await afterwards.load([(session, "a")])
    assert found.session is not None and found.session.result == row.result == b"45"


async def test_a_peer_that_is_away_for_long_is_waited_for() -> None:
    """Defect 15: a receive gave up after ten minutes and took the others' waiting sessions with it. Planted: a
    session that fails for the time that its message takes."""
    services = Services(sagas.ring())
    gone = services.sidecars["b"]
    await gone.intake.stop()
    session = await services.start()
    async with asyncio.timeout(20):
        while services.workers["a"].calls != ["do"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
    for _ in range(24):
        services.now += 3_600
        await asyncio.sleep(0)
    services.add("b")
    assert (await services.end(session)).outcome == "settled"


async def test_sessions_that_are_over_leave_nothing_behind_in_memory() -> None:
    """Defect 31: queues, consumed messages and gauges were kept for ever. Planted: any collection of the driver that a
    session is put into and not taken out of."""
    services = Services(sagas.ring(), "last")
    sessions = [await services.start() for _ in range(30)]
    for session in sessions:
        assert (await services.end(session)).outcome == "ended"
    for role, sidecar in services.sidecars.items():
        driver = sidecar.driver
        async with asyncio.timeout(20):
            while driver.holding.open_sessions or driver._tasks or len(driver._output._deferred):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        held = {
            name: kept
            for part in (driver, driver.holding, driver.holding.residences, driver._output, driver._tombstones)
            for name, kept in vars(part).items()
            if isinstance(kept, dict | set | list | DeferredRows) and len(kept) and name != "_epochs"
        }
        assert held == {}, role
        assert set(driver.holding.standing()[0].values()) == {0}
        assert sidecar.driver.asking._calls.in_flight == 0
