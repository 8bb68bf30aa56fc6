"""A message that was not taken stays, is tried again until it is, and is then sent as the row is at that time."""

from __future__ import annotations

from accompanist.limits import outbox_retry_cap_ms, outbox_retry_ms
from accompanist.runtime.ports import Delivery
from tests.log.letters import burst, header, message, start
from tests.log.worlds import PostgresWorld, World, owner

RETRY_S, CAP_S = outbox_retry_ms / 1000, outbox_retry_cap_ms / 1000


async def test_full_is_tried_until_there_is_room(world: World) -> None:
    woken: list[object] = []
    log, payment = await owner(world, "warehouse", delivered=woken.append), await owner(world, "payment")
    of = header()
    await world.bound("payment", 0)
    assert await log.flush([burst(of, messages=(message(of),))]) == [[Delivery.FULL]]
    assert await log.resend(10) == {"full": 1}
    assert woken == []
    await world.bound("payment", 10)
    await world.pass_time(RETRY_S)
    assert await log.resend(10) == {"stored": 1}
    assert woken == [{"payment": None}], "of any session"
    assert await log.resend(10) == {}
    assert [taken.message for taken in await payment.take(10)] == [message(of)]


async def test_what_is_for_nobody_stays(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await log.flush([burst(of, messages=(message(of, "1", "lost"),))])
    assert await log.resend(10) == {"nowhere": 1}
    await world.pass_time(RETRY_S)
    assert await log.resend(10) == {"nowhere": 1}


async def test_a_row_that_is_refused_is_tried_less_and_less_often(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await log.flush([burst(of, messages=(message(of, "1", "lost"),))])
    for wait in (RETRY_S, 2 * RETRY_S, 4 * RETRY_S, 8 * RETRY_S, 16 * RETRY_S, CAP_S, CAP_S):
        assert await log.resend(10) == {"nowhere": 1}
        await world.pass_time(wait / 2)
        if wait > 4 * RETRY_S:  # else a slow machine's own time may be long enough
            assert await log.resend(10) == {}
        await world.pass_time(wait / 2)


async def test_new_rows_do_not_wait_for_old_ones(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    lost, of = header(), header()
    await log.flush([burst(lost, messages=(message(lost, "1", "lost"),))])
    await log.resend(10)
    await world.bound("payment", 0)
    await log.flush([burst(of, messages=(message(of),))])
    await world.bound("payment", 10)
    assert await log.resend(1) == {"stored": 1}
    assert len(await payment.take(10)) == 1


async def test_closed_is_dropped(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await world.bound("payment", 0)
    await log.flush([burst(of, messages=(message(of),))])
    await world.collect("payment", of.session, "payment")
    assert await log.resend(10) == {"closed": 1}
    assert await log.resend(10) == {}


async def test_a_clash_is_kept_to_be_seen_and_not_sent_again(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await world.bound("payment", 0)
    await log.flush([burst(of, messages=(message(of),))])
    await world.bound("payment", 10)
    await log.flush([burst(of, messages=(message(of, payload=b"2"),))])
    assert await log.resend(10) == {"clash": 1}
    assert await log.resend(10) == {}
    story = await log.show(of.session)
    assert story is not None
    assert [(told.place, told.answer) for told in story.messages] == [("outbox", "clash")]


async def test_at_most_so_many_and_all_in_turn(world: World) -> None:
    log = await owner(world, "warehouse")
    headers = [header() for _ in range(5)]
    await world.bound("payment", 0)
    sent = [burst(of, messages=(message(of), message(of, "2", "lost"))) for of in headers]
    await log.flush(sent)
    await world.bound("payment", 100)
    counts = [await log.resend(4) for _ in range(5)]
    assert sum(count.get("stored", 0) for count in counts) == 5
    await world.pass_time(RETRY_S)
    assert await log.resend(100) == {"nowhere": 5}


async def test_what_a_client_was_refused_is_not_started_behind_its_back(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await world.bound("warehouse", 0)
    assert await log.flush([start(of)]) == [[Delivery.FULL]]
    await world.bound("warehouse", 10)
    assert await log.resend(10) == {}
    assert await log.show(of.session) is None


async def test_a_peer_s_function_that_would_run_with_our_rights_is_not_called(postgres_world: PostgresWorld) -> None:
    """A peer may do as it likes in its own schema: what it puts there could read and write all that is ours."""
    log = await owner(postgres_world, "warehouse")
    await postgres_world.execute(
        "payment",
        "CREATE OR REPLACE FUNCTION deliver(sessions uuid[], sites text[], senders text[], receivers text[],"
        " kinds text[], headers bytea[], payloads bytea[], contexts bytea[], home boolean) RETURNS text[]"
        " LANGUAGE sql SECURITY INVOKER AS $$ SELECT array_fill('stored'::text, ARRAY[cardinality(sessions)]) $$",
    )
    of = header()
    assert await log.flush([burst(of, messages=(message(of),))]) == [[Delivery.UNKNOWN]]
