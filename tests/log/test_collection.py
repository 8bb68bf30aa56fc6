"""A session that is over becomes a stub, the stub is removed, and the fence is told. Nothing is removed that is still
owed.
"""

from __future__ import annotations

from uuid import uuid4

import msgspec

from accompanist.limits import shards_count
from accompanist.runtime.messages import Header, Kind
from accompanist.runtime.ports import Commit, Delivery, Parked, Phase, SessionRow
from tests.log.letters import burst, header, message, order, result, row
from tests.log.worlds import World, owner

AGE_MS, AGE_S = 100_000, 100
ALL = list(range(shards_count))
OVER = {"phase": Phase.SETTLED, "vote": "done", "outcome": "settled"}


def over(of: Header, role: str = "warehouse", **changes: object) -> SessionRow:
    return row(of, role, **(OVER | changes))  # type: ignore[arg-type]


async def test_a_session_that_is_over_long_enough_leaves_a_stub_and_nothing_else(world: World) -> None:
    log = await owner(world, "warehouse")
    of, young = header(), header()
    home = message(of, "1", "stock")
    await log.flush([burst(of, session=over(of), results=(result(of),), home=(home,))])
    await log.flush([burst(of, session=over(of, "stock", phase=Phase.ENDED, outcome="ended"))])
    assert await log.collect(AGE_MS, 10) == 0
    await world.pass_time(AGE_S + 1)
    await log.flush([burst(young, session=over(young))])
    assert await log.collect(AGE_MS, 10) == 2
    story = await log.show(of.session)
    assert story is not None
    assert (story.rows, story.messages, story.results) == ((), (), ())
    assert set(story.stubs) == {("warehouse", "settled"), ("stock", "ended")}
    assert [line.session for line in await log.summaries()] == [young.session]
    assert await log.collect(AGE_MS, 10) == 0


async def test_only_so_many_at_a_time_and_the_oldest_first(world: World) -> None:
    log = await owner(world, "warehouse")
    headers = [header(started_at=float(number)) for number in range(5)]
    for of in headers:
        await log.flush([burst(of, session=over(of))])
        await world.pass_time(1)
    await world.pass_time(AGE_S)
    assert await log.collect(AGE_MS, 2) == 2
    assert {line.session for line in await log.summaries()} == {of.session for of in headers[2:]}
    assert [await log.collect(AGE_MS, 2) for _ in range(3)] == [2, 1, 0]


async def test_what_is_still_open_owed_parked_or_another_owners_stays(world: World) -> None:
    log = await owner(world, "warehouse")
    running, owing, parked, gone = (header() for _ in range(4))
    settled = message(owing, "!settled", "lost", kind=Kind.SETTLED)
    await log.flush([burst(running, session=row(running)), burst(owing, session=over(owing), messages=(settled,))])
    await log.flush([burst(parked, session=over(parked, parked=Parked("ACC301", "stuck")))])
    await world.pass_time(AGE_S + 1)
    assert await log.collect(AGE_MS, 10) == 0
    await log.flush([burst(gone, session=over(gone))])
    await world.pass_time(AGE_S + 1)
    stranger = await world.sidecar("warehouse")
    await stranger.lease("stranger", shards_count)
    assert await stranger.collect(AGE_MS, 10) == 0
    assert await log.collect(AGE_MS, 10) == 1


async def test_a_session_goes_once_its_last_message_was_taken(world: World) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    of = header()
    settled = message(of, "!settled", kind=Kind.SETTLED)
    await log.flush([burst(of, session=over(of), messages=(settled,))])
    await world.pass_time(AGE_S + 1)
    assert await log.collect(AGE_MS, 10) == 0
    [away] = await log.relay(["payment"], 10)
    await log.relayed([(away.message, Delivery.STORED)])
    assert await log.collect(AGE_MS, 10) == 1


async def test_the_age_counts_from_the_first_end_however_often_the_row_is_written_since(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await log.flush([burst(of, session=over(of))])
    await world.pass_time(AGE_S + 1)
    await log.flush([burst(of, session=over(of, waiting="again"))])
    assert await log.collect(AGE_MS, 10) == 1


async def test_a_stub_closes_the_door_until_it_goes(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    await payment.flush([burst(of, session=over(of, "payment"))])
    await world.pass_time(AGE_S + 1)
    assert await payment.collect(AGE_MS, 10) == 1
    assert await log.flush([burst(of, messages=(message(of),))]) == [[Delivery.CLOSED]]
    assert await payment.forget(AGE_MS, 10) == []
    await world.pass_time(AGE_S + 1)
    assert await payment.forget(AGE_MS, 10) == [of.session]
    assert await log.flush([burst(of, messages=(message(of),))]) == [[Delivery.STORED]]


async def test_what_a_fence_is_to_forget_is_told_until_it_was_acknowledged(world: World) -> None:
    log = await owner(world, "warehouse")
    headers = [header() for _ in range(3)]
    await log.flush([burst(of, session=over(of)) for of in headers])
    await world.pass_time(AGE_S + 1)
    assert await log.collect(AGE_MS, 10) == 3
    await world.pass_time(AGE_S + 1)
    told = await log.forget(AGE_MS, 2)
    assert len(told) == 2
    rest = await log.forget(AGE_MS, 10, told)
    assert set(told) | set(rest) == {of.session for of in headers}
    assert await log.forget(AGE_MS, 10) == rest, "not acknowledged"
    assert await log.forget(AGE_MS, 10, rest) == []


async def test_a_session_is_forgotten_when_the_last_of_its_roles_here_is(world: World) -> None:
    log = await owner(world, "warehouse")
    of, key = header(), uuid4()
    await log.request(key, of.session, "ask", b"digest")
    await log.flush([burst(of, session=over(of))])
    await world.pass_time(AGE_S + 1)
    assert await log.collect(AGE_MS, 10) == 1
    await log.flush([burst(of, session=over(of, "stock"))])
    await world.pass_time(AGE_S + 1)
    assert await log.forget(AGE_MS, 10) == [], "the other role's row is there"
    assert await log.requested(key) is not None, "and with it the key"
    assert await log.collect(AGE_MS, 10) == 1
    await world.pass_time(AGE_S + 1)
    assert await log.forget(AGE_MS, 10) == [of.session]
    assert await log.requested(key) is None


async def test_a_key_goes_with_the_last_stub_of_its_session_however_lately_it_was_asked(world: World) -> None:
    """It would name a session that nothing here knows, until it is as old as a stub itself."""
    log = await owner(world, "warehouse")
    of, other, key, kept = header(), header(), uuid4(), uuid4()
    await log.flush([burst(of, session=over(of)), burst(other, session=row(other))])
    await world.pass_time(AGE_S + 1)
    assert await log.collect(AGE_MS, 10) == 1
    await world.pass_time(AGE_S / 2)
    await world.collect("warehouse", of.session, "stock")
    await world.pass_time(AGE_S / 2 + 1)
    await log.request(key, of.session, "ask", b"digest")
    await log.request(kept, other.session, "ask", b"digest")
    assert await log.forget(AGE_MS, 10) == []
    assert await log.requested(key) is not None, "the other role's stub is there"
    await world.pass_time(AGE_S / 2)
    assert await log.forget(AGE_MS, 10) == [of.session]
    assert await log.requested(key) is None
    assert await log.requested(kept) is not None, "it is another session's"


async def test_what_came_early_for_a_role_goes_with_the_stub_of_that_role_and_no_other(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    both = (message(of, "1", "warehouse", sender="payment"), message(of, "2", "stock", sender="payment"))
    await payment.flush([burst(of, messages=both)])
    await log.take(10, await log.take(10))
    await world.collect("warehouse", of.session, "warehouse")
    await world.pass_time(AGE_S + 1)
    await log.forget(AGE_MS, 10)
    assert await log.unfinished(ALL) == [(of.session, "stock")]


async def test_a_message_that_came_in_while_its_session_was_collected_begins_nothing(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    await world.collect("payment", of.session, "payment")
    assert await payment.take(10) == []
    assert await payment.unfinished(range(shards_count)) == []
    other = header()
    await log.flush([burst(other, messages=(message(other),))])
    [taken] = await payment.take(1)
    assert taken.message.session == other.session, "it is in nobody's way"


async def test_audits_are_kept_listed_and_shown(world: World) -> None:
    log = await owner(world, "warehouse")
    of, other = header(), header()
    await log.flush([burst(of, session=over(of))])
    skip = order(of, "warehouse", "skip", "ann", "the carrier is gone \x00", site="7[2].3\x00")
    retry = order(other, "stock", "retry", "bob", "")
    for one in (skip, retry):
        await log.flush([Commit(shard=None, messages=(one,))])
    assert await log.flush([Commit(shard=None, messages=(skip,))]) == [[Delivery.SAME]], "and audited once"
    newest, oldest = await log.audits()
    assert (newest.session, newest.role, newest.verb, newest.claimed, newest.why) == (
        other.session, "stock", "retry", "bob", "",
    )  # fmt: skip
    assert oldest.verb == "skip at 7[2].3\ufffd"
    assert (oldest.who, newest.who) == ("", ""), "of a text, as they were written before, nothing was proved"
    assert oldest.why == "the carrier is gone \ufffd"
    assert [audit.claimed for audit in await log.audits(of.session)] == ["ann"]
    assert len(await log.audits(limit=1)) == 1
    story = await log.show(of.session)
    assert story is not None and story.audits == (oldest,)
    await world.pass_time(AGE_S + 1)
    await log.collect(AGE_MS, 10)
    assert len(await log.audits(of.session)) == 1, "it outlives its session"


async def test_what_a_peer_calls_a_persons_verb_is_no_audit(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    forged = msgspec.structs.replace(order(of, "payment", "skip", "ann", "because"), sender="warehouse")
    assert await log.flush([burst(of, messages=(forged,))]) == [[Delivery.REFUSED]]
    assert await payment.audits() == []


async def test_payloads_go_first_and_the_line_in_the_list_stays(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    begun = message(of, "!start", "warehouse", sender="", kind=Kind.START, payload=b'{"order":1}')
    got = message(of, "2", "warehouse", sender="stock", payload=b"7")
    whole = over(of, result=b"5", reason="why", asked="1", contacts=("stock",))
    await log.flush([burst(of, session=whole, results=(result(of),), home=(begun, got))])
    assert await log.lighten(AGE_MS, 10) == (0, 0.0)
    await world.pass_time(AGE_S + 1)
    count, reached = await log.lighten(AGE_MS, 10)
    assert count == 1 and reached > 0
    story = await log.show(of.session)
    assert story is not None and story.results == ()
    assert [(told.kind, told.payload) for told in story.messages] == [("start", b"null")]
    [lightened] = story.rows
    assert lightened.let_go_at is not None, "so that nobody takes it for one that had none"
    assert msgspec.structs.replace(lightened, let_go_at=None) == over(of, reason="why")
    [line] = await log.summaries()
    assert (line.session, line.outcome, line.reason) == (of.session, "settled", "why")
    [again] = (await log.flush([burst(of, home=(begun,))]))[0]
    assert again is Delivery.CLASH, "who started it is known, what with is not"
    assert await log.lighten(AGE_MS, 10, reached) == (1, reached), "nothing is marked, and nothing is left to lose"
    assert (await log.show(of.session)) == story
    assert await log.collect(AGE_MS, 10) == 1


async def test_payloads_of_what_is_owed_parked_open_or_another_owners_stay(world: World) -> None:
    log = await owner(world, "warehouse")
    running, owing, parked = (header() for _ in range(3))
    settled = message(owing, "!settled", "lost", kind=Kind.SETTLED)
    await log.flush([burst(running, session=row(running), results=(result(running),))])
    await log.flush([burst(owing, session=over(owing), messages=(settled,), results=(result(owing),))])
    stuck = over(parked, parked=Parked("ACC301", "stuck"))
    await log.flush([burst(parked, session=stuck, results=(result(parked),))])
    await world.pass_time(AGE_S + 1)
    assert await log.lighten(AGE_MS, 10) == (0, 0.0)
    await log.lease("warehouse-1", shards_count)
    await log.flush([burst(parked, session=over(parked))])
    stranger = await world.sidecar("warehouse")
    assert await stranger.lighten(AGE_MS, 10) == (0, 0.0)
    assert (await log.lighten(AGE_MS, 10))[0] == 1
    for of, left in ((running, 1), (owing, 1), (parked, 0)):
        story = await log.show(of.session)
        assert story is not None and len(story.results) == left


async def test_payloads_go_batch_by_batch_from_where_the_last_one_ended(world: World) -> None:
    log = await owner(world, "warehouse")
    for _ in range(5):
        of = header()
        await log.flush([burst(of, session=over(of))])
        await world.pass_time(1)
    await world.pass_time(AGE_S)
    since, counts = 0.0, []
    for _ in range(5):
        count, since = await log.lighten(AGE_MS, 2, since)
        counts.append(count)
    assert counts == [2, 2, 2, 2, 1], "the last of a batch is the first of the next"
