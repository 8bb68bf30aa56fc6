"""The spans of a settled and of a declined order: one tree, the table's attributes, no payload."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from accompanist.telemetry import names
from accompanist.telemetry.events import METRICS, SPANS, SpanEvent
from accompanist.telemetry.facts import Span, SpanKind, WorkerAddress
from accompanist.telemetry.metrics import Metrics
from accompanist.telemetry.spans import Telemetry
from tests.telemetry.saga import ROLES, SECRET, SESSION, Recorders, declined_order, settled_order

CLIENT = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
Saga = Callable[[Recorders, Callable[[], int]], None]


def record(saga: Saga) -> list[Span]:
    spans: list[Span] = []
    telemetry = Telemetry(spans.append)
    saga({name: telemetry for role in ROLES for name in (role, f"{role}-worker")}, ticks().__next__)
    return spans


def ticks() -> Iterator[int]:
    return itertools.count(1_000_000_000_000, 1_000_000)


@pytest.mark.parametrize(("saga", "count"), [(settled_order, 18), (declined_order, 13)])
def test_the_spans_of_a_saga_are_one_tree(saga: Saga, count: int) -> None:
    spans = record(saga)
    assert len(spans) == count
    assert len({span.at.trace_id for span in spans}) == 1
    ids = {span.at.span_id for span in spans}
    assert len(ids) == len(spans)
    assert [span.name for span in spans if span.parent is None] == ["start fulfil_order"]
    assert all(span.parent.span_id in ids for span in spans if span.parent is not None)


@pytest.mark.parametrize("saga", [settled_order, declined_order])
def test_a_replay_would_record_the_same_ids(saga: Saga) -> None:
    assert [span.at for span in record(saga)] == [span.at for span in record(saga)]


@pytest.mark.parametrize("saga", [settled_order, declined_order])
def test_every_span_names_its_session_and_none_carries_a_payload(saga: Saga) -> None:
    for span in record(saga):
        assert span.attributes[names.SESSION] == str(SESSION)
        assert span.attributes[names.MESSAGING_CONVERSATION] == str(SESSION)
        assert SECRET.decode() not in repr(span) and "4111" not in repr(span)
        assert str(SESSION) not in span.name


def test_a_process_span_hangs_below_the_messages_creation_and_links_to_it() -> None:
    spans = record(settled_order)
    sends = {span.at for span in spans if span.kind is SpanKind.PRODUCER}
    taken = [span for span in spans if span.kind is SpanKind.CONSUMER]
    assert len(taken) == 3
    assert all(span.parent in sends and span.link == span.parent for span in taken)


def test_a_worker_hangs_below_the_call_and_a_declined_call_is_an_error() -> None:
    spans = record(declined_order)
    charge = {span.kind: span for span in spans if span.name == "Payment/charge"}
    assert charge[SpanKind.SERVER].parent == charge[SpanKind.CLIENT].at
    for span in charge.values():
        assert span.error == span.attributes[names.ERROR_TYPE] == span.attributes[names.RPC_STATUS] == "-32001"
    (undo,) = (span for span in spans if span.name == "Warehouse/release" and span.kind is SpanKind.CLIENT)
    assert undo.attributes[names.CALL_KIND] == "compensate"
    assert all(span.error == "declined" for span in spans if span.name == "abort fulfil_order")


def test_the_table_holds_each_span_and_each_span_a_row_of_the_table() -> None:
    taken: set[SpanEvent] = set()
    for span in record(settled_order) + record(declined_order):
        row = row_of(span)
        taken.add(row)
        keys = set(span.attributes)
        assert row.attributes <= keys <= row.attributes | row.sometimes, span.name
    assert taken == set(SPANS)


def row_of(span: Span) -> SpanEvent:
    def fits(row: SpanEvent) -> bool:
        pattern = re.sub(r"\{\w+\}", r"[\\w.]+", row.name)
        return row.kind is span.kind and re.fullmatch(pattern, span.name) is not None

    (row,) = filter(fits, SPANS)
    return row


def test_the_unsampled_are_not_recorded() -> None:
    spans: list[Span] = []
    telemetry = Telemetry(spans.append)
    by = {name: telemetry for role in ROLES for name in (role, f"{role}-worker")}
    unsampled = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}
    settled_order(by, ticks().__next__, unsampled)
    assert spans == []


def test_of_sagas_that_no_client_sampled_a_share_is_recorded() -> None:
    spans: list[Span] = []
    few = Telemetry(spans.append, ratio=0.01)
    sessions = [UUID(int=number) for number in range(1000)]
    kept = [session for session in sessions if few.records({}, session)]
    assert 0 < len(kept) < 30
    for session in sessions:
        context = few.start_context(session, {})
        assert few.records(context, session) is (session in kept)
        # a peer obeys the flag that comes with a message, whatever its own share is
        assert Telemetry(spans.append).records(context, session) is (session in kept)
    assert few.start_context(sessions[0], CLIENT)["traceparent"].startswith("00-4bf92f35")
    assert few.records(few.start_context(sessions[0], CLIENT), sessions[0])


def test_without_telemetry_a_clients_headers_are_passed_on_and_none_are_made() -> None:
    assert Telemetry().start_context(SESSION, {}) == {}
    assert Telemetry().start_context(SESSION, CLIENT) == CLIENT
    assert not Telemetry().records(CLIENT, SESSION)


def test_addresses_are_told_as_the_conventions_want() -> None:
    assert WorkerAddress.of("unix:/run/w.sock") == ("/run/w.sock", None)
    assert WorkerAddress.of("http+unix:/run/w.sock") == ("/run/w.sock", None)
    assert WorkerAddress.of("tcp:127.0.0.1:7001") == ("127.0.0.1", 7001)
    assert WorkerAddress.of("http://127.0.0.1:80/rpc") == ("127.0.0.1", 80)


def test_the_table_holds_each_metric_with_its_unit_and_attributes() -> None:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    metrics = Metrics(MeterProvider([reader], shutdown_on_exit=False).get_meter("test"))
    metrics.session_ended("fulfil_order", "settled", 0.2)
    metrics.sessions("running", 3)
    metrics.called("Payment/charge", 0.1, "-32001")
    metrics.served("Payment/charge", 0.1, "-32001")
    metrics.compensated("Payment/refund")
    metrics.flushed(0.01, 3)
    metrics.inbox(4)
    metrics.refused("loyalty", "settled")
    metrics.parked(0)
    metrics.damaged(1)
    metrics.calls_waiting("charge", 2)
    metrics.tasks_failing(1)
    metrics.task_failed("inbox")
    metrics.wakeups_missed("end", 2)
    metrics.connection_refused()
    data = reader.get_metrics_data()
    assert data is not None
    seen = {
        (metric.name, metric.unit, frozenset(point.attributes or {}))
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }
    assert seen == {tuple(row) for row in METRICS}


def test_names_are_those_of_the_installed_conventions() -> None:
    from opentelemetry.semconv import schemas
    from opentelemetry.semconv._incubating.attributes import (
        jsonrpc_attributes,
        messaging_attributes,
        rpc_attributes,
    )

    assert schemas.Schemas.V1_44_0.value == names.SCHEMA_URL
    known = {
        value
        for module in (messaging_attributes, rpc_attributes, jsonrpc_attributes)
        for key, value in vars(module).items()
        if key.isupper()
    }
    ours = {value for key, value in vars(names).items() if key.isupper() and isinstance(value, str)}
    conventional = {value for value in ours if value.startswith(("messaging.", "rpc.", "jsonrpc."))}
    assert conventional - {names.CALL_DURATION, names.SERVED_DURATION} <= known
