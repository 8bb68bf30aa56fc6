"""A role that fails beside the commit point: its saga cannot settle, and a person is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from unittest.mock import patch

from accompanist.language.checks.saga.saga import SagaCheck
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.ports import Phase
from accompanist.runtime.running import PAST_COMMIT
from accompanist.simulation.search.world import World
from accompanist.simulation.worker import FencedWorker
from accompanist.testing.source import programs_of

HEAD = """
from accompanist import At, Role, choreography, com, share, transaction


class Shop(Role):
    @transaction
    def do(self, value: int) -> int: ...
    @do.compensation
    def undo(self, value: int) -> None: ...
    @transaction
    def ship(self, value: int) -> int: ...


class Desk(Role):
    @transaction(retriable=True)
    def note(self, value: int) -> int: ...
    @note.compensation
    def unnote(self, value: int) -> None: ...
    @transaction
    def try_it(self, value: int) -> int: ...
    @try_it.compensation
    def untry(self, value: int) -> None: ...

"""
SELECTED = """
@choreography
def selected(a: Shop, d: Desk, n: At[int, "a"]) -> At[int, "a"]:
    done = a.do(n)
    v = com(n, to=d)
    first = d.note(v)
    if done > 0:
        second = d.note(10 // (v - v))
    return a.ship(done)
"""
RIDING = """
@choreography
def riding(d: Desk, a: Shop, n: At[int, "d"]) -> At[int, "d"]:
    done = a.do(com(d.try_it(n), to=a))
    if done {than} 3:
        told = com(a.ship(done), to=d)
        d.note(10 // (told - told))
    else:
        told = com(done, to=d)
        d.note(10 // (told - told))
    return told
"""
"""d hears which branch was taken with what comes after the pivot, and fails then."""
EARLY = """
@choreography
def early(a: Shop, d: Desk, n: At[int, "a"]) -> At[int, "a"]:
    zero = 0
    shipped = a.ship(a.do(n))
    bad = 10 // zero
    d.note(com(shipped, to=d) + bad)
    return shipped
"""
"""d computes it before it takes its first message, and that comes after the pivot."""
LOOPED = """
@choreography
def looped(a: Shop, d: Desk, n: At[int, "a"]) -> At[int, "d"]:
    done = a.do(n)
    left = share(n, to=[d])
    back = com(n, to=d)
    while left > 0:
        tried = d.try_it(left)
        got = com(tried, to=a)
        back = com(got, to=d)
        left = left - 1
    a.ship(done)
    return 10 // (back - back)
"""
"""Its expression fails at a point that stands before d.try_it, too, a turn earlier."""


def unchecked(path: Path, name: str) -> dict[str, RoleProgram]:
    """The programs of a choreography that `check` refuses for an expression that may raise. There are others that no
    check sees, for want of memory for one, and the runtime meets both alike."""
    with patch.object(SagaCheck, "_computed", lambda self, value, owners, known: known):
        return programs_of(path, name)


def run(programs: dict[str, RoleProgram], seed: int) -> World:
    workers = {
        role: FencedWorker(program.projection.operations, dict.fromkeys(program.projection.operations, lambda _: b"7"))
        for role, program in programs.items()
    }
    world = World(programs, workers, seed, crashes=seed % 3)
    world.start(b'{"n":1}')
    world.run()
    return world


def codes(world: World) -> set[str]:
    return {disk.row.parked.code for disk in world.disks.values() if disk.row and disk.row.parked}


def test_what_fails_at_a_selection_beside_the_pivot_is_not_undone(tmp_path: Path) -> None:
    """It was taken for a failure before the commit point, and the owner waited for this role's vote for ever."""
    (tmp_path / "saga.py").write_text(HEAD + SELECTED)
    programs = unchecked(tmp_path / "saga.py", "selected")
    for seed in range(40):
        world = run(programs, seed)
        assert codes(world) == {PAST_COMMIT}, seed
        assert not any(worker.undone for worker in world.workers.values()), seed


def test_what_fails_when_a_selection_comes_with_the_pivots_result_is_not_undone(tmp_path: Path) -> None:
    """It was taken for a failure before the commit point, where the branch begins; all but the pivot was undone."""
    (tmp_path / "saga.py").write_text(HEAD + RIDING.format(than=">"))
    programs = unchecked(tmp_path / "saga.py", "riding")
    for seed in range(40):
        world = run(programs, seed)
        assert codes(world) == {PAST_COMMIT}, seed
        assert not any(worker.undone for worker in world.workers.values()), seed


def test_what_fails_before_the_first_message_of_a_role_that_begins_after_the_pivot_is_not_undone(
    tmp_path: Path,
) -> None:
    """It was taken for a failure before the commit point, since the role had done nothing yet."""
    (tmp_path / "saga.py").write_text(HEAD + EARLY)
    programs = unchecked(tmp_path / "saga.py", "early")
    for seed in range(40):
        world = run(programs, seed)
        assert codes(world) == {PAST_COMMIT}, (seed, world.phases)
        assert world.phases["a"] is Phase.DONE and not world.workers["a"].undone, seed


def test_what_fails_where_another_selection_comes_is_undone(tmp_path: Path) -> None:
    """On the side of the branch that does not commit the saga."""
    (tmp_path / "saga.py").write_text(HEAD + RIDING.format(than="<"))
    programs = unchecked(tmp_path / "saga.py", "riding")
    for seed in range(40):
        world = run(programs, seed)
        assert set(world.phases.values()) == {Phase.ENDED}, seed
        for worker in world.workers.values():
            assert worker.undone == [entry.site for entry in reversed(worker.executed)], seed


def test_what_fails_beside_the_pivot_in_a_loop_is_not_undone(tmp_path: Path) -> None:
    """It was taken for a failure of an earlier turn, and all but the pivot was undone."""
    (tmp_path / "saga.py").write_text(HEAD + LOOPED)
    programs = unchecked(tmp_path / "saga.py", "looped")
    seen: Counter[Phase] = Counter()
    for seed in range(60):
        world = run(programs, seed)
        assert codes(world) == {PAST_COMMIT}, (seed, world.phases)
        assert not any(worker.undone for worker in world.workers.values()), seed
        seen[world.phases["a"]] += 1
    assert seen[Phase.DONE] > 5, seen
