"""A session and the session that its log would give back have the same state, at any moment.

Seeded worlds run sagas through every event in every phase, with cancels, deadlines, operators' verbs, calls without
answer and crashes. After each event the session is recovered from its log a second time, beside the one that goes on,
and the two rows are compared. While the fence is asked about a call in doubt there is nothing to compare; its answer
decides, and then they are compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.control import CLIENT
from accompanist.runtime.events import Arrived, Deadline, Event
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory, Phase, SessionRow
from accompanist.runtime.session import Session
from accompanist.simulation.search.world import World
from tests.runtime import sagas
from tests.runtime.test_operate import order

SHAPES: dict[str, Callable[[], dict[str, RoleProgram]]] = {
    "a ring with a pivot": sagas.ring,
    "a ring without one": lambda: sagas.ring(pivot=False),
    "one goes on meanwhile": lambda: sagas.ring(pivot=False, concurrent_tail=True),
    "a record elsewhere": sagas.recorded,
    "a path without its record": lambda: sagas.recorded(commits=False),
    "branches": sagas.fork,
}


class Compared(World):
    """A world that holds each session against what its log gives back. `phases` counts where something was asked."""

    def __init__(self, programs: dict[str, RoleProgram], seed: int) -> None:
        chance = random.Random(f"{seed}/told")
        declines = frozenset(chance.choice(("", "", "do", "try_it", "last", "finish", "tail")) for _ in range(1))
        super().__init__(programs, sagas.workers(programs, declines), seed, crashes=chance.randrange(3))
        self.lost_answers = chance.choice((0.0, 0.2, 0.5))
        self.stuck_compensations = chance.choice((0.0, 0.2))
        self._told = chance
        self._orders = 0
        self.heard: dict[str, dict[tuple[str, str], Message]] = {role: {} for role in programs}
        self.asked: set[tuple[Phase, str]] = set()

    def ask(self) -> None:
        """Somebody wants something of some role, whatever it is doing."""
        role = self._told.choice(sorted(self.programs))
        live = self.live.get(role)
        what = self._told.choice(("cancel", "deadline", "park", "resume", "resume"))
        if live is not None:
            self.asked.add((live.row.phase, what))
        if what == "cancel":
            self.cancel("no more")
        elif what == "deadline" and live is not None:
            self._feed(role, live, Deadline())
        elif what in ("park", "resume") and self.disks[role].row is not None:
            self.order(role, what)

    def order(self, role: str, verb: str) -> None:
        self._orders += 1
        said = order(verb, self._orders, receiver=role)
        self._post(
            Message(
                header=self.header,
                kind=Kind.OPERATOR,
                site=said.site,
                sender=CLIENT,
                receiver=role,
                payload=said.payload,
            )
        )

    def _feed(self, role: str, session: Session, event: Event) -> None:
        if isinstance(event, Arrived):
            self.heard[role][event.message.site, event.message.sender] = event.message
        super()._feed(role, session, event)
        if self.live.get(role) is session:
            self.compare(role, session)

    def _restart(self, role: str) -> None:
        self.heard[role] = dict(self.disks[role].inbox)
        super()._restart(role)

    def compare(self, role: str, session: Session) -> None:
        if session.row.phase is Phase.CLOSING and session.state.unless is not None:
            return
        disk = self.disks[role]
        for row in (disk.row, session.durable_row):
            memory = Memory(
                session=row,
                inbox=tuple(self.heard[role].values()),
                results=tuple(disk.results.values()),
                timers=tuple(sorted(disk.timers)),
            )
            again, _ = Session.recover(self.programs[role], memory)
            assert standing(again.durable_row) == standing(session.durable_row), (role, session.row.phase)


def standing(row: SessionRow) -> dict[str, Any]:
    """What of a row says where the session stands; the rest is words for people and help for a worker without a
    fence."""
    parked = row.parked.code if row.parked is not None else None
    return {"parked": parked} | {
        name: getattr(row, name)
        for name in ("phase", "vote", "outcome", "reason", "contacts", "verbs", "granted", "left", "result")
    }


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_a_session_and_its_log_stand_alike_whatever_is_heard(shape: Callable[[], dict[str, RoleProgram]]) -> None:
    asked: set[tuple[Phase, str]] = set()
    for seed in range(150):
        world = Compared(shape(), seed)
        world.start(b'{"value":%d}' % (1 + seed % 2))
        for _ in range(5_000):
            if world.pending and world._told.random() < 0.2:
                world.ask()
            if world.pending:
                world.step()
            elif stopped := [role for role, live in world.live.items() if live.row.parked is not None]:
                for role in stopped:
                    world.order(role, "resume" if world.live[role].row.phase is Phase.RUNNING else "retry")
            else:
                break
        assert world.over, (seed, world.phases)
        rows = [disk.row for disk in world.disks.values() if disk.row is not None]
        assert len({row.outcome for row in rows}) == 1, (seed, world.phases)
        asked |= world.asked
    assert {(Phase.CLOSING, what) for what in ("cancel", "deadline", "park", "resume")} <= asked
