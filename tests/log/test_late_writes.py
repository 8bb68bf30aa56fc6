"""A flush that was given up may be executed late, under the same epochs, after newer ones: it changes nothing."""

from __future__ import annotations

import msgspec

from accompanist.runtime.messages import Header, Kind
from accompanist.runtime.ports import Commit, Memory, Parked, Phase
from tests.log.letters import burst, header, message, result, row, timer
from tests.log.worlds import AnyLog, World, owner

LONG_S = 1_000_000


async def memory(log: AnyLog, of: Header, role: str = "warehouse") -> Memory:
    [found] = await log.load([(of.session, role)])
    return found


async def test_an_older_row_does_not_come_back(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    older = burst(of, turn=4, session=row(of, waiting="for b"))
    newer = row(of, parked=Parked("ACC901", "waits"), verbs=("!operator/1",), phase=Phase.DONE, vote="done")
    await log.flush([burst(of, turn=5, session=newer)])
    await log.flush([older])
    assert (await memory(log, of)).session == newer
    await log.flush([burst(of, turn=6, session=row(of, phase=Phase.DONE, waiting="for c"))])
    found = (await memory(log, of)).session
    assert found is not None and (found.vote, found.waiting, found.parked) == ("done", "for c", None)


async def test_the_older_row_of_one_session_does_not_keep_its_neighbours_newer_one_out(world: World) -> None:
    log, of, other = await owner(world, "warehouse"), header(), header()
    await log.flush([burst(of, turn=9, session=row(of, waiting="new"))])
    await log.flush([burst(of, turn=3, session=row(of, waiting="old")), burst(other, turn=4, session=row(other))])
    kept, begun = (await memory(log, of)).session, (await memory(log, other)).session
    assert kept is not None and kept.waiting == "new" and begun == row(other)


async def test_the_turns_of_another_epoch_do_not_count(world: World) -> None:
    first, of = await owner(world, "warehouse"), header()
    await first.flush([burst(of, turn=1_000, session=row(of, waiting="old"))])
    await first.release("warehouse-1")
    second = await owner(world, "warehouse", "warehouse-2")
    await second.flush([burst(of, turn=1, session=row(of, waiting="new"))])
    found = (await memory(second, of)).session
    assert found is not None and found.waiting == "new"


async def test_a_timer_that_ended_is_not_set_anew(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    setting = burst(of, turn=1, session=row(of), timers=(timer(of, "1", LONG_S),))
    await log.flush([setting])
    fired = msgspec.structs.replace(result(of, "1"), operation="role.sleep")
    await log.flush([burst(of, turn=2, session=row(of), results=(fired,))])
    assert (await memory(log, of)).timers == ()
    await log.flush([setting])
    assert (await memory(log, of)).timers == ()


async def test_a_timer_is_not_set_for_a_role_that_goes_back(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    setting = burst(of, turn=1, session=row(of), timers=(timer(of, "1", LONG_S),))
    await log.flush([burst(of, turn=2, session=row(of, phase=Phase.UNDOING, vote="abort"))])
    await log.flush([setting])
    assert (await memory(log, of)).timers == ()


async def test_a_session_that_was_collected_does_not_come_back(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    early = burst(
        of,
        turn=1,
        session=row(of),
        results=(result(of),),
        messages=(message(of, receiver="lost"),),
        home=(message(of, "2", "stock"), message(of, "3", "warehouse", sender="stock")),
        timers=(timer(of, "1", LONG_S),),
    )
    await log.flush([burst(of, turn=2, session=row(of, phase=Phase.SETTLED, vote="done", outcome="settled"))])
    await log.flush([burst(of, turn=3, session=row(of, "stock", phase=Phase.SETTLED, outcome="settled"))])
    await world.pass_time(LONG_S)
    assert await log.collect(1_000, 10) == 2
    await log.flush([early])
    for role in ("warehouse", "stock"):
        found = await memory(log, of, role)
        assert (found.session, found.inbox, found.results) == (None, (), ())
    assert await log.unfinished(range(64)) == []
    assert (await log.due(10)).timers == ()
    assert await log.resend(10) == {}


async def test_what_a_role_said_before_it_went_back_does_not_wait_to_be_sent_again(world: World) -> None:
    log, of = await owner(world, "warehouse"), header()
    await log.flush([burst(of, turn=2, session=row(of, phase=Phase.UNDOING, vote="abort"))])
    part = Commit(
        shard=burst(of).shard, messages=(message(of, receiver="lost"), message(of, "2", "lost", kind=Kind.DONE))
    )
    await log.flush([part])
    await world.pass_time(LONG_S)
    assert sum((await log.resend(10)).values()) == 1, "its vote is for other roles, whatever it does"
