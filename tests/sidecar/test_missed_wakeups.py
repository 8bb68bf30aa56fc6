"""What a poll finds and nobody tells of is counted: once, with a metric, a log line and word to `doctor`."""

from __future__ import annotations

from structlog.testing import capture_logs

from accompanist import limits
from accompanist.sidecar.loops.missed_wakeups import LateMessages, MissedWakeUps
from tests.runtime import sagas
from tests.sidecar.harness import Services
from tests.sidecar.test_readiness import until

LATE_S = limits.wakeup_late_ms / 1000


def found_by_poll(messages: int = 1) -> LateMessages:
    late = LateMessages()
    late.polled()
    late.took(messages, now=0.0)
    return late


def test_messages_that_a_poll_found_and_nobody_told_of_are_counted_once() -> None:
    late = found_by_poll()
    assert late.overdue(LATE_S / 2) == 0
    assert late.overdue(LATE_S) == 1
    assert late.overdue(2 * LATE_S) == 0


def test_a_wake_up_that_comes_soon_after_the_poll_was_not_lost() -> None:
    late = found_by_poll()
    late.woken()
    assert late.overdue(LATE_S) == 0


def test_a_wake_up_that_comes_before_the_messages_are_taken_was_not_lost() -> None:
    late = LateMessages()
    late.polled()
    late.woken()
    late.took(1, now=0.0)
    assert late.overdue(LATE_S) == 0


def test_a_poll_after_which_there_is_nothing_found_nothing() -> None:
    assert found_by_poll(0).overdue(LATE_S) == 0


def test_each_poll_that_finds_some_counts() -> None:
    late = LateMessages()
    for number in range(3):
        late.polled()
        late.took(1, now=number * LATE_S)
    assert late.overdue(3 * LATE_S) == 3


def test_what_is_missed_is_counted_and_said_and_so_is_that_it_is_over() -> None:
    counted: list[tuple[str, int]] = []
    missed = MissedWakeUps(lambda kind, count: counted.append((kind, count)))
    with capture_logs() as lines:
        missed.note(0, 0, now=0.0)
        assert not missed.lately(0.0)
        missed.note(2, 0, now=1.0)
        missed.note(0, 3, now=2.0)
        missed.note(0, 0, now=3.0)
        assert missed.lately(3.0)
        for _ in range(2):
            missed.note(0, 0, now=2.0 + limits.slowness_told_s)
    assert not missed.lately(2.0 + limits.slowness_told_s)
    assert counted == [("message", 2), ("end", 3)]
    assert [line["event"] for line in lines] == ["wakeups.missed", "wakeups.missed", "wakeups.back"]


async def test_an_inbox_that_only_the_poll_looks_at_is_counted() -> None:
    services = Services(sagas.lone())
    sidecar = services.sidecars["a"]
    await until(lambda: sidecar.intake.ready and not sidecar.intake._takes and not sidecar.intake._woken.is_set())
    sidecar.log._delivered = None  # nobody is told
    await sidecar.log.accept("a", [sagas.start()])
    await sidecar.intake._renew()
    await until(lambda: bool(sidecar.intake._taken))
    assert sidecar.intake.late_messages.overdue(sidecar.intake._clock() + LATE_S) == 1
