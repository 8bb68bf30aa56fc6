"""What the judge of a simulation accepts for a session that the log has forgotten: that it is told of the undoing once
more.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from accompanist.log.memory_tables import Tables
from accompanist.runtime.control import control
from accompanist.runtime.messages import Header, Kind
from accompanist.runtime.ports import Commit, Phase, SessionRow
from accompanist.simulation.clusters.judge import Oracle

HEADER = Header(
    session=UUID(int=1),
    choreography="errand",
    fingerprint="0",
    initiator="boss",
    bindings={"boss": "a", "hand": "b"},
    started_at=0.0,
)


def row(phase: Phase, vote: str | None, outcome: str | None) -> SessionRow:
    return SessionRow(header=HEADER, role="hand", phase=phase, vote=vote, outcome=outcome)


def judged(*rows: SessionRow, forgotten: bool = True, lied: bool = False, aborts: bool = False) -> list[str]:
    """What is wrong where these are written one after the other; before the last one the log may forget the session.
    `aborts`: with each of them the role says for another reason that it aborts."""
    tables = Tables("b", lambda: 0.0, 100)
    cluster = SimpleNamespace(
        database=SimpleNamespace(services={"b": tables}),
        hostile=None,
        subjects_of={},
        is_hostile=lambda service: False,
        lied_of=lambda session: lied,
        subject_in=lambda message: SimpleNamespace(choreography=None),
        mark=lambda text: None,
        log=lambda text: None,
    )
    judge = Oracle(cast(Any, cluster))
    for place, one in enumerate(rows):
        if forgotten and place == len(rows) - 1:
            tables.sessions.clear()
        writing = judge.writing("b", None, [Commit(shard=None, session=one)], late=False)
        tables.sessions[HEADER.session, "hand"] = one
        judge.committed(writing)
        if aborts:
            judge.handed_over(control(HEADER, Kind.ABORT, "hand", "boss", f"reason {place}"), "b")
    return judge.broken


UNDONE = row(Phase.ENDED, "abort", "ended")
AGAIN = row(Phase.ENDED, None, "ended")


def test_an_end_may_be_said_again_without_its_vote_once_it_is_forgotten() -> None:
    assert judged(UNDONE, AGAIN) == []


@pytest.mark.parametrize(
    ("rows", "forgotten"),
    [
        ((UNDONE, AGAIN), False),
        ((row(Phase.SETTLED, "done", "settled"), AGAIN), True),
        ((UNDONE, row(Phase.RUNNING, None, None)), True),
        ((UNDONE, row(Phase.SETTLED, "done", "settled")), True),
    ],
    ids=["known", "settled", "begun anew", "settled anew"],
)
def test_nothing_else_may_be(rows: tuple[SessionRow, ...], forgotten: bool) -> None:
    assert judged(*rows, forgotten=forgotten) != []


def test_a_role_that_a_lie_began_anew_may_abort_for_another_reason() -> None:
    assert judged(UNDONE, AGAIN, lied=True, aborts=True) == []
    [wrong] = judged(UNDONE, AGAIN, aborts=True)
    assert "two contents at !abort from hand to boss" in wrong
