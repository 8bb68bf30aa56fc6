"""Early release: a message leaves before its commit, its receiver acts at once, and what has to be stable waits until
the receiver's inbox has it (docs/durability.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import msgspec

from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Delivery, Memory, Phase
from accompanist.sidecar.calls.attempts import CLOSE
from accompanist.sidecar.sessions.freshness import Key
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, few, of
from tests.sidecar.test_handed import data, quiet_b, stored, turns


async def early_b() -> tuple[Services, Sidecar]:
    """b, which takes nothing from its log any more."""
    services = Services(sagas.ring(), early=True)
    b = await quiet_b(services)
    await b.intake.stop()
    b.early.clear()
    return services, b


def written(services: Services, session: UUID) -> bool:
    return (session, "b") in services.database.services["b"].sessions


async def until(done: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if done():
            return
        await turns(1)
    raise AssertionError


async def test_a_message_is_acted_upon_before_any_log_has_it_and_nothing_is_stable_until_then() -> None:
    services, b = await early_b()
    message = data(uuid4())
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    assert [(one.kind, one.receiver) for one in b.early] == [(Kind.DATA, "c")], "a vote is not told early"
    await turns()
    assert not written(services, message.session)
    await stored(services, message)
    await turns()
    assert not written(services, message.session), "nobody has said so yet"
    b.handed.take("a", [message])
    await services.row("b", message.session, Phase.DONE)
    await turns()
    assert (*message.key, "a") not in services.database.services["b"].arrivals, "the commit took it from the queue"
    assert not b.handed.queued and services.workers["b"].calls.count("try_it") == 2


async def test_what_a_sender_never_stores_is_stored_by_its_receiver() -> None:
    """Its sender may have died. The session is to be seen, and undone like any other."""
    services, b = await early_b()
    message = data(uuid4())
    with few("early_store_ms", 0):
        b.handed.take("a", [message], early=True)
        await services.row("b", message.session, Phase.DONE)
    assert (*message.key, "a") in services.database.services["b"].inbox, "as said by who handed it over"


async def test_what_was_stored_otherwise_than_it_was_handed_over_counts() -> None:
    services, b = await early_b()
    message = data(uuid4())
    other = msgspec.structs.replace(message, payload=b"2")
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    await stored(services, other)
    b.handed.take("a", [other])
    await turns()
    await b.driver.recover([(message.session, "b")])
    await turns()
    [memory] = await b.log.load([(message.session, "b")])
    row = memory.session
    assert row is not None and row.vote is None
    assert row.parked is not None and row.parked.code in ("ACC202", "ACC205"), "the call has other arguments now"


async def test_what_its_sender_only_says_to_have_stored_is_not_acted_upon_further() -> None:
    services, b = await early_b()
    message = data(uuid4())
    kept = asyncio.Event()
    store = b.driver.unconfirmed._store
    assert store is not None

    async def later(service: str, messages: Sequence[Message]) -> Sequence[Delivery]:
        await kept.wait()
        return await store(service, messages)

    b.driver.unconfirmed._store = later
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    b.handed.take("a", [message])
    await turns()
    assert not written(services, message.session) and b.driver.session(message.session, "b") is None
    b.handed.take("a", [message])  # once more: it is not believed
    kept.set()
    await turns()
    assert (*message.key, "a") in services.database.services["b"].inbox, "its worker has acted: it has to be seen"
    assert not b.driver.unconfirmed._heard


async def test_who_lied_about_a_message_costs_its_session_a_look_and_nothing_else_of_its_shard() -> None:
    services, b = await early_b()
    message = data(uuid4())
    others = [UUID(int=(number << 64) | (message.session.int & (1 << 64) - 1)) for number in range(1, 6)]
    for other in others:
        await stored(services, data(other))
        b.handed.take("a", [data(other)])
        await services.row("b", other, Phase.DONE)
    b.early.clear()
    loaded: list[Key] = []
    load = b.log.load

    async def noted(keys: Sequence[Key], *, whole: bool = False) -> Sequence[Memory]:
        loaded.extend(keys)
        return await load(keys, whole=whole)

    b.log.load = noted  # type: ignore[method-assign]
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    b.handed.take("a", [message])
    await turns()
    assert not b.driver.holding.take_lost() and set(loaded) == {(message.session, "b")}
    assert all(b.driver.session(other, "b") is not None for other in others)


async def test_nothing_is_heard_early_for_a_while_from_who_lied() -> None:
    _, b = await early_b()
    message, next_ = data(uuid4()), data(uuid4())
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    b.handed.take("a", [message])
    await turns()
    b.handed.take("a", [next_], early=True)
    await turns()
    assert b.driver.session(next_.session, "b") is None
    b.driver.unconfirmed._distrusted.clear()  # as after `early_distrust_ms`
    b.handed.take("a", [next_], early=True)
    await turns()
    assert b.driver.session(next_.session, "b") is not None


async def test_a_session_that_the_log_knows_is_not_begun_early() -> None:
    services, b = await early_b()
    message = data(uuid4())
    await stored(services, message)
    b.handed.take("a", [message])
    await services.row("b", message.session, Phase.DONE)
    session = b.driver.session(message.session, "b")
    assert session is not None
    b.driver.holding.drop(session)
    calls = list(services.workers["b"].calls)
    b.handed.take("a", [message], early=True)
    await turns()
    assert services.workers["b"].calls == calls


async def test_one_that_was_handled_is_not_waited_for_again() -> None:
    services, b = await early_b()
    message = data(uuid4())
    await stored(services, message)
    b.handed.take("a", [message])
    await services.row("b", message.session, Phase.DONE)
    b.handed.take("a", [message], early=True)
    await turns()
    assert (message.session, "b") not in b.driver.unconfirmed


async def test_a_peer_beyond_its_quota_begins_no_session_early() -> None:
    services, b = await early_b()
    assert b.driver._early is not None
    b.driver._early = b.driver._early._replace(crowded=lambda service: service == "a")
    message = data(uuid4())
    b.handed.take("a", [message], early=True)
    await turns()
    assert not services.effects(message.session) and b.driver.session(message.session, "b") is None


async def test_a_control_message_is_not_heard_early() -> None:
    services, b = await early_b()
    message = data(uuid4())
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    abort = control(message.header, Kind.ABORT, "a", "b", "no")
    b.handed.take("a", [abort], early=True)
    await turns()
    assert CLOSE not in services.workers["b"].calls


async def test_an_unknown_session_is_closed_at_the_worker_before_it_says_that_it_is_undone() -> None:
    """It may have acted in an earlier life, of which no log knows."""
    services = Services(sagas.ring(), early=True)
    b = await quiet_b(services)
    message = data(uuid4())
    await stored(services, of(control(sagas.HEADER, Kind.ABORT, "a", "b", "no"), message.session))
    b.intake.wake()
    row = await services.row("b", message.session, Phase.ENDED)
    assert services.workers["b"].calls[-1] == CLOSE and row.outcome == "ended"


async def test_aborts_of_sessions_that_never_were_leave_none_open() -> None:
    """Their initiator knows nothing of them, so nobody will say that they have ended."""
    services = Services(sagas.ring(pivot=False), early=True)
    await services.end(await services.start())
    sessions = [uuid4() for _ in range(5)]
    for session in sessions:
        await stored(services, of(control(sagas.HEADER, Kind.ABORT, "b", "c", "no"), session))
    services.sidecars["c"].intake.wake()
    for session in sessions:
        assert (await services.row("c", session, Phase.ENDED)).outcome == "ended"
    await turns()
    assert not [one for one in sessions if services.sidecars["c"].driver.session(one, "c") is not None]


async def test_what_waits_for_a_query_is_not_released_early() -> None:
    services = Services(sagas.billed(), early=True)
    session = await services.start()
    await services.end(session)
    assert {message.kind for sidecar in services.sidecars.values() for message in sidecar.early} <= {Kind.DATA}


async def test_whole_sagas_settle_with_what_is_handed_early_lost() -> None:
    services = Services(sagas.ring(), early=True)
    assert (await services.end(await services.start())).outcome == "settled"
    assert [len(services.sidecars[role].early) for role in "abc"] == [1, 1, 1]
