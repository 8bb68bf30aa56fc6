"""Rows are also bounded by their bytes: a request returns what memory has room for, and never nothing."""

from __future__ import annotations

import pytest

from accompanist.limits import outbox_retry_cap_ms
from accompanist.runtime.ports import Phase
from tests.log.letters import burst, header, message, row
from tests.log.worlds import World, owner

KILOBYTE = b'"' + b"x" * 998 + b'"'


@pytest.mark.parametrize(
    ("room", "wanted"), [(1, [1, 1, 1, 1, 1]), (1_500, [2, 2, 1]), (2_000, [2, 2, 1]), (5_000, [5]), (10_000, [5])]
)
async def test_what_is_taken_at_once_is_bounded_by_its_bytes(world: World, room: int, wanted: list[int]) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    sent = [message(header(), payload=KILOBYTE) for _ in range(5)]
    for one in sent:
        await log.flush([burst(one.header, messages=(one,))])
    await world.batch("payment", room)
    taken = await payment.take(100)
    counts = []
    got = []
    while taken:
        counts.append(len(taken))
        got += [one.message for one in taken]
        taken = await payment.take(100, taken)
    assert (counts, got) == (wanted, sent)


async def test_what_is_sent_again_at_once_is_bounded_by_its_bytes(world: World) -> None:
    log = await owner(world, "warehouse")
    await world.bound("payment", 0)
    await log.flush([burst(of := header(), messages=(message(of, payload=KILOBYTE),)) for _ in range(5)])
    await world.bound("payment", 100)
    await world.batch("warehouse", 2_000)
    assert [await log.resend(100) for _ in range(4)] == [{"stored": 2}, {"stored": 2}, {"stored": 1}, {}]


async def test_what_is_relayed_at_once_is_bounded_by_its_bytes(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    await log.flush([burst(of := header(), messages=(message(of, payload=KILOBYTE),)) for _ in range(5)])
    await world.batch("warehouse", 2_000)
    assert [len(await log.relay(["payment"], 100)) for _ in range(4)] == [2, 2, 1, 0]
    await world.pass_time(outbox_retry_cap_ms / 1000)
    assert len(await log.relay(["payment"], 1)) == 1


async def test_rows_that_are_in_the_way_of_nothing_weigh_nothing(world: World) -> None:
    """What was passed over for want of room is still there, and nobody else's."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    await log.flush([burst(of, session=row(of), messages=(message(of, payload=KILOBYTE), message(of, "2")))])
    await world.batch("payment", 1)
    [first] = await payment.take(100)
    assert [one.message for one in await payment.take(100)] == [first.message], "it was not acknowledged"
    await payment.flush([burst(of, session=row(of, "payment", phase=Phase.RUNNING))])
    [second] = await payment.take(100, [first])
    assert {first.message.site, second.message.site} == {"1", "2"}
