"""Exports finished spans and metrics to a collector by OTLP over HTTP.

Only this module and `retry_queue` import OpenTelemetry's SDK. Spans go through its batch processor, a bounded queue
with a thread of its own, so no saga ever waits for a collector. There they lie as they were recorded. The thread writes
them as bytes (`otlp_encoding`), which the SDK's exporter sends. Spans that a collector did not take are sent again
(`retry_queue`). One line is logged when the collector goes away, and one when it is back.

That the exporter sends bytes is not promised by the SDK. Where it does not, or measures itself
(OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED), it gets spans of the SDK's own, which costs several times as much.

Not promised: delivery. Spans in the queue are lost when the process is killed, or when `close` runs out of time.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from accompanist import limits
from accompanist.telemetry import context as ctx
from accompanist.telemetry import names
from accompanist.telemetry.export import sampled_ratio
from accompanist.telemetry.facts import Sink, Span, SpanKind
from accompanist.telemetry.metrics import Metrics
from accompanist.telemetry.otlp_encoding import Encoder
from accompanist.telemetry.retry_queue import RetryQueue
from accompanist.telemetry.spans import Telemetry

# Silenced, because the SDK logs a line per batch and per dropped span while a collector is down. `RetryQueue`
# logs it once.
_NOISY: Final = (
    "opentelemetry.sdk._shared_internal",
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.sdk.metrics._internal.export",
)


def connect(service: str, environ: Mapping[str, str], *, traces: bool, metrics: bool) -> Telemetry:
    """Start exporting. The SDK reads addresses, headers and certificates from the process's environment."""
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    resource = _resource(service)
    sink, meter, ratio = None, Metrics(), sampled_ratio(environ)
    closers: list[Any] = []  # the SDK leaves its shutdown methods untyped
    if traces:
        processor = _processor(environ, resource)
        sink = _sink(processor)
        closers.append(processor.shutdown)
    if metrics:
        meter, close_metrics = _metrics(environ, resource)
        closers.append(close_metrics)
    return Telemetry(sink, meter, lambda: _close(closers), ratio)


def _resource(service: str) -> Resource:
    try:
        ours = version("accompanist")
    except PackageNotFoundError:  # run from a tree that is not installed
        ours = "0"
    facts: dict[str, str | int] = {
        names.SERVICE_NAMESPACE: names.SYSTEM,
        names.SERVICE_VERSION: ours,
        names.PROCESS_ID: os.getpid(),
    }
    # `create` lets OTEL_RESOURCE_ATTRIBUTES add attributes, but the service's name comes from the configuration
    return Resource.create({**facts}, schema_url=names.SCHEMA_URL).merge(Resource({names.SERVICE_NAME: service}))


def _processor(environ: Mapping[str, str], resource: Resource) -> BatchSpanProcessor:
    timeout_set = any(environ.get(f"OTEL_EXPORTER_OTLP_{which}TIMEOUT") for which in ("", "TRACES_"))
    exporter = Exporter(OTLPSpanExporter(timeout=None if timeout_set else limits.export_timeout_s), environ, resource)
    queued = _set(environ, "OTEL_BSP_MAX_QUEUE_SIZE", limits.spans_queued_max)
    batch = _set(environ, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", limits.spans_batch_max)
    return BatchSpanProcessor(
        RetryQueue(exporter, batch, queued),
        max_queue_size=queued,
        max_export_batch_size=batch,
        schedule_delay_millis=_set(environ, "OTEL_BSP_SCHEDULE_DELAY", limits.export_delay_ms),
    )


def _set(environ: Mapping[str, str], variable: str, ours: int) -> int:
    value = environ.get(variable, "").strip()
    return int(value) if value else ours


class Queued(ReadableSpan):
    """A span of ours on its way through the SDK's batch processor, which asks only whether it is sampled."""

    def __init__(self, span: Span) -> None:
        self.span = span

    @property
    def context(self) -> SpanContext:
        return _SAMPLED


_SAMPLED: Final = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(ctx.SAMPLED))


def _sink(processor: BatchSpanProcessor) -> Sink:
    def sink(span: Span) -> None:
        processor.on_end(Queued(span))

    return sink


class Exporter(SpanExporter):
    """Sends spans through `exporter`, the SDK's: as bytes of our own if it takes them, else as the SDK's spans."""

    def __init__(self, exporter: SpanExporter, environ: Mapping[str, str], resource: Resource) -> None:
        self._exporter = exporter
        self._resource = resource
        client = getattr(exporter, "_client", None)
        measured = environ.get("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "").strip().lower() == "true"
        self._send: Callable[[bytes], Any] | None = None if measured else getattr(client, "export", None)
        self._encoder = encoder(resource)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        ours = [queued.span for queued in spans if isinstance(queued, Queued)]
        if self._send is None:
            return self._exporter.export([readable(span, self._resource) for span in ours])
        sent = self._send(self._encoder.request(ours))
        return SpanExportResult.SUCCESS if sent.success else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._exporter.shutdown()


def encoder(resource: Resource) -> Encoder:
    """An encoder of a process's spans. What all of them share is encoded by the SDK, once."""
    nowhere = ctx.Parent(1, 1, ctx.SAMPLED)
    empty = readable(Span("", SpanKind.INTERNAL, nowhere, None, None, {}, 0, 0), resource)
    [of_resource] = encode_spans([empty]).resource_spans
    [of_scope] = of_resource.scope_spans
    return Encoder(
        of_resource.resource.SerializeToString(),
        of_resource.schema_url,
        of_scope.scope.SerializeToString(),
        of_scope.schema_url,
    )


def readable(span: Span, resource: Resource) -> ReadableSpan:
    """The SDK's form of a span."""
    return ReadableSpan(
        name=span.name,
        context=_spot(span.at, remote=False),
        parent=None if span.parent is None else _spot(span.parent, remote=True),
        resource=resource,
        attributes=span.attributes,
        links=() if span.link is None else (Link(_spot(span.link, remote=True)),),
        kind=api.SpanKind[span.kind.name],
        status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=InstrumentationScope(names.SCOPE, schema_url=names.SCHEMA_URL),
    )


def _spot(at: ctx.Parent, *, remote: bool) -> SpanContext:
    return SpanContext(at.trace_id, at.span_id, is_remote=remote, trace_flags=TraceFlags(at.flags))


def _metrics(environ: Mapping[str, str], resource: Resource) -> tuple[Metrics, Callable[[], object]]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    interval = None if environ.get("OTEL_METRIC_EXPORT_INTERVAL") else limits.metrics_every_ms
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=interval)
    provider = MeterProvider([reader], resource, shutdown_on_exit=False)
    return Metrics(provider.get_meter(names.SCOPE, schema_url=names.SCHEMA_URL)), provider.shutdown


def _close(closers: Sequence[Callable[[], Any]]) -> None:
    """Flush the queue, but return after `limits.telemetry_close_s`: the SDK's own shutdown may take half a
    minute."""

    def close_all() -> None:
        for closer in closers:
            closer()

    thread = threading.Thread(target=close_all, name="telemetry-close", daemon=True)
    thread.start()
    thread.join(limits.telemetry_close_s)
