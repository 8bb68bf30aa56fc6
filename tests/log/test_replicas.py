"""Several sidecars of one service: each takes its fair share of the shards, and shards move only when a sidecar comes
or goes.
"""

from __future__ import annotations

from collections import Counter

import pytest

from accompanist.limits import shards_count
from accompanist.runtime.ports import LeaseLost
from tests.log.letters import burst, header, row, shard
from tests.log.worlds import LEASE_MS, AnyLog, World, owner


async def replicas(world: World, count: int) -> dict[str, AnyLog]:
    return {f"r{number}": await world.sidecar("warehouse") for number in range(count)}


async def rounds(logs: dict[str, AnyLog], times: int = 3) -> dict[str, set[int]]:
    """Each renews in turn, a few times; what each holds then."""
    for _ in range(times):
        held = {name: await log.lease(name, shards_count) for name, log in logs.items()}
    return {name: {lease.shard for lease in leases} for name, (leases, *_) in held.items()}


def is_all(held: dict[str, set[int]]) -> bool:
    """Every shard has one owner."""
    counts = Counter(number for shards in held.values() for number in shards)
    return sorted(counts) == list(range(shards_count)) and set(counts.values()) == {1}


@pytest.mark.parametrize("count", [1, 2, 3, 5])
async def test_each_holds_its_share_and_all_is_held(world: World, count: int) -> None:
    held = await rounds(await replicas(world, count))
    assert is_all(held)
    assert max(map(len, held.values())) <= -(-shards_count // count)


async def test_who_joins_is_given_its_share_by_the_others(world: World) -> None:
    logs = await replicas(world, 3)
    first = {name: logs[name] for name in ("r0", "r1")}
    before = await rounds(first)
    after = await rounds(logs)
    assert is_all(after)
    for name in first:
        assert after[name] < before[name], "only given up, nothing exchanged"
    assert after["r2"] == (before["r0"] - after["r0"]) | (before["r1"] - after["r1"])


async def test_nothing_moves_while_nobody_comes_or_goes(world: World) -> None:
    logs = await replicas(world, 3)
    before = await rounds(logs)
    for name, log in list(logs.items()) * 5:
        held, new, *_ = await log.lease(name, shards_count)
        assert ({lease.shard for lease in held}, new) == (before[name], [])


async def test_who_dies_is_replaced_when_its_lease_is_over(world: World) -> None:
    logs = await replicas(world, 2)
    await rounds(logs)
    await world.pass_time(LEASE_MS / 2000)
    held, _, *_ = await logs["r0"].lease("r0", shards_count)
    assert len(held) == shards_count / 2, "a lease that runs is not taken"
    await world.pass_time(LEASE_MS / 2000 + 1)
    held, new, *_ = await logs["r0"].lease("r0", shards_count)
    assert (len(held), len(new)) == (shards_count, shards_count / 2)


async def test_who_leaves_is_replaced_at_once(world: World) -> None:
    logs = await replicas(world, 2)
    await rounds(logs)
    await logs["r1"].release("r1")
    held, _, *_ = await logs["r0"].lease("r0", shards_count)
    assert len(held) == shards_count


async def test_who_was_paused_writes_nothing_and_then_shares_again(world: World) -> None:
    logs = await replicas(world, 2)
    before = await rounds(logs)
    await world.pass_time(LEASE_MS / 1000 + 1)
    await logs["r0"].lease("r0", shards_count)
    of = next(of for of in (header() for _ in range(1000)) if shard(of) in before["r1"])
    with pytest.raises(LeaseLost):
        await logs["r1"].flush([burst(of, session=row(of))])
    after = await rounds(logs)
    assert is_all(after)
    assert {name: len(shards) for name, shards in after.items()} == {"r0": 32, "r1": 32}


async def test_what_was_given_up_cannot_be_written_any_more(world: World) -> None:
    """Also before the one who gave it up has heard of it, and after it has it again under another epoch."""
    log = await owner(world, "warehouse", "r0")
    other = await world.sidecar("warehouse")
    await other.lease("r1", shards_count)
    epochs = {number: log.epoch(number) for number in range(shards_count)}
    held, _, *_ = await log.lease("r0", shards_count)
    given_up = set(range(shards_count)) - {lease.shard for lease in held}
    assert len(given_up) == shards_count / 2
    of = next(of for of in (header() for _ in range(1000)) if shard(of) in given_up)
    with pytest.raises(LeaseLost):
        await log.flush([burst(of, session=row(of))])
    await other.lease("r1", shards_count)
    await other.flush([burst(of, session=row(of))])
    await other.release("r1")
    _, new, *_ = await log.lease("r0", shards_count)
    assert {lease.shard for lease in new} == given_up
    for lease in new:
        before = epochs[lease.shard]
        assert before is not None and lease.epoch > before


async def test_more_replicas_than_shards(world: World) -> None:
    logs = await replicas(world, 5)
    for _ in range(2):
        held = {name: {lease.shard for lease in (await log.lease(name, 3))[0]} for name, log in logs.items()}
    assert sorted(number for shards in held.values() for number in shards) == [0, 1, 2]
    assert max(map(len, held.values())) == 1
