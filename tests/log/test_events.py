"""Events from outside: messages of a client to one role. The first one counts, whether or not its session exists."""

from __future__ import annotations

from accompanist.runtime.control import event
from accompanist.runtime.messages import Header, Message
from accompanist.runtime.ports import Commit, Delivery, Phase
from tests.log.letters import burst, header, message, row
from tests.log.worlds import AnyLog, World, owner

DAY_MS = 86_400_000


def paid(of: Header, payload: bytes = b"1", name: str = "paid") -> Message:
    return event(of.session, "warehouse", "warehouse", name, payload, 1.0)


async def tell(log: AnyLog, told: Message) -> Delivery:
    [[delivery]] = await log.flush([Commit(shard=None, messages=(told,))])
    return delivery


async def test_the_first_wins_the_same_again_is_harmless_and_another_is_refused(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    assert await tell(log, paid(of)) is Delivery.STORED
    assert await tell(log, paid(of)) is Delivery.SAME
    assert await tell(log, paid(of, b"2")) is Delivery.CLASH
    assert await tell(log, paid(of, b"2", "seen")) is Delivery.STORED
    [memory] = await log.load([(of.session, "warehouse")])
    assert {(told.site, told.payload) for told in memory.inbox} == {("!event/paid", b"1"), ("!event/seen", b"2")}


async def test_an_event_that_is_early_waits_and_is_there_when_its_session_comes(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await tell(log, paid(of))
    taken = await log.take(10)
    assert [(entry.message.site, entry.known) for entry in taken] == [("!event/paid", False)]
    assert await log.take(10, taken) == []
    assert await log.early_events() == 1
    assert [(e.session, e.role, e.name, e.early) for e in await log.events()] == [
        (of.session, "warehouse", "paid", True)
    ]
    await log.flush([burst(of, session=row(of))])
    assert await log.early_events() == 0
    assert [e.early for e in await log.events(of.session)] == [False]
    assert [told.payload for told in (await log.load([(of.session, "warehouse")]))[0].inbox] == [b"1"]


async def test_an_event_that_is_late_is_told_like_a_message(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await log.flush([burst(of, session=row(of))])
    await tell(log, paid(of))
    assert [(entry.message.site, entry.known) for entry in await log.take(10)] == [("!event/paid", True)]


async def test_an_event_whose_session_never_comes_goes_after_a_time(world: World) -> None:
    log, never, lives = await owner(world, "warehouse"), header(), header()
    await log.flush([burst(lives, session=row(lives))])
    for of in (never, lives):
        await tell(log, paid(of))
    await log.take(10, await log.take(10))
    await world.pass_time(DAY_MS / 1000 - 100)
    await log.forget(DAY_MS, 10)
    assert {e.session for e in await log.events()} == {never.session, lives.session}
    await world.pass_time(200)
    await log.forget(DAY_MS, 10)
    assert {e.session for e in await log.events()} == {lives.session}
    assert await log.early_events() == 0


async def test_an_event_is_collected_with_its_session_and_not_taken_after_it(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await tell(log, paid(of))
    await log.flush([burst(of, session=row(of, phase=Phase.SETTLED, vote="done", outcome="settled"))])
    await world.pass_time(11)
    assert await log.collect(10_000, 10) == 1
    assert await log.events() == []
    assert await tell(log, paid(of)) is Delivery.CLOSED


async def test_other_messages_are_no_events(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await tell(log, message(of, receiver="stock"))
    await log.take(10, await log.take(10))
    assert (await log.events(), await log.early_events()) == ([], 0)
