"""Who may write: each shard has one owner, by the database's clock; any other sidecar's commit is refused whole."""

from __future__ import annotations

import msgspec
import pytest

from accompanist.limits import shards_count
from accompanist.runtime.ports import LeaseLost
from tests.log.letters import burst, header, message, result, row, shard, start
from tests.log.worlds import World, owner


async def test_the_first_call_makes_the_shards_and_acquires_them_all(world: World) -> None:
    log = await world.sidecar("warehouse")
    held, new, *_ = await log.lease("a", shards_count)
    assert [lease.shard for lease in held] == list(range(shards_count))
    assert held == new
    assert {log.epoch(lease.shard) for lease in held} == {1}


async def test_the_answer_says_how_many_sidecars_there_are(world: World) -> None:
    first, second = await world.sidecar("warehouse"), await world.sidecar("warehouse")
    assert (await first.lease("a", shards_count)).sidecars == 1
    assert (await second.lease("b", shards_count)).sidecars == 2
    assert (await first.lease("a", shards_count)).sidecars == 2
    await first.release("a")
    assert (await second.lease("b", shards_count)).sidecars == 1
    await world.expire("warehouse")
    assert (await first.lease("c", shards_count)).sidecars == 1


async def test_a_renewal_keeps_the_epoch_and_acquires_nothing(world: World) -> None:
    log = await owner(world, "warehouse", "a")
    first, _, *_ = await log.lease("a", shards_count)
    again, new, *_ = await log.lease("a", shards_count)
    assert (again, new) == (first, [])


async def test_a_lease_that_runs_is_not_taken(world: World) -> None:
    await owner(world, "warehouse", "a")
    other = await world.sidecar("warehouse")
    assert (await other.lease("b", shards_count))[:2] == ([], [])


async def test_an_expired_lease_is_taken_over_under_the_next_epoch(world: World) -> None:
    await owner(world, "warehouse", "a")
    await world.expire("warehouse")
    other = await world.sidecar("warehouse")
    held, new, *_ = await other.lease("b", shards_count)
    assert held == new
    assert {lease.epoch for lease in held} == {2}


async def test_an_owner_that_was_paused_but_not_replaced_goes_on(world: World) -> None:
    log = await owner(world, "warehouse", "a")
    await world.expire("warehouse")
    of = header()
    await log.flush([burst(of, session=row(of))])
    held, new, *_ = await log.lease("a", shards_count)
    assert (len(held), new) == (shards_count, [])


async def test_a_paused_owner_cannot_write_after_its_replacement(world: World) -> None:
    paused, payment = await owner(world, "warehouse", "a"), await owner(world, "payment")
    await world.expire("warehouse")
    replacement = await owner(world, "warehouse", "b")
    of, other = header(), header()
    with pytest.raises(LeaseLost) as lost:
        await paused.flush(
            [
                burst(of, session=row(of, vote="done"), results=(result(of),), messages=(message(of),)),
                burst(other, session=row(other)),
            ]
        )
    assert set(lost.value.shards) == {shard(of), shard(other)}
    [memory] = await replacement.load([(of.session, "warehouse")])
    assert (memory.session, memory.results) == (None, ())
    assert await payment.take(10) == []


async def test_a_paused_owner_takes_nothing_after_its_replacement(world: World) -> None:
    paused = await owner(world, "warehouse", "a")
    await world.expire("warehouse")
    replacement = await owner(world, "warehouse", "b")
    await replacement.flush([start(header())])
    assert await paused.take(10) == []
    assert len(await replacement.take(10)) == 1


async def test_a_commit_decided_under_an_earlier_epoch_is_refused(world: World) -> None:
    """Lost and won back in between: what was decided before is of a state that others have moved on from."""
    log = await owner(world, "warehouse", "a")
    of = header()
    old = msgspec.structs.replace(burst(of, session=row(of)), epoch=log.epoch(shard(of)))
    await world.expire("warehouse")
    other = await owner(world, "warehouse", "b")
    await other.release("b")
    _, new, *_ = await log.lease("a", shards_count)
    assert len(new) == shards_count
    with pytest.raises(LeaseLost):
        await log.flush([old])
    await log.flush([msgspec.structs.replace(old, epoch=log.epoch(shard(of)))])


async def test_without_a_lease_nothing_is_written(world: World) -> None:
    log = await world.sidecar("warehouse")
    of = header()
    with pytest.raises(LeaseLost) as lost:
        await log.flush([burst(of, session=row(of))])
    assert lost.value.shards == (shard(of),)


async def test_released_shards_are_free_at_once(world: World) -> None:
    log = await owner(world, "warehouse", "a")
    await log.release("a")
    of = header()
    with pytest.raises(LeaseLost):
        await log.flush([burst(of, session=row(of))])
    other = await world.sidecar("warehouse")
    _, new, *_ = await other.lease("b", shards_count)
    assert len(new) == shards_count


async def test_releasing_leaves_the_shards_of_others_alone(world: World) -> None:
    await owner(world, "warehouse", "a")
    other = await world.sidecar("warehouse")
    await other.release("b")
    assert (await other.lease("b", shards_count))[:2] == ([], [])


async def test_services_have_leases_of_their_own(world: World) -> None:
    await owner(world, "warehouse", "same name")
    payment = await world.sidecar("payment")
    held, new, *_ = await payment.lease("same name", shards_count)
    assert len(held) == len(new) == shards_count
