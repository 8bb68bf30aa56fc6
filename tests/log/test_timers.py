"""Timers: set once by the log's own clock, fired until they end, and removed with their session."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.limits import shards_count
from accompanist.runtime.messages import Header
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import LeaseLost, Parked, Phase, ResultKind
from tests.log.letters import burst, header, result, row, shard, timer
from tests.log.worlds import AnyLog, World, owner

AGAIN_S = limits.timer_again_ms / 1000


async def due(log: AnyLog) -> list[str]:
    """The sites of what is due."""
    return [site for _, _, site in (await log.due(100)).timers]


async def setting(log: AnyLog, of: Header, *sites: str, seconds: float = 60.0) -> None:
    await log.flush([burst(of, session=row(of), timers=tuple(timer(of, site, seconds) for site in sites))])


async def test_a_timer_is_due_when_its_time_is_over_and_not_before(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    assert (await log.due(10)).next_s is None
    await setting(log, of, "7")
    found = await log.due(10)
    assert (found.timers, found.next_s) == ((), pytest.approx(60, abs=10))
    await world.pass_time(61)
    assert (await log.due(10)).timers == ((of.session, "warehouse", "7"),)


async def test_a_timer_that_is_set_again_keeps_its_time(world: World) -> None:
    """A session that is recovered sets its timer anew; the wait does not begin anew."""
    log, of = await owner(world, "warehouse"), header()
    await setting(log, of, "7")
    await world.pass_time(50)
    await setting(log, of, "7", seconds=1_000.0)
    await world.pass_time(11)
    assert await due(log) == ["7"]
    assert (await log.load([(of.session, "warehouse")]))[0].timers == ("7",)


async def test_a_timer_that_was_told_is_told_again_until_its_result_is_written(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await setting(log, of, "7", "8", seconds=0)
    await world.pass_time(1)
    assert sorted(await due(log)) == ["7", "8"]
    assert await due(log) == []
    await world.pass_time(AGAIN_S + 1)
    assert sorted(await due(log)) == ["7", "8"]
    await log.flush([burst(of, results=(result(of, "7", operation="role.sleep"),))])
    await log.flush([burst(of, results=(result(of, "8", operation="reserve", kind=ResultKind.COMPENSATE),))])
    await world.pass_time(AGAIN_S + 1)
    assert await due(log) == ["8"]
    await log.flush([burst(of, results=(result(of, "8", operation="role.timeout.paid"),))])
    assert await log.timers() == []


async def test_a_timer_goes_with_a_session_that_is_undone_or_over(world: World) -> None:
    log, undone, over, goes_on = await owner(world, "warehouse"), header(), header(), header()
    for of in (undone, over, goes_on):
        await setting(log, of, "7", seconds=0)
    await log.flush([burst(undone, session=row(undone, phase=Phase.UNDOING))])
    await log.flush([burst(over, session=row(over, phase=Phase.SETTLED, outcome="settled"))])
    assert {line.session for line in await log.timers()} == {over.session, goes_on.session}
    await world.pass_time(1)
    assert (await log.due(10)).timers == ((goes_on.session, "warehouse", "7"),)
    assert {line.session for line in await log.timers()} == {goes_on.session}


async def test_only_so_many_at_a_time_and_the_longest_due_first(world: World) -> None:
    log = await owner(world, "warehouse")
    headers = [header() for _ in range(5)]
    for of in headers:
        await setting(log, of, "7", seconds=0)
        await world.pass_time(1)
    first = await log.due(2)
    assert [session for session, _, _ in first.timers] == [of.session for of in headers[:2]]
    assert first.next_s == 0
    assert [session for session, _, _ in (await log.due(10)).timers] == [of.session for of in headers[2:]]


async def test_a_parked_session_is_passed_over_and_stands_in_nobodys_way(world: World) -> None:
    log, parked, of = await owner(world, "warehouse"), header(), header()
    await setting(log, parked, "7", seconds=0)
    await log.flush([burst(parked, session=row(parked, parked=Parked("ACC206", "by hand")))])
    await setting(log, of, "7", seconds=0)
    await world.pass_time(1)
    told = [await log.due(1), await log.due(1)]
    assert [entry for one in told for entry in one.timers] == [(of.session, "warehouse", "7")]
    await log.flush([burst(parked, session=row(parked))])
    await world.pass_time(AGAIN_S + 1)
    assert (parked.session, "warehouse", "7") in (await log.due(10)).timers


async def test_a_timer_belongs_to_who_holds_its_shard(world: World) -> None:
    log, of = await owner(world, "warehouse", "one"), header()
    await setting(log, of, "7", seconds=0)
    await world.pass_time(1)
    other = await world.sidecar("warehouse")
    await other.lease("two", shards_count)
    await log.release("one")
    await other.lease("two", shards_count)
    assert await due(log) == []
    assert await due(other) == ["7"]
    with pytest.raises(LeaseLost):  # it was told before, and fires late
        await log.flush([burst(of, results=(result(of, "7", operation="role.sleep"),))])


async def test_timers_are_listed_and_moved(world: World) -> None:
    log, of, other = await owner(world, "warehouse"), header(), header()
    await setting(log, of, "7", "8", seconds=1_000)
    await setting(log, other, "9", seconds=500)
    listed = await log.timers()
    assert [(line.site, line.operation, line.choreography) for line in listed] == [
        ("9", "role.sleep", "fulfil_order"),
        ("7", "role.sleep", "fulfil_order"),
        ("8", "role.sleep", "fulfil_order"),
    ]
    assert listed[1].due_at - listed[1].set_at == pytest.approx(1_000, abs=1)
    assert [line.site for line in await log.timers(other.session)] == ["9"]
    assert len(await log.timers(limit=2)) == 2
    [line] = [one for one in await log.summaries() if one.session == other.session]
    assert line.due_at == listed[0].due_at
    assert await log.move_timer(of.session, "warehouse", "8", None, Operator(claimed="ann"), "now")
    assert await due(log) == ["8"]
    assert await log.move_timer(
        of.session, "warehouse", "7", listed[1].due_at + 5_000, Operator(claimed="ann"), "later"
    )
    assert [one.due_at for one in await log.timers(of.session)][1] == pytest.approx(listed[1].due_at + 5_000)
    assert not await log.move_timer(of.session, "warehouse", "1", None, Operator(claimed="ann"), "never")
    story = await log.show(of.session)
    assert story is not None and [one.site for one in story.timers] == ["8", "7"]
    audited = [(audit.role, audit.verb, audit.claimed, audit.why) for audit in story.audits]
    assert audited == [
        ("warehouse", "fire timer at 8", "ann", "now"),
        ("warehouse", "move timer at 7", "ann", "later"),
    ], "what was done, and nothing else"


async def test_a_collected_session_leaves_no_timer(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await setting(log, of, "!deadline")
    await log.flush([burst(of, session=row(of, phase=Phase.SETTLED, vote="done", outcome="settled"))])
    await world.pass_time(11)
    assert await log.collect(10_000, 10) == 1
    assert await log.timers() == []


async def test_another_s_timer_is_no_reason_to_look_again(world: World) -> None:
    logs = [await world.sidecar("warehouse") for _ in range(2)]
    for _ in range(3):
        held = [{lease.shard for lease in (await log.lease(f"r{n}", shards_count))[0]} for n, log in enumerate(logs)]
    for log, shards, seconds in zip(logs, held, (100.0, 10.0), strict=True):
        await setting(log, next(of for of in iter(header, None) if shard(of) in shards), "7", seconds=seconds)
    assert (await logs[0].due(10)).next_s == pytest.approx(100, abs=10)
