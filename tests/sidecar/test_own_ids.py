"""A new session's id lies in a shard of the sidecar that takes the start, and is as random as before."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import UUID

import pytest

from accompanist import limits
from accompanist.limits import shards_count
from accompanist.sidecar.api.own_ids import own_id
from accompanist.sidecar.sessions.freshness import shard_of
from accompanist.sidecar.sessions.holding import Holding
from tests.log.worlds import MemoryWorld
from tests.sidecar.front import Front, Worker


class Chance:
    """Random ids, of one seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self.draws = 0

    def __call__(self) -> UUID:
        self.draws += 1
        return UUID(int=self._random.getrandbits(128), version=4)


def holding(shards: range) -> Holding:
    found = Holding(lambda anew: None, lambda session: None)
    found.hold(dict.fromkeys(shards, 1))
    return found


@pytest.mark.parametrize("replicas", [2, 4])
def test_it_lies_in_a_held_shard_and_every_held_shard_is_drawn(replicas: int) -> None:
    held, chance = range(shards_count // replicas), Chance()
    drawn = [own_id(chance, holding(held).holds) for _ in range(2000)]
    assert {shard_of(one) for one in drawn} == set(held)
    assert len(set(drawn)) == len(drawn)
    assert all(one.version == 4 for one in drawn)
    assert chance.draws < 2000 * replicas * 1.2, "as many draws as there are replicas, and not more"


def test_who_holds_all_draws_once() -> None:
    chance = Chance()
    assert own_id(chance, holding(range(shards_count)).holds) == Chance()()
    assert chance.draws == 1


def test_who_holds_nothing_draws_any_id_within_the_bound() -> None:
    chance = Chance()
    drawn = {shard_of(own_id(chance, holding(range(0)).holds)) for _ in range(1000)}
    assert drawn == set(range(shards_count))
    assert chance.draws == 1000 * limits.id_draws_max


TEXT = """
from accompanist import At, Role, choreography, transaction

class Desk(Role):
    @transaction
    def put(self, what: int) -> int: ...

@choreography
def put_down(desk: Desk, what: At[int, "desk"]) -> At[int, "desk"]:
    return desk.put(what)
"""


async def test_each_of_two_sidecars_runs_the_sessions_that_were_started_there(tmp_path: Path) -> None:
    world = MemoryWorld()
    logs = [await world.sidecar("warehouse") for _ in range(2)]
    fronts = [
        Front("warehouse", log, tmp_path, Worker({"put": lambda given: 7}), {"Desk": "warehouse"}) for log in logs
    ]
    for front in fronts:
        await front.deploy(TEXT)
    for log in logs * 2:  # the first gives the second its share
        await log.lease(log._owner or "", shards_count)
    for front, log in zip(fronts, logs, strict=True):
        epochs = {lease.shard: lease.epoch for lease in (await log.lease(log._owner or "", shards_count))[0]}
        front.driver.holding.hold(epochs)
        assert len(epochs) == shards_count // 2
        for key in [{}, {"key": f"{log._owner}"}] * 8:
            told = await front.ask("session.start", choreography="put_down", arguments={"what": 1}, **key)
            assert shard_of(UUID(told["session"])) in epochs
    for front in fronts:
        await front.close()
