"""Every row of the saga's table is taken, and every pair that has no row is refused."""

from __future__ import annotations

import itertools

import pytest

from accompanist.errors import Bug
from accompanist.runtime import saga
from accompanist.runtime.events import Name
from accompanist.runtime.ports import Phase
from accompanist.runtime.session import Session
from accompanist.simulation.world import World
from tests.runtime import sagas


def taken_in_worlds() -> set[str]:
    """The rows that seeded worlds take by themselves."""
    marks: set[str] = set()
    declines = ("", "do", "try_it", "last", "finish", "tail")
    for seed, decline, pivot in itertools.product(range(120), declines, (True, False)):
        programs = sagas.ring(pivot, concurrent_tail=not pivot)
        world = World(programs, sagas.workers(programs, frozenset({decline})), seed, seed % 4, marks.add)
        world.lost_answers = 0.2 if seed % 2 else 0.0
        world.start(b'{"value":1}')
        if seed % 3 == 0:
            world.cancel("no more")
        world.run()
    return marks


def test_every_row_has_an_action() -> None:
    for row in saga.TABLE.values():
        assert callable(getattr(Session, f"_on_{row.action}"))


def test_every_row_is_taken() -> None:
    marks = taken_in_worlds()
    rows = {f"{phase.value}:{name.value}" for phase, name in saga.TABLE}
    left = sorted(rows - marks)
    assert not left, left
    assert {"duplicate", "recovery", "crash before commit", "crash after commit", "exhausted"} <= marks


@pytest.mark.parametrize(("phase", "name"), [pair for pair in itertools.product(Phase, Name) if pair not in saga.TABLE])
def test_an_impossible_pair_is_refused(phase: Phase, name: Name) -> None:
    with pytest.raises(Bug, match="cannot happen"):
        saga.rule(phase, name)
