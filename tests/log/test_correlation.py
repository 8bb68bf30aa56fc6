"""The session that attributes stand for: found from its start on, the open ones first, no more than two."""

from __future__ import annotations

from uuid import UUID

from accompanist.runtime.control import CLIENT
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Commit, CorrelatedSession, Delivery, Phase
from tests.log.letters import burst, header, message, row
from tests.log.worlds import World, owner


def began(of: Header, receiver: str = "warehouse") -> Message:
    return message(of, "!start", receiver, sender=CLIENT, kind=Kind.START)


async def test_a_session_is_found_from_its_start_on_and_once(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header(attributes={"order": "17", "customer": "gold"})
    assert await log.correlated({"order": "17"}) == []
    assert await log.flush([Commit(shard=None, messages=(began(of),))]) == [[Delivery.STORED]]
    expected = [CorrelatedSession(of.session, True)]
    assert await log.correlated({"order": "17"}) == expected
    assert await log.correlated({"order": "17", "customer": "gold"}, "fulfil_order") == expected
    assert await log.correlated({"order": "17"}, "refill") == []
    assert await log.correlated({"order": "17", "customer": "silver"}) == []
    await log.take(10)
    assert await log.correlated({"order": "17"}) == expected
    await log.flush([burst(of, session=row(of)), burst(of, session=row(of, "stock"))])
    assert await log.correlated({"order": "17"}) == expected
    assert await log.correlated({"order": "17"}, "refill") == []


async def test_the_open_ones_are_first_and_a_role_that_is_open_counts(world: World) -> None:
    log = await owner(world, "warehouse")
    over = [header(UUID(int=n), attributes={"customer": "gold"}) for n in range(3)]
    rows = [row(of, phase=Phase.SETTLED, outcome="settled") for of in over]
    await log.flush([burst(one.header, session=one) for one in rows])
    assert await log.correlated({"customer": "gold"}) == [CorrelatedSession(over[n].session, False) for n in (0, 1)]
    half = header(UUID(int=7), attributes={"customer": "gold"})
    ended = row(half, phase=Phase.ENDED, outcome="ended")
    await log.flush([burst(half, session=ended), burst(half, session=row(half, "stock"))])
    assert await log.correlated({"customer": "gold"}) == [
        CorrelatedSession(half.session, True),
        CorrelatedSession(over[0].session, False),
    ]


async def test_a_start_that_another_service_wrote_is_nobodys(world: World) -> None:
    """Only this service's own clients begin sessions by a start."""
    payment, log = await owner(world, "payment"), await owner(world, "warehouse")
    of = header(attributes={"order": "17"})
    await payment.flush([Commit(shard=None, messages=(began(of),))])
    assert await log.correlated({"order": "17"}) == []
