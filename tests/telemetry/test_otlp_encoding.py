"""What is written field by field is what OpenTelemetry's SDK would send."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from accompanist.telemetry import names, otlp
from accompanist.telemetry.context import SAMPLED, Parent
from accompanist.telemetry.facts import Span, SpanKind, Value
from tests.telemetry.receiver import collector
from tests.telemetry.saga import declined_order, settled_order
from tests.telemetry.test_spans import record

RESOURCE = Resource({names.SERVICE_NAME: "warehouse", "shop": "Zürich"}, names.SCHEMA_URL)
HERE, THERE = Parent(2**127 + 5, 7, SAMPLED), Parent(2**127 + 5, 2**63 + 1, SAMPLED)


def as_sent_by_the_sdk(spans: Sequence[Span]) -> ExportTraceServiceRequest:
    encoded: ExportTraceServiceRequest = encode_spans([otlp.readable(span, RESOURCE) for span in spans])
    return encoded


def as_written(spans: Sequence[Span]) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(otlp.encoder(RESOURCE).request(spans))


def test_the_spans_of_sagas_are_sent_as_the_sdk_would_send_them() -> None:
    spans = record(settled_order) + record(declined_order)
    assert len(spans) == 31
    assert as_written(spans) == as_sent_by_the_sdk(spans)
    assert otlp.encoder(RESOURCE).request(spans) == as_sent_by_the_sdk(spans).SerializeToString()


@pytest.mark.parametrize("kind", SpanKind)
@pytest.mark.parametrize("parent", [None, THERE])
@pytest.mark.parametrize("link", [None, THERE])
@pytest.mark.parametrize("error", ["", "-32001"])
def test_every_form_of_a_span_is_written(
    kind: SpanKind, parent: Parent | None, link: Parent | None, error: str
) -> None:
    spans = [Span("send payment", kind, HERE, parent, link, {names.ROLE: "payment"}, 0, 2**60, error)]
    assert as_written(spans) == as_sent_by_the_sdk(spans)


values = st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans()
attribute_names = st.sampled_from([names.SESSION, names.BUFFER_WAIT, names.ROLE, names.CALL_ATTEMPT]) | st.text()


@given(st.text(), st.dictionaries(attribute_names, values))
def test_any_name_and_any_attribute_is_written(name: str, attributes: dict[str, Value]) -> None:
    spans = [Span(name, SpanKind.SERVER, HERE, None, None, attributes, 1, 2)]
    assert as_written(spans) == as_sent_by_the_sdk(spans)


def test_values_that_are_equal_but_of_other_types_keep_their_types() -> None:
    """Reason: encoded attributes are kept by name and value, and 1 == 1.0 == True."""
    spans = [Span("x", SpanKind.SERVER, HERE, None, None, {"n": value}, 1, 2) for value in (1, 1.0, True)]
    assert as_written(spans) == as_sent_by_the_sdk(spans)


class NoBytes(OTLPSpanExporter):
    """An exporter of another release, which has no client that sends bytes."""

    def __init__(self) -> None:
        self.taken: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken.extend(spans)
        return SpanExportResult.SUCCESS


def test_an_exporter_that_sends_no_bytes_gets_spans_of_the_sdk() -> None:
    spans, theirs = record(settled_order), NoBytes()
    exporter = otlp.Exporter(theirs, {}, RESOURCE)
    assert exporter.export([otlp.Queued(span) for span in spans]) is SpanExportResult.SUCCESS
    assert encode_spans(theirs.taken) == as_sent_by_the_sdk(spans)


@pytest.mark.parametrize(("measured", "expected"), [("", False), ("true", True)])
def test_an_exporter_that_measures_itself_sees_its_spans(
    monkeypatch: pytest.MonkeyPatch, measured: str, expected: bool
) -> None:
    seen: list[int] = []

    def export(self: OTLPSpanExporter, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        seen.append(len(spans))
        return SpanExportResult.SUCCESS

    monkeypatch.setattr(OTLPSpanExporter, "export", export)
    with collector() as arrived:
        theirs = OTLPSpanExporter(f"{arrived.endpoint}/v1/traces")
        exporter = otlp.Exporter(theirs, {"OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED": measured}, RESOURCE)
        result = exporter.export([otlp.Queued(span) for span in record(settled_order)])
        exporter.shutdown()
        assert result is SpanExportResult.SUCCESS
        assert bool(seen) is expected
        assert len(arrived.spans) == (0 if expected else 18)
