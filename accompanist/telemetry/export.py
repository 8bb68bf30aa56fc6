"""Decides by OpenTelemetry's environment variables whether telemetry is exported.

    OTEL_EXPORTER_OTLP_ENDPOINT          a collector's base address; Jaeger: http://127.0.0.1:4318
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT   the full address for traces, if another
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT  the full address for metrics
    OTEL_TRACES_EXPORTER=none            no traces
    OTEL_TRACES_SAMPLER=parentbased_traceidratio
    OTEL_TRACES_SAMPLER_ARG=0.01         one in a hundred of the traces that no client began (`sampled_ratio`)
    OTEL_METRICS_EXPORTER=otlp           metrics to the base address, too
    OTEL_SDK_DISABLED=true               nothing at all

Without an address the SDK is not imported, and nothing is built or started: `off()` costs an attribute look-up per
call. Metrics are only sent if a variable asks for them, because Jaeger, the most common collector at the base address,
takes traces only. Without the extra `otel` a warning says so, and the process goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from accompanist import extras
from accompanist.errors import OperatorError
from accompanist.telemetry.spans import Telemetry


def off() -> Telemetry:
    """A telemetry that records nothing."""
    return Telemetry()


def wants_traces(environ: Mapping[str, str]) -> bool:
    return (
        not _disabled(environ)
        and _exporter(environ, "OTEL_TRACES_EXPORTER") in ("", "otlp")
        and _any(environ, "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


def wants_metrics(environ: Mapping[str, str]) -> bool:
    if _disabled(environ):
        return False
    exporter = _exporter(environ, "OTEL_METRICS_EXPORTER")
    if exporter == "otlp":
        return _any(environ, "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
    return exporter == "" and _any(environ, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")


def open_telemetry(service: str, environ: Mapping[str, str]) -> Telemetry:
    """The telemetry of a process with the service name `service`, e.g. `warehouse` or `warehouse-worker`."""
    traces, metrics = wants_traces(environ), wants_metrics(environ)
    if not traces and not metrics:
        return off()
    try:
        extras.require("otel", "the export of traces and metrics")
        from accompanist.telemetry import otlp  # the SDK takes a quarter of a second to import

        return otlp.connect(service, environ, traces=traces, metrics=metrics)
    except OperatorError as problem:
        structlog.get_logger("accompanist.telemetry").warning(
            "telemetry.not_started", code=problem.code, text=problem.text, hint=problem.hint
        )
        return off()
    except Exception as problem:  # a bad certificate or number in OTEL_... is logged, and must not stop sagas
        structlog.get_logger("accompanist.telemetry").warning(
            "telemetry.not_started", error_type=type(problem).__name__
        )
        return off()


def sampled_ratio(environ: Mapping[str, str]) -> float:
    """Which share of traces is sampled, from 0 to 1. A client's own flag comes before it, so `traceidratio` means here
    the same as `parentbased_traceidratio`: all services of a saga have to decide alike. Raises ValueError for another
    sampler, or an argument that is no share."""
    match environ.get("OTEL_TRACES_SAMPLER", "").strip().lower().removeprefix("parentbased_"):
        case "" | "always_on":
            return 1.0
        case "always_off":
            return 0.0
        case "traceidratio":
            ratio = float(environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip() or 1)
            if 0 <= ratio <= 1:
                return ratio
    raise ValueError("OTEL_TRACES_SAMPLER or its argument")


def _disabled(environ: Mapping[str, str]) -> bool:
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def _exporter(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip().lower()


def _any(environ: Mapping[str, str], *keys: str) -> bool:
    return any(environ.get(key, "").strip() for key in keys)
