"""Fresh messages are found by their state: all of them, for the shards that are held, until they are taken."""

from __future__ import annotations

from accompanist.limits import shards_count
from accompanist.runtime.ports import Phase
from tests.log.letters import burst, header, message, row
from tests.log.worlds import World, owner


async def test_what_was_acknowledged_is_not_returned_again(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    headers = [header() for _ in range(7)]
    await log.flush([burst(of, messages=(message(of),)) for of in headers])
    first = await payment.take(5)
    second = await payment.take(5, first)
    third = await payment.take(5, second)
    assert (len(first), len(second), len(third)) == (5, 2, 0)
    assert {taken.message.session for taken in [*first, *second]} == {of.session for of in headers}


async def test_an_answer_that_was_lost_is_given_again(world: World) -> None:
    """Also one that acknowledged: what it acknowledged stays acknowledged, what it returned comes again."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    headers = [header() for _ in range(4)]
    await log.flush([burst(of, messages=(message(of),)) for of in headers])
    first = await payment.take(2)
    assert [entry.message for entry in await payment.take(2)] == [entry.message for entry in first]
    lost = await payment.take(2, first)
    again = await payment.take(2, first)
    assert [entry.message for entry in again] == [entry.message for entry in lost]
    assert {entry.message.session for entry in [*first, *again]} == {of.session for of in headers}
    assert await payment.take(2, again) == []


async def test_a_message_that_nobody_acknowledged_goes_to_the_next_owner(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment", "a")
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    taken = await payment.take(10)
    await payment.release("a")
    other = await owner(world, "payment", "b")
    assert [entry.message for entry in await other.take(10)] == [entry.message for entry in taken]


async def test_a_session_whose_row_is_written_before_the_acknowledgement_leaves_nothing_behind(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    taken = await payment.take(10)
    done = row(of, "payment", phase=Phase.SETTLED, outcome="settled")
    await payment.flush([burst(of, session=done)])
    assert await payment.take(10, taken) == []
    assert await payment.unfinished(range(shards_count)) == []


async def test_nothing_is_taken_for_shards_of_others(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    idle = await world.sidecar("payment")
    assert await idle.take(10) == [], "no lease was ever asked for"
    payment = await owner(world, "payment")
    await idle.lease("late", shards_count)
    assert await idle.take(10) == [], "the lease was refused"
    assert len(await payment.take(10)) == 1


async def test_known_says_whether_there_is_a_session_row(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    known, unknown = header(), header()
    await payment.flush([burst(known, session=row(known, "payment"))])
    await log.flush([burst(of, messages=(message(of),)) for of in (known, unknown)])
    taken = {entry.message.session: entry.known for entry in await payment.take(10)}
    assert taken == {known.session: True, unknown.session: False}


async def test_a_row_of_the_same_session_at_another_role_makes_nothing_known(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await log.flush([burst(of, session=row(of, "warehouse"), messages=(message(of, "1", "stock"),))])
    assert [taken.known for taken in await log.take(10)] == [False]
