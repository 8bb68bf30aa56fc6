"""A message that can never be taken is reported to its sender's session, and is not sent for ever."""

from __future__ import annotations

from typing import Any

import pytest

from accompanist import limits
from accompanist.limits import shards_count
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Delivery, Parked, Phase, Undelivered
from tests.log.letters import burst, header, message, row
from tests.log.worlds import World, owner

TOO_MUCH: dict[str, dict[str, Any]] = {
    "payload": {"payload": b'"' + b"x" * limits.payload_bytes_max + b'"'},
    "site": {"site": "1" * 1_001},
    "context": {"context": {"baggage": "x" * 66_000}},
}


@pytest.mark.parametrize("what", TOO_MUCH)
async def test_beyond_a_bound_is_refused_and_told_and_its_neighbours_are_stored(world: World, what: str) -> None:
    log = await owner(world, "warehouse")
    of = header()
    refused = message(of, **({"site": "1"} | TOO_MUCH[what]))
    sent = (message(of, "0"), refused, message(of, "2"))
    answers = await log.flush([burst(of, session=row(of), messages=sent)])
    assert answers == [[Delivery.STORED, Delivery.REFUSED, Delivery.STORED]]
    assert await log.undelivered(10) == [told(refused, Delivery.REFUSED, "payment")]
    await world.pass_time(limits.outbox_retry_cap_ms / 1000)
    assert await log.resend(10) == {}, "it would be refused again"


def told(of: Message, answer: Delivery, service: str) -> Undelivered:
    return Undelivered(of.session, of.site, of.sender, of.receiver, answer, service)


async def test_one_for_a_service_that_nobody_knows_is_told_and_tried_again(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    lost = message(of, "1", "lost")
    assert await log.flush([burst(of, session=row(of), messages=(lost,))]) == [[Delivery.NOWHERE]]
    assert await log.undelivered(10) == [told(lost, Delivery.NOWHERE, "nobody")]
    assert await log.resend(10) == {"nowhere": 1}
    assert await log.undelivered(10) == [told(lost, Delivery.NOWHERE, "nobody")]


async def test_a_service_of_another_database_is_known(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of = header()
    assert await log.flush([burst(of, session=row(of), messages=(message(of),))]) == [[Delivery.UNKNOWN]]
    assert await log.undelivered(10) == []


@pytest.mark.parametrize("answer", [Delivery.REFUSED, Delivery.CLASH])
async def test_what_a_peer_refuses_for_ever_is_told_and_not_relayed_again(world: World, answer: Delivery) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of, other = header(), header()
    await log.flush([burst(one, session=row(one), messages=(message(one),)) for one in (of, other)])
    assert len(await log.relay(["payment"], 10)) == 2
    await log.relayed([(message(of), answer)])
    assert await log.undelivered(10) == [told(message(of), answer, "payment")]
    await world.pass_time(limits.outbox_retry_cap_ms / 1000)
    assert [one.message for one in await log.relay(["payment"], 10)] == [message(other)]


@pytest.mark.parametrize(
    "changes",
    [
        {"parked": Parked("ACC212", "seen")},
        {"phase": Phase.UNDOING, "vote": "abort"},
        {"phase": Phase.SETTLED, "outcome": "settled"},
    ],
    ids=["parked", "undoing", "settled"],
)
async def test_a_session_that_stands_still_or_goes_back_is_told_nothing(world: World, changes: dict[str, Any]) -> None:
    log = await owner(world, "warehouse")
    of, control = header(), Kind.DONE
    lost = message(of, "1", "lost", kind=control)
    await log.flush([burst(of, session=row(of), messages=(lost,))])
    await log.flush([burst(of, session=row(of, **changes))])
    assert await log.undelivered(10) == []


async def test_each_owner_is_told_of_its_own(world: World) -> None:
    log = await owner(world, "warehouse")
    of, other = header(), header()
    await log.flush([burst(one, session=row(one), messages=(message(one, "1", "lost"),)) for one in (of, other)])
    beside = await world.sidecar("warehouse")
    assert await beside.undelivered(10) == []
    await world.expire("warehouse")
    await beside.lease("heir", shards_count)
    assert await log.undelivered(10) == []
    assert len(await beside.undelivered(10)) == 2
    assert len(await beside.undelivered(1)) == 1


async def test_what_a_person_sends_once_more_is_judged_anew(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of = header()
    await log.flush([burst(of, session=row(of), messages=(message(of),))])
    await log.relay(["payment"], 10)
    await log.relayed([(message(of), Delivery.REFUSED)])
    await log.flush([burst(of, session=row(of), messages=(message(of),))])
    assert await log.undelivered(10) == []
    assert [one.message for one in await log.relay(["payment"], 10)] == [message(of)]


@pytest.mark.parametrize("phase", [Phase.UNDOING, Phase.UNDONE, Phase.ENDED, Phase.SETTLED])
async def test_what_goes_back_or_is_over_sends_nothing_more_to_programs(world: World, phase: Phase) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of, other = header(), header()
    kept = [
        message(of, "!abort", kind=Kind.ABORT),
        message(of, "3", sender="stock"),
        message(other, "1"),
    ]
    gone = [message(of, "1"), message(of, "2", kind=Kind.CHOICE)]
    await log.flush([burst(one.header, session=row(one.header), messages=(one,)) for one in (*kept, *gone)])
    late = message(of, "4")
    await log.flush([burst(of, session=row(of, phase=phase), messages=(late,))])
    await world.pass_time(limits.outbox_retry_cap_ms / 1000)
    assert sites(await log.relay(["payment"], 10)) == sorted((one.session, one.site) for one in kept)


def sites(found: Any) -> list[tuple[Any, str]]:
    return sorted((one.message.session, one.message.site) for one in found)


async def test_a_session_that_runs_or_waits_for_the_others_keeps_what_it_has_to_send(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of = header()
    await log.flush([burst(of, session=row(of), messages=(message(of),))])
    await log.flush([burst(of, session=row(of, phase=Phase.DONE, vote="done"))])
    assert [one.message for one in await log.relay(["payment"], 10)] == [message(of)]


async def test_what_is_never_taken_does_not_keep_a_session_that_is_over(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of, other = header(), header()
    for one in (of, other):
        sent = message(one, "!ended", kind=Kind.ENDED)
        await log.flush([burst(one, session=row(one, phase=Phase.ENDED, outcome="ended"), messages=(sent,))])
    await log.relay(["payment"], 10)
    await log.relayed([(message(of, "!ended", kind=Kind.ENDED), Delivery.REFUSED)])
    await world.pass_time(100)
    assert await log.collect(1_000, 10) == 1
    await world.pass_time(limits.outbox_retry_cap_ms / 1000)
    assert [one.message.session for one in await log.relay(["payment"], 10)] == [other.session]


async def test_one_that_stands_twice_in_a_flush_is_kept_once(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    lost = message(of, "1", "lost")
    commits = [burst(of, session=row(of), messages=(lost,)), burst(of, session=row(of), messages=(lost,))]
    assert await log.flush(commits) == [[Delivery.NOWHERE]] * 2
    assert await log.flush(commits) == [[Delivery.NOWHERE]] * 2
    assert len(await log.undelivered(10)) == 1
