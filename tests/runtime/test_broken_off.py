"""If handling an event raises, nothing of it is kept and nothing leaves."""

from __future__ import annotations

import msgspec
import pytest

from accompanist.errors import Bug
from accompanist.runtime import saga
from accompanist.runtime.control import control
from accompanist.runtime.events import Arrived, CallAnswered, Deadline, Name
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Memory, Phase
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.parking import parked
from accompanist.simulation.search.session import facts
from tests.runtime import sagas
from tests.runtime.test_operate import order

SETTLED = control(sagas.HEADER, Kind.SETTLED, "c", "a")


def asking() -> Session:
    """a, which waits for the answer of its first call."""
    session = Session.begin(sagas.ring()["a"], sagas.start())
    session.handle(Arrived(sagas.start()))
    return session


def test_an_impossible_event_changes_nothing() -> None:
    session = asking()
    before = session.row
    with pytest.raises(Bug):
        session.handle(Arrived(SETTLED))
    assert session.row is before
    assert not session.spoilt
    assert session.handle(CallAnswered("1", Name.REPLIED, b"2")).messages, "it goes on as if nothing had come"


def test_an_event_of_another_type_than_its_name_changes_nothing() -> None:
    session = asking()
    before = session.row
    with pytest.raises(Bug, match="replied cannot come as Deadline"):
        session.handle(Deadline(Name.REPLIED))
    assert session.row is before and not session.spoilt
    assert session.handle(CallAnswered("1", Name.REPLIED, b"2")).messages


IMPOSSIBLE = [(phase, kind) for phase in Phase for kind in Kind if (phase, Name(kind.value)) not in saga.TABLE]


@pytest.mark.parametrize(("phase", "kind"), IMPOSSIBLE)
def test_an_impossible_message_changes_nothing_in_any_phase(phase: Phase, kind: Kind) -> None:
    """Neither what the log keeps nor what the session remembers."""
    session = asking()
    session.state.row = msgspec.structs.replace(session.row, phase=phase)
    before, row = facts(session), session.row
    with pytest.raises(Bug, match="cannot happen"):
        session.handle(Arrived(control(sagas.HEADER, kind, "a", "a", "no")))
    assert session.row is row and facts(session) == before and not session.spoilt


def test_of_an_action_that_breaks_off_nothing_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its end is what the table excludes: the draft that it had made is thrown away with it."""
    row = saga.TABLE[Phase.RUNNING, Name.DECLINED]
    leads = {outcome: phase for outcome, phase in row.leads.items() if outcome is not StepOutcome.FAILED}
    monkeypatch.setitem(saga.TABLE, (Phase.RUNNING, Name.DECLINED), row._replace(leads=leads))
    session = asking()
    before = session.row
    with pytest.raises(Bug):
        session.handle(CallAnswered("1", Name.DECLINED, b'"no"'))
    assert session.row is before
    assert session.spoilt
    burst = session.park("ACC201", "it broke off")
    assert (burst.results, burst.calls, burst.messages) == ((), (), ())
    assert burst.row.phase is Phase.RUNNING
    assert burst.row.parked is not None


def test_an_impossible_message_in_the_inbox_costs_no_other_its_hearing() -> None:
    session = asking()
    cancel = control(sagas.HEADER, Kind.CANCEL, "", "a", "please")
    memory = Memory(session=session.row, inbox=(sagas.start(), SETTLED, cancel), results=())
    again, bursts = Session.recover(sagas.ring()["a"], memory)
    assert again.row.parked is not None and again.row.parked.code == saga.IMPOSSIBLE
    assert again.row.granted == "cancelled: please"
    assert any(burst.calls for burst in bursts)


def test_an_impossible_message_stops_its_session_once() -> None:
    """It stays in the inbox and is heard again at each restart, also after a person has let the session go on."""
    session = asking()
    memory = Memory(session=session.row, inbox=(sagas.start(), SETTLED), results=())
    stopped, _ = Session.recover(sagas.ring()["a"], memory)
    assert stopped.row.parked is not None
    stopped.handle(Arrived(order("resume", receiver="a")))
    assert stopped.row.parked is None
    again, bursts = Session.recover(sagas.ring()["a"], Memory(session=stopped.row, inbox=memory.inbox, results=()))
    assert again.row.parked is None
    assert any(burst.calls for burst in bursts)


@pytest.mark.parametrize("spoilt", [False, True])
def test_a_message_that_stopped_its_session_is_noted_unless_a_bug_of_ours_stopped_it(spoilt: bool) -> None:
    """Once a release has mended the bug, the message has its say."""
    session = asking()
    session.spoilt = spoilt
    burst = parked(session, Bug(saga.IMPOSSIBLE, "it cannot be"), Arrived(SETTLED))
    assert burst.row.parked is not None
    assert session._set_aside(Arrived(SETTLED)) is not spoilt
