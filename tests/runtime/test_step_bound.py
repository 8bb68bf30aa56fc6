"""A session that takes too many steps is undone; behind its commit point it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from accompanist import limits
from accompanist.runtime.ports import Phase
from accompanist.simulation.worker import FencedWorker
from accompanist.simulation.world import World
from accompanist.testing.source import programs_of

SAGA = """
from accompanist import At, Role, choreography, transaction


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
"""


@pytest.mark.parametrize(("before", "behind", "ends"), [(3, 40, Phase.SETTLED), (40, 3, Phase.ENDED)])
def test_too_many_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, behind: int, ends: Phase) -> None:
    monkeypatch.setattr(limits, "replay_steps_max", 20)
    (tmp_path / "saga.py").write_text(SAGA)
    programs = programs_of(tmp_path / "saga.py")
    operations = programs["a"].projection.operations
    workers = {"a": FencedWorker(operations, dict.fromkeys(operations, lambda _: b"7"))}
    world = World(programs, workers, 0)
    world.start(f'{{"before":{before},"behind":{behind}}}'.encode())
    world.run()
    assert world.phases == {"a": ends}
