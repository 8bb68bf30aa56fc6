"""What a receiver answers to each message, and that trouble with one message never affects the next."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.messages import Kind, last_byte
from accompanist.runtime.ports import Commit, Delivery, KeptVersion, Phase, QuotaLimits, ReachedQuota
from tests.log.letters import burst, header, message, row
from tests.log.worlds import World, owner


async def test_a_message_reaches_its_service_and_says_who_wrote_it(world: World) -> None:
    woken: list[object] = []
    warehouse = await owner(world, "warehouse", delivered=woken.append)
    payment, loyalty = await owner(world, "payment"), await owner(world, "loyalty")
    of = header()
    sent = message(of)
    assert await warehouse.flush([burst(of, messages=(sent,))]) == [[Delivery.STORED]]
    [taken] = await payment.take(10)
    assert (taken.message, taken.sender_service, taken.known) == (sent, "warehouse", False)
    assert await loyalty.take(10) == []
    assert woken == [{"payment": {last_byte(of.session)}}]


async def test_a_duplicate_is_the_same_and_wakes_nobody(world: World) -> None:
    woken: list[object] = []
    log = await owner(world, "warehouse", delivered=woken.append)
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    again = message(of, context={"traceparent": "another"})
    assert await log.flush([burst(of, messages=(again,))]) == [[Delivery.SAME]]
    assert len(woken) == 1


@pytest.mark.parametrize("changes", [{"payload": b"2"}, {"kind": Kind.CHOICE}])
async def test_other_content_under_one_identity_is_a_clash_and_the_first_stays(
    world: World, changes: dict[str, Any]
) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    first = message(of)
    await log.flush([burst(of, messages=(first,))])
    assert await log.flush([burst(of, messages=(message(of, **changes),))]) == [[Delivery.CLASH]]
    [taken] = await payment.take(10)
    assert taken.message == first
    assert await log.resend(10) == {}, "a clash is told, not tried again"


async def test_a_clash_leaves_its_neighbours_alone(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    bad, good = header(), header()
    await log.flush([burst(bad, messages=(message(bad),))])
    answers = await log.flush(
        [
            burst(good, session=row(good), messages=(message(good, "1"),)),
            burst(bad, session=row(bad), messages=(message(bad, payload=b"2"), message(bad, "2"))),
            burst(good, messages=(message(good, "2"),)),
        ]
    )
    assert answers == [[Delivery.STORED], [Delivery.CLASH, Delivery.STORED], [Delivery.STORED]]
    assert len(await payment.take(10)) == 4


async def test_two_contents_under_one_identity_in_one_flush_clash(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    several = (message(of, payload=b"1"), message(of, payload=b"2"), message(of, payload=b"1"))
    assert await log.flush([burst(of, messages=several)]) == [[Delivery.STORED, Delivery.CLASH, Delivery.SAME]]


async def test_a_collected_session_is_closed(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    await world.collect("payment", of.session, "payment")
    sent = (message(of), message(of, "2", "loyalty"))
    assert await log.flush([burst(of, messages=sent)]) == [[Delivery.CLOSED, Delivery.STORED]]
    assert await payment.take(10) == []
    assert await log.resend(10) == {}


async def test_a_full_inbox_refuses_what_would_begin_a_session_and_takes_the_rest(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    known, early, new = header(), header(), header()
    await payment.flush([burst(known, session=row(known, "payment"))])
    await world.bound("payment", 2)
    await log.flush([burst(early, messages=(message(early, "1"), message(early, "2")))])
    sent = (message(new), message(new, "2", kind=Kind.ABORT))
    assert await log.flush([burst(new, messages=sent)]) == [[Delivery.FULL, Delivery.STORED]]
    assert await log.flush([burst(known, messages=(message(known),))]) == [[Delivery.STORED]]
    assert await log.flush([burst(early, messages=(message(early, "1"),))]) == [[Delivery.SAME]]


async def test_what_nobody_here_can_take_up_leaves_room_for_what_somebody_can(world: World) -> None:
    """100,000 messages of a version that is not deployed here held up every new session, for ever."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    await world.bound("payment", 3)
    strange, kept = [header(fingerprint="9" * 64) for _ in range(5)], [header() for _ in range(5)]
    await payment.keep(
        [KeptVersion(fingerprint=kept[0].fingerprint, choreography="fulfil_order", file="f.py", texts={})]
    )
    sent = [burst(of, messages=(message(of),)) for of in strange[:3]]
    assert await log.flush(sent) == [[Delivery.STORED]] * 3
    both = [burst(of, messages=(message(of),)) for of in (strange[3], kept[0])]
    assert await log.flush(both) == [[Delivery.FULL], [Delivery.STORED]]
    taken = await payment.take(10)
    assert await payment.take(10, taken) == [], "early from now on"
    assert await log.flush([burst(kept[1], messages=(message(kept[1]),))]) == [[Delivery.STORED]]
    assert await log.flush([burst(kept[2], messages=(message(kept[2]),))]) == [[Delivery.STORED]]
    assert await log.flush([burst(kept[3], messages=(message(kept[3]),))]) == [[Delivery.FULL]], "as much again"
    other = (message(strange[4], kind=Kind.ABORT),)
    assert await log.flush([burst(strange[4], messages=other)]) == [[Delivery.STORED]]


async def test_a_peer_that_has_too_many_sessions_open_begins_no_more_and_loses_nothing(world: World) -> None:
    """Open sessions were bounded by the disk alone: one peer could fill it for all."""
    warehouse, loyalty = await owner(world, "warehouse"), await owner(world, "loyalty")
    payment = await owner(world, "payment")
    first, second, third, other = header(), header(), header(), header()
    for of in (first, second):
        assert await warehouse.flush([burst(of, messages=(message(of),))]) == [[Delivery.STORED]]
    own = message(third, "start", "payment", kind=Kind.START, sender="")
    assert await payment.flush([Commit(shard=None, messages=(own,))]) == [[Delivery.STORED]]
    assert await payment.crowd(QuotaLimits(sessions=2)) == [], "none is begun"
    for of in (first, second, third):
        await payment.flush([burst(of, session=row(of, "payment"))])
    assert await payment.crowd(QuotaLimits(sessions=3)) == [], "what our own clients begin is nobody's"
    for bound in (1, 2):
        assert await payment.crowd(QuotaLimits(sessions=bound)) == [("warehouse", ReachedQuota.SESSIONS)]

    refused = (message(other), message(other, "2", kind=Kind.ABORT))
    assert await warehouse.flush([burst(other, messages=refused)]) == [[Delivery.FULL, Delivery.STORED]]
    assert await warehouse.flush([burst(first, messages=(message(first, "2"), message(first)))]) == [
        [Delivery.STORED, Delivery.SAME]
    ], "what is under way goes on"
    from_loyalty = message(header(), sender="loyalty")
    assert await loyalty.flush([burst(from_loyalty.header, messages=(from_loyalty,))]) == [[Delivery.STORED]]
    assert await payment.accept("warehouse", [message(header())]) == [Delivery.FULL], "over the wire too"

    over = row(second, "payment", phase=Phase.SETTLED, outcome="settled")
    await payment.flush([burst(second, session=over)])
    assert await payment.crowd(QuotaLimits(sessions=2)) == []
    await world.pass_time(limits.outbox_retry_ms / 1000)
    assert await warehouse.resend(10) == {Delivery.STORED: 1}, "it waited in its sender's outbox"


async def test_a_session_under_way_takes_further_roles_of_a_service_that_is_full(world: World) -> None:
    """Refused, the roles that have begun would hold their places for ever."""
    payment, warehouse = await owner(world, "payment"), await owner(world, "warehouse")
    of, other = header(), header()
    for one in (of, other):
        await payment.flush([burst(one, messages=(message(one, receiver="warehouse", sender="payment"),))])
        await warehouse.flush([burst(one, session=row(one))])
    assert await warehouse.crowd(QuotaLimits(sessions=2)) == [("payment", ReachedQuota.SESSIONS)]
    more = message(of, "2", receiver="stock", sender="payment")
    assert await payment.flush([burst(of, messages=(more,))]) == [[Delivery.STORED]]


async def test_a_payload_beyond_the_bound_is_not_taken_and_its_neighbour_is(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    huge = b'"' + b"x" * limits.payload_bytes_max + b'"'
    sent = (message(of, "1", payload=huge), message(of, "2"))
    assert await log.flush([burst(of, messages=sent)]) == [[Delivery.REFUSED, Delivery.STORED]]


async def test_a_payload_of_exactly_the_bound_waits_for_room_as_any_other_does(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    early, new = header(), header()
    await world.bound("payment", 1)
    await log.flush([burst(early, messages=(message(early, "1"), message(early, "2")))])
    longest = message(new, payload=b'"' + b"x" * (limits.payload_bytes_max - 2) + b'"')
    assert await log.flush([burst(new, messages=(longest,))]) == [[Delivery.FULL]]
    await world.bound("payment", 100)
    await world.pass_time(limits.outbox_retry_ms / 1000)
    assert await log.resend(10) == {Delivery.STORED: 1}
    assert longest in [taken.message for taken in await payment.take(10)]


async def test_home_is_stored_and_not_taken(world: World) -> None:
    woken: list[object] = []
    log = await owner(world, "warehouse", delivered=woken.append)
    of = header()
    home = message(of, "1", "stock")
    assert await log.flush([burst(of, session=row(of), home=(home,))]) == [[Delivery.STORED]]
    assert await log.take(10) == []
    assert woken == []
    [memory] = await log.load([(of.session, "stock")])
    assert memory.inbox == (home,)


async def test_home_without_a_lease_is_taken(world: World) -> None:
    """Nobody knows then whether the shard is still held by the one who says so."""
    log = await owner(world, "warehouse")
    of = header()
    from_client = message(of, "start", "warehouse", kind=Kind.START, sender="")
    commit = burst(of, home=(from_client,))
    await log.flush([type(commit)(shard=None, home=commit.home)])
    assert [taken.message for taken in await log.take(10)] == [from_client]


async def test_a_service_that_nobody_knows_is_nowhere(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    sent = (message(of, "1", "lost"), message(of, "2", "no_such_role"), message(of, "3"))
    answers = await log.flush([burst(of, messages=sent)])
    assert answers == [[Delivery.NOWHERE, Delivery.NOWHERE, Delivery.STORED]]


async def test_a_peer_does_not_speak_for_a_client(world: World) -> None:
    """Nobody would believe it. It is refused, and the client's own message has its place."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header(initiator="payment")
    for kind, site in ((Kind.START, "!start"), (Kind.CANCEL, "!cancel"), (Kind.EVENT, "!event/approved")):
        forged = message(of, site, "payment", sender="", kind=kind, payload=b'"forged"')
        assert await log.flush([burst(of, messages=(forged,))]) == [[Delivery.REFUSED]]
        own = message(of, site, "payment", sender="", kind=kind)
        assert await payment.flush([Commit(shard=None, messages=(own,))]) == [[Delivery.STORED]]


async def test_the_longest_key_that_a_program_can_send_is_taken(world: World) -> None:
    """What could never be taken would be answered `full` for ever; the sender refuses it at its step."""
    sender, receiver = "s" * limits.name_chars_max, "r" * limits.name_chars_max
    site = "1" * limits.site_bytes_max
    assert len(site) + len(sender) + len(receiver) + len(Kind.CHOICE) <= limits.message_key_bytes_max
    of = header(bindings={sender: "warehouse", receiver: "payment"})
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    longest = message(of, "1" * (limits.message_key_bytes_max - len(sender + receiver + Kind.DATA)), receiver)
    for sent in (message(of, site, receiver), longest):
        sent = msgspec.structs.replace(sent, sender=sender)
        assert await log.flush([burst(of, messages=(sent,))]) == [[Delivery.STORED]]
        assert await payment.accept("warehouse", [sent]) == [Delivery.SAME]
