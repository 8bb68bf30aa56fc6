"""Exports finished spans and metrics to a collector by OTLP over HTTP.

Only this module and `retry_queue` import OpenTelemetry's SDK. Spans go through its batch processor, a bounded queue
with a thread of its own, so no saga ever waits for a collector. Spans that a collector did not take are sent again
(`retry_queue`). One line is logged when the collector goes away, and one when it is back.

Not promised: delivery. Spans in the queue are lost when the process is killed, or when `close` runs out of time.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from accompanist import limits
from accompanist.telemetry import context as ctx
from accompanist.telemetry import names
from accompanist.telemetry.export import sampled_ratio
from accompanist.telemetry.facts import Sink, Span
from accompanist.telemetry.metrics import Metrics
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
        processor = _processor(environ)
        sink = _sink(processor, resource)
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


def _processor(environ: Mapping[str, str]) -> BatchSpanProcessor:
    timeout_set = any(environ.get(f"OTEL_EXPORTER_OTLP_{which}TIMEOUT") for which in ("", "TRACES_"))
    exporter = OTLPSpanExporter(timeout=None if timeout_set else limits.export_timeout_s)
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


def _sink(processor: BatchSpanProcessor, resource: Resource) -> Sink:
    scope = InstrumentationScope(names.SCOPE, schema_url=names.SCHEMA_URL)

    def sink(span: Span) -> None:
        processor.on_end(
            ReadableSpan(
                name=span.name,
                context=_spot(span.at, remote=False),
                parent=None if span.parent is None else _spot(span.parent, remote=True),
                resource=resource,
                attributes=span.attributes,
                links=() if span.link is None else (Link(_spot(span.link, remote=True)),),
                kind=SpanKind[span.kind.name],
                status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
                start_time=span.start_ns,
                end_time=span.end_ns,
                instrumentation_scope=scope,
            )
        )

    return sink


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
