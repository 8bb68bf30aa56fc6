"""A sidecar that renews its leases is told what is due: all that the other methods would do, and nothing else."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.limits import shards_count
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Delivery, Parked, PendingWork
from tests.log.letters import burst, header, message, row, timer
from tests.log.worlds import AnyLog, World, owner

OWNER = "warehouse-1"
"""The name that `owner` gives."""


async def pending(log: AnyLog, name: str = OWNER) -> PendingWork:
    _, _, found, _ = await log.lease(name, shards_count)
    return found


def quiet(found: PendingWork) -> bool:
    return (found.arrived, found.unsent, found.timer_s, list(found.peers)) == (False, False, None, [])


async def sent(log: AnyLog, of: Header, site: str = "1") -> None:
    """A message of payment's lies in the inbox of the warehouse."""
    told = message(of, site, "warehouse", sender="payment")
    await log.flush([burst(of, session=row(of, "payment"), messages=(told,))])


async def test_where_nothing_waits_nothing_is_told(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    assert quiet(await pending(log))
    await log.flush([burst(of, session=row(of), messages=(message(of),))])
    assert quiet(await pending(log)), "what was stored at its receiver is not with us"


async def test_a_message_waits_until_it_was_taken_and_that_was_told(world: World) -> None:
    log, payment, of = await owner(world, "warehouse"), await owner(world, "payment"), header()
    await sent(payment, of)
    assert (await pending(log)).arrived
    taken = await log.take(10)
    assert (await pending(log)).arrived, "it is taken again until the log has heard"
    assert await log.take(10, taken) == []
    assert quiet(await pending(log)), "it is early: nobody takes it any more"


async def test_messages_of_others_shards_wait_for_others(world: World) -> None:
    log, payment, of = await owner(world, "warehouse"), await owner(world, "payment"), header()
    await sent(payment, of)
    beside = await world.sidecar("warehouse")
    assert quiet(await pending(beside, "beside")), "it holds nothing yet"
    await log.release(OWNER)
    assert (await pending(beside, "beside")).arrived, "by the answer that says that they are its own now"


async def test_a_message_that_was_not_taken_waits_from_when_it_is_due(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await world.bound("payment", 0)
    assert await log.flush([burst(of, session=row(of), messages=(message(of),))]) == [[Delivery.FULL]]
    assert (await pending(log)).unsent
    assert await log.resend(10) == {"full": 1}
    await world.pass_time(limits.outbox_retry_cap_ms / 1000)
    assert (await pending(log)).unsent
    await world.bound("payment", 10)
    assert await log.resend(10) == {"stored": 1}
    assert quiet(await pending(log))


async def test_one_that_is_never_taken_waits_for_its_session_to_hear(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    refused = message(of, "1" * 1_001)
    assert await log.flush([burst(of, session=row(of), messages=(refused,))]) == [[Delivery.REFUSED]]
    assert (await pending(log)).unsent
    await log.flush([burst(of, session=row(of, parked=Parked("ACC212", "seen")))])
    assert quiet(await pending(log)), "it stands still for it"


async def test_what_is_for_another_database_waits_for_that_peer(world: World) -> None:
    log, of = await owner(world, "warehouse", away=["payment", "loyalty"]), header()
    await log.flush([burst(of, session=row(of), messages=(message(of),))])
    found = await pending(log)
    assert (found.unsent, list(found.peers)) == (False, ["payment"])
    [one] = await log.relay(["payment"], 10)
    await log.relayed([(one.message, Delivery.STORED)])
    assert quiet(await pending(log))


async def test_a_timer_is_told_with_its_time(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await log.flush([burst(of, session=row(of), timers=(timer(of, "7", 60.0),))])
    assert (await pending(log)).timer_s == pytest.approx(60, abs=10)
    await world.pass_time(61)
    assert (await pending(log)).timer_s == 0
    assert quiet(await pending(await world.sidecar("warehouse"), "beside"))


async def test_what_may_lie_beyond_what_is_looked_through_is_said_to_be_there(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease never waits for a long queue."""
    log, payment = await owner(postgres_world, "warehouse", away=["loyalty"]), await owner(postgres_world, "payment")
    beside = await postgres_world.sidecar("warehouse", away=["loyalty"])
    for of in (header(), header()):
        await sent(payment, of)
        await log.flush([burst(of, session=row(of), messages=(message(of, "1", "lost"),))])
        await log.flush([burst(of, session=row(of, parked=Parked("ACC212", "seen")), timers=(timer(of, "7", 60.0),))])
    await log.resend(10)
    found = await pending(beside, "beside")
    assert (found.arrived, found.unsent, found.timer_s) == (False, False, None)
    monkeypatch.setattr(limits, "pending_rows_max", 1)
    found = await pending(beside, "beside")
    assert (found.arrived, found.unsent) == (True, True)
    assert found.timer_s == pytest.approx(60, abs=10)
