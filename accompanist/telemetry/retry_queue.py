"""A retry queue before the exporter: spans that the collector did not take are sent again.

The SDK's batch processor drops a batch that its exporter could not send. While a collector restarts, or answers after
the exporter's timeout, all spans would be lost. Here they wait for the next export, or for the end of the process. The
queue is bounded; when it is full, the oldest spans are dropped.

A collector may refuse some spans for ever (a body too large, a value that it cannot read). If newer spans are accepted
and the oldest are not, `limits.export_refusals_max` times, the oldest are dropped.

Not promised: that a span arrives once. A collector that took a batch but answered too late gets it again, with the same
ids. Without new spans, nothing is sent again before the process ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from accompanist import limits

log = structlog.get_logger("accompanist.telemetry")


class RetryQueue(SpanExporter):
    """Wraps `exporter`, and keeps what it could not send. Logs one line when the collector goes away, and one when it
    is back."""

    def __init__(self, exporter: SpanExporter, batch_max: int, queued_max: int) -> None:
        self._exporter = exporter
        self._batch_max = batch_max
        self._queued: deque[ReadableSpan] = deque(maxlen=queued_max)
        self._refusals = 0
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._queued.extend(spans)
        away = not self._send()
        if away != self._away:
            self._away = away
            if away:
                log.warning("telemetry.collector_away")
            else:
                log.info("telemetry.collector_back")
        return SpanExportResult.FAILURE if away else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._send()
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._send()

    def _send(self) -> bool:
        """Send the queue. Returns whether the collector answers."""
        while self._queued:
            oldest = tuple(islice(self._queued, self._batch_max))
            if self._taken(oldest):
                self._forget(len(oldest))
                continue
            newest = tuple(islice(reversed(self._queued), min(self._batch_max, len(self._queued) - len(oldest))))
            if not newest or not self._taken(newest):
                return False
            for _ in newest:
                self._queued.pop()
            self._refusals += 1
            if self._refusals == limits.export_refusals_max:
                log.warning("telemetry.spans_refused", count=len(oldest))
                self._forget(len(oldest))
            return True
        return True

    def _forget(self, oldest: int) -> None:
        self._refusals = 0
        for _ in range(oldest):
            self._queued.popleft()

    def _taken(self, spans: Sequence[ReadableSpan]) -> bool:
        try:
            return self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception:  # telemetry must never harm the process
            return False
