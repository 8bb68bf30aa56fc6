"""The log of the search and the log of the seeded world are the log in memory: after every step a load gives the same.

`tests/log/test_alike.py` holds the log in memory to Postgres.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from accompanist.runtime.burst import Burst
from accompanist.runtime.messages import Header, Kind
from accompanist.runtime.ports import Phase, ResultKind, ResultRow, SessionRow
from accompanist.simulation.search.explore import FaultBudget
from accompanist.simulation.search.session import Stepped
from accompanist.simulation.search.state import NOBODY, Chance, RoleState, Transition
from tests.model.mirrored import MirroredWorld, Walk, WatchedRole
from tests.model.searched import explorer
from tests.model.test_reduced import SMALL
from tests.runtime import sagas

SAGAS = {**SMALL, "waiting": sagas.waiting}
REACHED = {
    "ring": ("is settled", "is ended", "undoes", "; a writes its row"),
    "waiting": ("time passes at a", "b is told paid", "c hears event", "is settled", "is ended"),
}
FAULTS = FaultBudget(crashes=3, lost_answers=1, declines=1, cancels=1)
EVENTS = {"b": {"paid": b"7"}, "c": {"seen": b"8"}}
SEEDS = 25
STEPS_MAX = 400


def walked(saga: str, seed: int, kind: type[WatchedRole] = WatchedRole) -> tuple[str, str]:
    """The steps of a run in words, and the first difference after one of them; empty if there is none."""
    searched = explorer(SAGAS[saga](), FAULTS, doubtful=saga == "asking")
    walk = Walk(replace(searched, events=EVENTS if saga == "waiting" else {}), seed, kind)
    steps: list[str] = []
    for _ in range(STEPS_MAX):
        steps.append(walk.step())
        if found := walk.differences():
            return " / ".join(steps), f"seed {seed}, after {' / '.join(steps)}: {found}"
        if not steps[-1]:
            break
    return " / ".join(steps), ""


@pytest.mark.parametrize("saga", SAGAS)
def test_the_log_of_the_search(saga: str) -> None:
    runs = [walked(saga, seed) for seed in range(SEEDS)]
    assert [found for _, found in runs if found] == []
    steps = " / ".join(run for run, _ in runs)
    reached = ("CRASH", "restarts", "the client cancels", *REACHED.get(saga, ()))
    assert [what for what in reached if what not in steps] == []


class LosesAborts(WatchedRole):
    def _deposit(self, at: int, number: int) -> int:
        lost = self._post.messages[number].kind is Kind.ABORT
        return at if lost else super()._deposit(at, number)


class ForgetsResults(WatchedRole):
    def _kept(self, results: frozenset[ResultRow], burst: Burst) -> frozenset[ResultRow]:
        return results


class ForgetsInCrashes(WatchedRole):
    def _dead(self, state: RoleState) -> RoleState:
        return super()._dead(state)._replace(row=-1)


class ForgetsTimers(WatchedRole):
    def _carried(self, to: RoleState, stepped: Stepped, text: str, chance: Chance) -> Transition:
        move = super()._carried(to, stepped, text, chance)
        return move._replace(to=self._number(self.state(move.to)._replace(timers=frozenset())))


@pytest.mark.parametrize("planted", [LosesAborts, ForgetsResults, ForgetsInCrashes, ForgetsTimers])
def test_a_planted_difference_is_found(planted: type[WatchedRole]) -> None:
    saga = "waiting" if planted is ForgetsTimers else "ring"
    assert any(walked(saga, seed, planted)[1] for seed in range(SEEDS))


class TheLastResultWins(WatchedRole):
    def _kept(self, results: frozenset[ResultRow], burst: Burst) -> frozenset[ResultRow]:
        return super()._kept(frozenset(), burst)


@pytest.mark.parametrize(("kind", "alike"), [(WatchedRole, True), (TheLastResultWins, False)])
def test_a_result_that_is_written_again_stays(kind: type[WatchedRole], alike: bool) -> None:
    """No run of the core writes another one, so this is written by hand."""
    searched = explorer(SAGAS["lone"](), FAULTS)
    walk = Walk(searched, 0, kind)
    [role], at = walk.roles, walk.state[0]
    row = SessionRow(header=searched.header, role="a", phase=Phase.RUNNING)
    for value in (b"1", b"2"):
        burst = Burst(row=row, results=(_result(searched.header, value),), forced=True)
        at = role._carried(role.state(at), Stepped(NOBODY, (burst,)), "writes", Chance.HELPFUL).to
        walk.mirror.burst("a", burst)
    walk.state = (at, walk.state[-1])
    assert (walk.differences() == {}) is alike


def _result(header: Header, value: bytes) -> ResultRow:
    return ResultRow(
        session=header.session,
        role="a",
        site="1",
        kind=ResultKind.FORWARD,
        operation="do",
        digest=b"",
        outcome="replied",
        value=value,
    )


def seeded(saga: str, seed: int, kind: type[MirroredWorld] = MirroredWorld) -> str:
    """The first difference in a run of a seeded world."""
    programs = SAGAS[saga]()
    world = kind(programs, sagas.workers(programs), seed, crashes=3)
    world.start(b'{"value":1}')
    if random.Random(seed).random() < 0.3:
        world.cancel("no more")
    while world.pending:
        world.step()
        if found := world.differences():
            return f"seed {seed}: {found}"
    return ""


@pytest.mark.parametrize("saga", ["ring", "fork", "recorded", "relayed", "lone"])
def test_the_log_of_the_seeded_world(saga: str) -> None:
    assert [found for seed in range(SEEDS) if (found := seeded(saga, seed))] == []


class ForgetsItsRow(MirroredWorld):
    """A crash takes the row with it."""

    def _dies(self, role: str, when: str) -> bool:
        died = super()._dies(role, when)
        if died:
            self.disks[role].row = None
        return died


def test_a_difference_that_is_planted_in_the_world_is_found() -> None:
    assert any(seeded("ring", seed, ForgetsItsRow) for seed in range(SEEDS))
