"""Time and events: the first of them is recorded, once; the record is durable before anything that follows; a crash
begins nothing anew.
"""

from __future__ import annotations

import msgspec
import pytest

from accompanist import limits
from accompanist.language.program.operations import Call, Program
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.runtime.burst import Burst
from accompanist.runtime.control import control, event
from accompanist.runtime.events import Arrived, Fired
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import Verb
from accompanist.runtime.ports import Memory, Phase, ResultRow
from accompanist.runtime.session import Session
from tests.runtime import sagas
from tests.runtime.test_table import waiting_world


def one(*calls: Call) -> RoleProgram:
    """A role that only waits, and gives what it was told last."""

    def a(value: int) -> Program:
        told = None
        for call in calls:
            told = yield call
        return getattr(told, "reason", told) or value

    waited = {
        call.operation: Operation(call.operation, "query", dict.fromkeys(call.arguments, "float"), "int")
        for call in calls
    }
    return sagas.saga({"a": (a, list(waited.values()), set())}, commit_role=None)["a"]


def sleep(seconds: object = 60, site: str = "1") -> Call:
    return Call(site, "role.sleep", {"seconds": seconds}, None)


def race(site: str = "2") -> Call:
    return Call(site, "role.timeout.paid", {"seconds": 60}, int, True)


def paid(site: str = "3") -> Call:
    return Call(site, "role.event.paid", {}, int)


def told(value: bytes = b"5") -> Arrived:
    return Arrived(event(sagas.HEADER.session, "a", "a", "paid", value, 0.0))


def begun(*calls: Call) -> Session:
    session = Session.begin(one(*calls), sagas.start())
    session.handle(Arrived(sagas.start()))
    return session


def test_a_timer_is_set_once_with_its_time_and_stable_before_anything_else() -> None:
    session = Session.begin(one(sleep(60)), sagas.start())
    burst = session.handle(Arrived(sagas.start()))
    assert [(timer.site, timer.seconds, timer.operation) for timer in burst.timers] == [("1", 60.0, "role.sleep")]
    assert burst.forced and not burst.calls
    assert session.rests and session.idle and not session.listens
    assert session.row.waiting == "timer at 1"
    assert not session.handle(Arrived(sagas.start())).timers


def test_a_timer_that_fires_is_recorded_and_the_program_goes_on() -> None:
    session = begun(sleep(), sleep(5, "2"))
    burst = session.handle(Fired("1"))
    assert [(result.site, result.outcome, result.value) for result in burst.results] == [("1", "replied", b"null")]
    assert burst.forced and [timer.site for timer in burst.timers] == ["2"]
    assert not session.handle(Fired("1")).results, "told twice"
    session.handle(Fired("2"))
    assert session.row.phase is Phase.SETTLED


def test_an_event_that_comes_is_recorded_and_one_that_was_there_answers_at_once() -> None:
    session = begun(paid())
    assert session.listens and session.row.waiting == "event paid at 3"
    burst = session.handle(told())
    assert [(r.site, r.value) for r in burst.results] == [("3", b"5")] and burst.forced
    assert session.row.result == b"5"
    early = begun(sleep(), paid())
    assert not early.handle(told()).results
    assert [r.site for r in early.handle(Fired("1")).results] == ["1", "3"]


def test_read_at_two_places_it_is_the_same() -> None:
    session = begun(paid("3"), paid("4"))
    assert [(r.site, r.value) for r in session.handle(told()).results] == [("3", b"5"), ("4", b"5")]


@pytest.mark.parametrize("first", ["time", "event"])
def test_the_first_of_a_race_wins_and_the_other_changes_nothing(first: str) -> None:
    session = begun(race(), sleep(1, "9"))
    assert session.row.waiting == "timer or event paid at 2"
    events = [Fired("2"), told()] if first == "time" else [told(), Fired("2")]
    burst = session.handle(events[0])
    wanted = ("declined", b'"timeout"') if first == "time" else ("replied", b"5")
    assert [(r.outcome, r.value) for r in burst.results] == [wanted]
    assert not session.handle(events[1]).results
    assert session.row.waiting == "timer at 9"


def test_a_lost_race_has_its_reason_and_a_won_one_its_value() -> None:
    lost, won = begun(race()), begun(race())
    lost.handle(Fired("2"))
    assert lost.row.result == b'"timeout"'
    won.handle(told())
    assert won.row.phase is Phase.SETTLED


def test_after_a_crash_the_wait_goes_on_and_does_not_begin_anew() -> None:
    session = begun(race())
    inbox: tuple[Message, ...] = (sagas.start(),)
    memory = Memory(session=session.durable_row, inbox=inbox, results=(), timers=("2",))
    again, bursts = Session.recover(one(race()), memory)
    assert again.rests and not any(burst.timers or burst.forced for burst in bursts)
    _, bursts = Session.recover(one(race()), msgspec.structs.replace(memory, timers=()))
    assert [timer.site for burst in bursts for timer in burst.timers] == ["2"]
    _, bursts = Session.recover(one(race()), msgspec.structs.replace(memory, inbox=(told().message, *inbox)))
    assert [r.value for burst in bursts for r in burst.results] == [b"5"]


def test_what_was_recorded_is_what_a_replay_reads_whatever_the_inbox_has() -> None:
    session = begun(race())
    results: tuple[ResultRow, ...] = session.handle(Fired("2")).results
    row = msgspec.structs.replace(session.row, phase=Phase.RUNNING, vote=None, outcome=None, result=None)
    memory = Memory(session=row, inbox=(sagas.start(), told().message), results=results)
    again, _ = Session.recover(one(race()), memory)
    assert again.row.result == b'"timeout"'


def test_an_abort_overtakes_a_wait() -> None:
    session = begun(race())
    session.handle(Arrived(control(sagas.HEADER, Kind.CANCEL, "", "a", "no more")))
    assert session.row.phase is Phase.ENDED
    assert not session.handle(Fired("2")).results
    assert not session.handle(told()).results


def test_a_parked_session_hears_no_timer_and_goes_on_when_it_is_resumed() -> None:
    session = begun(race())
    operator(session, Verb.PARK)
    assert not session.handle(Fired("2")).results
    assert not session.handle(told()).results
    assert [r.value for r in operator(session, Verb.RESUME).results] == [b"5"]


def test_an_operator_may_say_what_the_event_would_have_said() -> None:
    session = begun(paid())
    operator(session, Verb.PARK)
    assert [r.value for r in operator(session, Verb.RESOLVE, b"8").results] == [b"8"]
    assert session.row.result == b"8"


@pytest.mark.parametrize("seconds", ["soon", True, None, limits.timer_seconds_max * 2])
def test_time_that_is_no_time_undoes_the_saga(seconds: object) -> None:
    session = begun(sleep(seconds))
    assert session.row.phase is Phase.ENDED
    assert "at 1" in (session.row.reason or "")


def test_time_that_is_over_is_over_at_once() -> None:
    session = Session.begin(one(sleep(-5)), sagas.start())
    assert [timer.seconds for timer in session.handle(Arrived(sagas.start())).timers] == [0.0]


def test_an_event_of_another_type_is_for_a_person_and_undoes_nothing() -> None:
    session = begun(paid())
    session.handle(told(b'"five"'))
    assert session.row.phase is Phase.RUNNING
    assert session.row.parked is not None and "five" not in session.row.parked.text
    operator(session, Verb.RESOLVE, b"5")
    assert session.row.parked is None and session.row.result == b"5"


@pytest.mark.parametrize("seed", range(40))
def test_a_saga_that_waits_ends_in_every_world(seed: int) -> None:
    world = waiting_world(seed)
    world.run()
    assert world.over, world.phases
    assert not any(disk.timers for disk in world.disks.values())
    if world.outcome == "ended":
        for worker in world.workers.values():
            assert sorted(worker.undone) == sorted(entry.site for entry in worker.executed)


def operator(session: Session, verb: Verb, value: bytes = b"null") -> Burst:
    payload = b'{"verb":"%s","who":"ann","why":"because","value":%s}' % (verb.value.encode(), value)
    site = f"!operator/{verb.value}"
    message = Message(header=sagas.HEADER, kind=Kind.OPERATOR, site=site, sender="", receiver="a", payload=payload)
    return session.handle(Arrived(message))
