"""A session that takes too many steps is undone; behind its commit point it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from accompanist import limits
from accompanist.runtime.ports import Phase
from accompanist.simulation.search.world import World
from accompanist.simulation.worker import FencedWorker
from accompanist.testing.source import programs_of

SAGA = """
from accompanist import At, Role, choreography, com, transaction


class Shop(Role):
    @transaction
    def do(self, value: int) -> int: ...
    @do.compensation
    def undo(self, value: int) -> None: ...
    @transaction
    def ship(self, value: int) -> int: ...
    @transaction(retriable=True)
    def note(self, value: int) -> int: ...


@choreography
def sale(a: Shop, before: At[int, "a"], behind: At[int, "a"]) -> None:
    for one in range(before):
        a.do(one)
    a.ship(before)
    for one in range(behind):
        a.note(one)


@choreography
def sent(a: Shop, b: Shop, value: At[int, "a"]) -> None:
    a.do(value)
    there = com(value, to=b)
    b.ship(there)
"""


@pytest.mark.parametrize(("before", "behind", "ends"), [(3, 40, Phase.SETTLED), (40, 3, Phase.ENDED)])
def test_too_many_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, behind: int, ends: Phase) -> None:
    monkeypatch.setattr(limits, "replay_steps_max", 20)
    (tmp_path / "saga.py").write_text(SAGA)
    programs = programs_of(tmp_path / "saga.py", "sale")
    operations = programs["a"].projection.operations
    workers = {"a": FencedWorker(operations, dict.fromkeys(operations, lambda _: b"7"))}
    world = World(programs, workers, 0)
    world.start(f'{{"before":{before},"behind":{behind}}}'.encode())
    world.run()
    assert world.phases == {"a": ends}


def test_one_step_too_many_behind_a_message_that_the_pivot_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message had left, and its sender was undone beside the pivot."""
    monkeypatch.setattr(limits, "replay_steps_max", 2)
    (tmp_path / "saga.py").write_text(SAGA)
    programs = programs_of(tmp_path / "saga.py", "sent")
    operations = programs["a"].projection.operations
    workers = {role: FencedWorker(operations, dict.fromkeys(operations, lambda _: b"7")) for role in programs}
    world = World(programs, workers, 0)
    world.start(b'{"value":1}')
    world.run()
    assert world.phases == {"a": Phase.SETTLED, "b": Phase.SETTLED}
