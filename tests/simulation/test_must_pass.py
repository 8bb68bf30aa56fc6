"""Every must_pass program on the real runtime, in seeded worlds, does what the direct reading of its choreography does.

The world reorders and repeats messages, crashes and recovers; the direct reading does not. If the reading settles, the
world settles with the same result after the same calls. If the reading aborts, the world ends with everything undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from accompanist.language import direct, waits
from accompanist.language.program.load import load
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.answers import Answer, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.simulation.search.workers import values_of
from accompanist.simulation.search.world import World
from accompanist.simulation.worker import FencedWorker, Refusal
from tests.language.programs import MUST_PASS, must_pass
from tests.simulation.reading import judge, read_like

SEEDS = 12


class RoleWorker(FencedWorker):
    """A worker beside a sidecar that answers for the role's clock and chance, as the direct reading does."""

    def __init__(self, role: str, *given: Any) -> None:
        super().__init__(*given)
        self._role = role

    def call(self, call: CallWorker) -> Answer:
        if call.operation in direct.DRAWN:
            return Replied(codec.encode(direct.DRAWN[call.operation](self._role, call.site)))
        return super().call(call)


def fenced(program: RoleProgram, table: Mapping[str, Callable[..., Any]]) -> FencedWorker:
    """A worker that answers from a program's table of functions; compensations do nothing but be counted."""

    def function(name: str) -> Callable[[bytes], bytes]:
        def run(arguments: bytes) -> bytes:
            if program.projection.operations[name].kind == "compensation":
                return b"null"
            try:
                return codec.encode(table[f"{program.role}.{name}"](**values_of(program, name, arguments)))
            except direct.Declined as declined:
                raise Refusal(declined.reason) from None

        return run

    operations = program.projection.operations
    worked = {name: function(name) for name in operations if name not in direct.DRAWN and not waits.is_wait(name)}
    return RoleWorker(program.role, operations, worked)


def world(choreography: Choreography, table: Mapping[str, Callable[..., Any]], seed: int) -> World:
    programs = {role: load(choreography, role) for role in choreography.roles}
    return World(programs, {role: fenced(program, table) for role, program in programs.items()}, seed, seed % 4)


def tell(ran: World, table: Mapping[str, Callable[..., Any]]) -> None:
    """Everything that is told from outside, if it is told at all."""
    for name, what in table.items():
        role, _, told = name.partition(".event.")
        if told:
            with suppress(direct.Declined):
                ran.tell(role, told, codec.encode(what()))


@pytest.mark.parametrize("name", MUST_PASS)
def test_the_runtime_does_what_the_choreography_says(name: str) -> None:
    choreography, module = must_pass(name)
    for arguments in module.ARGUMENTS:
        for seed in range(SEEDS):
            ran = world(choreography, module.WORKERS, seed)
            ran.start(codec.encode(arguments))
            tell(ran, module.WORKERS)
            ran.run()
            assert ran.over, (seed, ran.phases)
            results = (result for disk in ran.disks.values() for result in disk.results.values())
            rows = {role: disk.row for role, disk in ran.disks.items() if disk.row is not None}
            read = read_like(choreography, arguments, module.WORKERS, results)
            judge(choreography, read, rows, ran.workers, seed)
