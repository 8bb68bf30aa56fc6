"""What a collector did not take is sent again, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from accompanist import limits
from accompanist.telemetry.retry_queue import RetryQueue

BATCH, QUEUED = 3, 7


class Gateway(SpanExporter):
    """Takes the batches that `takes` says yes to. `tried` and `taken`: the names of their spans."""

    def __init__(self, takes: Callable[[Sequence[str]], bool]) -> None:
        self.takes = takes
        self.tried: list[tuple[str, ...]] = []
        self.taken: list[str] = []
        self.closed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        names = tuple(span.name for span in spans)
        self.tried.append(names)
        if not self.takes(names):
            return SpanExportResult.FAILURE
        self.taken.extend(names)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.closed = True


def spans(names: str) -> list[ReadableSpan]:
    return [ReadableSpan(name=name) for name in names]


def test_what_was_not_taken_goes_with_the_next_export_oldest_first() -> None:
    gateway = Gateway(lambda names: False)
    queue = RetryQueue(gateway, BATCH, QUEUED)
    assert queue.export(spans("ab")) is SpanExportResult.FAILURE
    assert queue.export(spans("c")) is SpanExportResult.FAILURE
    gateway.takes = lambda names: True
    assert queue.export(spans("de")) is SpanExportResult.SUCCESS
    assert gateway.taken == list("abcde")
    assert gateway.tried[-2:] == [tuple("abc"), tuple("de")]


def test_what_is_left_goes_when_the_process_ends() -> None:
    gateway = Gateway(lambda names: False)
    queue = RetryQueue(gateway, BATCH, QUEUED)
    queue.export(spans("ab"))
    gateway.takes = lambda names: True
    queue.shutdown()
    assert (gateway.taken, gateway.closed) == (["a", "b"], True)


def test_where_the_queue_is_full_the_oldest_make_room() -> None:
    gateway = Gateway(lambda names: False)
    queue = RetryQueue(gateway, BATCH, QUEUED)
    for name in "abcdefghi":
        queue.export(spans(name))
    gateway.takes = lambda names: True
    assert queue.force_flush()
    assert gateway.taken == list("cdefghi")


def test_spans_that_are_refused_for_ever_do_not_hold_up_the_newer() -> None:
    gateway = Gateway(lambda names: "x" not in names)
    queue = RetryQueue(gateway, 1, QUEUED)
    queue.export(spans("x"))
    for name in "abcdef":
        queue.export(spans(name))
    assert gateway.taken == list("abcdef")
    assert gateway.tried.count(("x",)) == 1 + limits.export_refusals_max


def test_a_batch_that_came_too_late_once_is_not_taken_for_refused() -> None:
    late = iter([False, True, True, True, True])
    gateway = Gateway(lambda names: next(late))
    queue = RetryQueue(gateway, BATCH, QUEUED)
    queue.export(spans("abc"))
    queue.export(spans("de"))
    assert gateway.taken == list("abcde")


def test_an_exporter_that_raises_is_one_that_is_away() -> None:
    def broken(names: Sequence[str]) -> bool:
        raise RuntimeError("no route")

    queue = RetryQueue(Gateway(broken), BATCH, QUEUED)
    assert queue.export(spans("a")) is SpanExportResult.FAILURE


def test_going_away_and_coming_back_are_told_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Gateway(lambda names: False)
    queue = RetryQueue(gateway, BATCH, QUEUED)
    for name in "abc":
        queue.export(spans(name))
    gateway.takes = lambda names: True
    for name in "de":
        queue.export(spans(name))
    told = capsys.readouterr().out
    assert (told.count("telemetry.collector_away"), told.count("telemetry.collector_back")) == (1, 1)
