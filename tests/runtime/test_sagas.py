"""What docs/protocol.md promises, on small sagas in seeded worlds: shuffled, doubled, crashed, declined, cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.ports import Phase
from accompanist.simulation.search.world import World
from tests.runtime import sagas

Programs = dict[str, RoleProgram]

SEEDS = range(150)


def lived(seed: int, programs: Programs, declines: str = "", crashes: int = 0, **world_of: Any) -> World:
    """A world that has run to its end and been judged. The seed of a failing one is in its message."""
    workers = sagas.workers(programs, frozenset({declines}), world_of.pop("reply", lambda n: n + 1))
    world = World(programs, workers, seed, crashes)
    world.lost_answers = world_of.get("lost_answers", 0.0)
    world.start(world_of.get("arguments", b'{"value":1}'))
    if "cancel" in world_of:
        world.cancel(world_of["cancel"])
    try:
        world.run()
        judge(world)
    except Exception as problem:
        raise AssertionError(f"seed {seed}: {problem}") from problem
    return world


def judge(world: World) -> None:
    """All or compensated, everywhere, and nobody waits."""
    assert world.over, world.phases
    outcome = world.outcome
    effects = {
        (role, entry.site): worker.undone.count(entry.site)
        for role, worker in world.workers.items()
        for entry in worker.executed
    }
    assert len(effects) == sum(len(worker.executed) for worker in world.workers.values()), "an effect happened twice"
    if outcome == "settled":
        assert set(world.phases.values()) == {Phase.SETTLED}
        assert set(effects.values()) == {0}
    else:
        assert outcome == "ended"
        assert set(world.phases.values()) == {Phase.ENDED}
        assert all(count == 1 for count in effects.values()), effects


@pytest.mark.slow
@pytest.mark.parametrize("crashes", [0, 1, 3])
@pytest.mark.parametrize("decline", ["", "do", "try_it", "last", "finish"])
def test_a_saga_is_all_or_compensated(crashes: int, decline: str) -> None:
    for seed in SEEDS:
        world = lived(seed, sagas.ring(), decline, crashes)
        assert world.outcome == ("ended" if decline else "settled")
        if not decline:
            row = world.disks["a"].row
            assert row is not None and row.result == b"5"


def test_a_branch_that_runs_beside_is_undone_too() -> None:
    for seed in SEEDS:
        world = lived(seed, sagas.ring(pivot=False, concurrent_tail=True), "tail", crashes=2)
        assert world.outcome == "ended"


def test_an_abort_of_the_program_undoes_the_saga_and_says_why() -> None:
    for seed in SEEDS:
        world = lived(seed, sagas.ring(), crashes=1, reply=lambda n: -n, arguments=b'{"value":-7}')
        assert world.outcome == "ended"
        row = world.disks["a"].row
        assert row is not None and row.reason == "negative"


@pytest.mark.slow
@pytest.mark.parametrize("pivot", [True, False])
def test_a_cancel_is_granted_or_refused_but_never_half(pivot: bool) -> None:
    outcomes = {lived(seed, sagas.ring(pivot), crashes=seed % 3, cancel="no more").outcome for seed in range(400)}
    assert outcomes == {"settled", "ended"}


def test_a_spent_budget_closes_before_it_decides() -> None:
    outcomes = {lived(seed, sagas.ring(), crashes=1, lost_answers=0.3).outcome for seed in range(300)}
    assert outcomes == {"settled", "ended"}


def test_one_role_alone_settles_at_once() -> None:
    assert lived(0, sagas.lone()).outcome == "settled"
