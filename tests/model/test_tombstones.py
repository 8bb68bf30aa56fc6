"""What an abort leaves at a role that its session never reached is in the search what it is in a sidecar."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import SessionRow
from accompanist.runtime.session import Session
from accompanist.runtime.tombstone import tombstone
from accompanist.simulation.search import role as explore_role
from accompanist.simulation.search.explore import FaultBudget
from accompanist.simulation.search.properties import Property
from tests.model.searched import breaks, explorer, holds
from tests.runtime import sagas

DECLINES = FaultBudget(crashes=1, declines=1)


def saying_nothing(message: Message, program: RoleProgram) -> tuple[SessionRow, tuple[Message, ...]]:
    """A tombstone that does not answer the initiator, who waits for all that may have been reached."""
    row, said = tombstone(message, program)
    return row, tuple(one for one in said if one.kind is not Kind.COMPENSATED)


def test_the_search_sees_it_left_out() -> None:
    with patch.object(explore_role, "tombstone", saying_nothing):
        assert breaks(explorer(sagas.ring(), DECLINES))[0].property is Property.ENDS


def test_nothing_is_begun_and_closed_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: set[Kind] = set()
    begin = Session.begin

    def noted(program: RoleProgram, first: Message) -> Session:
        begun.add(first.kind)
        return begin(program, first)

    monkeypatch.setattr(Session, "begin", noted)
    holds(explorer(sagas.ring(), DECLINES))
    assert begun == {Kind.START, Kind.DATA}
