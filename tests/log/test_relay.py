"""A message for a service of another database waits in the outbox until that service's sidecar has it on disk. Messages
from such a service are stored under its own name, whatever they say.
"""

from __future__ import annotations

import pytest

from accompanist.limits import outbox_retry_cap_ms, outbox_retry_ms
from accompanist.runtime.messages import last_byte
from accompanist.runtime.ports import Delivery, RelayedMessage
from tests.log.letters import burst, header, message
from tests.log.worlds import PostgresWorld, World, owner

RETRY_S, CAP_S = outbox_retry_ms / 1000, outbox_retry_cap_ms / 1000
STORED, SAME, CLASH, CLOSED, FULL = (
    Delivery.STORED,
    Delivery.SAME,
    Delivery.CLASH,
    Delivery.CLOSED,
    Delivery.FULL,
)


async def test_a_message_is_kept_and_told_until_its_receiver_has_it(world: World) -> None:
    told: list[object] = []
    log = await owner(world, "warehouse", delivered=told.append, away=["payment"])
    of = header()
    assert await log.flush([burst(of, messages=(message(of),))]) == [[Delivery.UNKNOWN]]
    assert told == [{"payment": None}]
    assert await log.resend(10) == {}, "there is no schema here to send it to"
    assert await log.relay(["payment"], 10) == [RelayedMessage("payment", message(of))]
    assert await log.relay(["payment"], 10) == [], "it is under way"
    await world.pass_time(RETRY_S)
    assert await log.relay(["payment"], 10) == [RelayedMessage("payment", message(of))]
    await log.relayed([(message(of), STORED)])
    await world.pass_time(CAP_S)
    assert await log.relay(["payment"], 10) == []


@pytest.mark.parametrize(("answer", "stays"), [(SAME, False), (CLOSED, False), (FULL, True)])
async def test_what_the_receiver_says_decides(world: World, answer: Delivery, stays: bool) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    await log.relay(["payment"], 10)
    await log.relayed([(message(of), answer)])
    await world.pass_time(CAP_S)
    assert len(await log.relay(["payment"], 10)) == stays


async def test_a_clash_is_kept_to_be_seen_and_not_sent_again(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    await log.relay(["payment"], 10)
    await log.relayed([(message(of), CLASH)])
    await world.pass_time(CAP_S)
    assert await log.relay(["payment"], 10) == []
    story = await log.show(of.session)
    assert story is not None
    assert [(told.place, told.answer) for told in story.messages] == [("outbox", "clash")]


async def test_it_is_tried_less_and_less_often(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    for wait in (RETRY_S, 2 * RETRY_S, 4 * RETRY_S, 8 * RETRY_S, 16 * RETRY_S, CAP_S, CAP_S):
        assert len(await log.relay(["payment"], 10)) == 1
        await world.pass_time(wait / 2)
        if wait > 4 * RETRY_S:  # else a slow machine's own time may be long enough
            assert await log.relay(["payment"], 10) == []
        await world.pass_time(wait / 2)


async def test_only_what_is_for_the_peers_asked_for_and_at_most_so_many(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment", "loyalty"])
    headers = [header() for _ in range(5)]
    await log.flush([burst(of, messages=(message(of), message(of, "2", "loyalty"))) for of in headers])
    first = await log.relay(["payment"], 3)
    second = await log.relay(["payment"], 3)
    assert [len(first), len(second)] == [3, 2]
    assert {one.service for one in (*first, *second)} == {"payment"}
    assert len(await log.relay(["payment", "loyalty"], 100)) == 5


async def test_what_a_peer_brings_is_taken_in_once_and_told(world: World) -> None:
    told: list[object] = []
    log = await owner(world, "payment", delivered=told.append, away=["warehouse"])
    of = header()
    assert await log.accept("warehouse", [message(of)]) == [STORED]
    assert told == [{"payment": {last_byte(of.session)}}]
    assert await log.accept("warehouse", [message(of), message(of, payload=b"2")]) == [SAME, CLASH]
    [taken] = await log.take(10)
    assert (taken.message, taken.sender_service, taken.known) == (message(of), "warehouse", False)


async def test_who_speaks_is_who_was_authenticated(world: World) -> None:
    """A message in another service's name is stored under the name of who brought it, and no replay believes it."""
    log = await owner(world, "payment", away=["warehouse"])
    of = header()
    assert await log.accept("loyalty", [message(of)]) == [STORED]
    [taken] = await log.take(10)
    assert taken.sender_service == "loyalty"
    [memory] = await log.load([(of.session, "payment")])
    assert memory.inbox == ()


async def test_nothing_begins_for_a_session_that_was_collected(world: World) -> None:
    log = await owner(world, "payment", away=["warehouse"])
    of = header()
    await world.collect("payment", of.session, "payment")
    assert await log.accept("warehouse", [message(of)]) == [CLOSED]


async def test_no_room_is_said(world: World) -> None:
    log = await owner(world, "payment", away=["warehouse"])
    await world.bound("payment", 0)
    of = header()
    assert await log.accept("warehouse", [message(of)]) == [FULL]


async def test_a_peer_may_not_say_who_speaks(postgres_world: PostgresWorld) -> None:
    """Only the service's own sidecar may call `accept`; a peer has `deliver`, which looks at its login."""
    import asyncpg

    connection = await postgres_world.connect("payment", "warehouse_sidecar")
    try:
        for call in (
            "accept('loyalty', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', false)",
            "relay(1, '{}', '1s', '1s')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SELECT {call}")
    finally:
        await connection.close()
