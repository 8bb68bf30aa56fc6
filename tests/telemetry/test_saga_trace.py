"""The trace of real orders: three sidecars and three workers, spans received over the wire, one tree a saga."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from accompanist.postgres_server import socket_place
from accompanist.telemetry import names
from ops.local import Cluster, cluster
from tests.telemetry.receiver import Collector, Received, assert_one_tree, collector

pytestmark = pytest.mark.postgres

CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SERVER, CLIENT_KIND, PRODUCER, CONSUMER = 2, 3, 4, 5
SECRETS = re.compile(r"\b(customer-gold|customer-poor|espresso_machine|grinder|enough)\b")
patience_s = 30.0


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Received]]]:
    """The spans of a settled and of a declined order, and of one whose client had a trace of its own."""
    place = tmp_path_factory.mktemp("traced")
    with collector() as arrived:
        with cluster(place, {"OTEL_EXPORTER_OTLP_ENDPOINT": arrived.endpoint}, log_file=place / "log") as running:
            sessions = {
                "settled": order(running, "customer-gold", "espresso_machine"),
                "declined": order(running, "customer-poor", "grinder"),
                "client": order(running, "customer-gold", "espresso_machine", _meta={"traceparent": CLIENT}),
            }
        # the deployment has ended: every process has flushed what it had
        yield {name: of_session(arrived, session) for name, session in sessions.items()}
    for elsewhere in ((place / "postgres").resolve(), socket_place(place / "run")):
        shutil.rmtree(elsewhere, ignore_errors=True)


def order(running: Cluster, customer: str, product: str, **more: Any) -> str:
    """Start an order and wait until every service knows how it ended."""
    arguments = {"order": {"customer": customer, "lines": [{"product": product, "quantity": 1}]}}
    asked = {"choreography": "fulfil_order", "arguments": arguments, "wait_ms": int(patience_s * 1000), **more}
    return str(running.ask("warehouse", "session.start", asked, patience_s)["session"])


def of_session(arrived: Collector, session: str) -> list[Received]:
    return [span for span in arrived.spans if span.attributes.get(names.SESSION) == session]


def test_a_settled_order_is_one_tree_across_services_and_workers(traced: dict[str, list[Received]]) -> None:
    root = assert_one_tree(traced["settled"])
    assert (root.name, root.service, root.parent) == ("start fulfil_order", "warehouse", "")
    services = {"warehouse", "payment", "loyalty"}
    assert {span.service for span in traced["settled"]} == services | {f"{name}-worker" for name in services}
    served = {span.name for span in traced["settled"] if span.kind == SERVER} - {root.name}
    assert served == {"Warehouse/reserve", "Loyalty/tier", "Payment/charge", "Loyalty/award", "Warehouse/ship"}
    assert not any(span.failed for span in traced["settled"])


def test_every_process_span_hangs_below_its_message_and_every_served_call_below_its_call(
    traced: dict[str, list[Received]],
) -> None:
    for spans in traced.values():
        by_id = {span.span: span for span in spans}
        taken = [span for span in spans if span.kind == CONSUMER]
        assert taken and all(by_id[span.parent].kind == PRODUCER and span.links == (span.parent,) for span in taken)
        served = [span for span in spans if span.service.endswith("-worker")]
        assert served and all(by_id[span.parent].name == span.name for span in served)


def test_a_declined_order_is_one_tree_with_its_compensation_and_its_errors(
    traced: dict[str, list[Received]],
) -> None:
    spans = traced["declined"]
    assert_one_tree(spans)
    failed = {(span.name, span.kind) for span in spans if span.failed}
    assert {("Payment/charge", CLIENT_KIND), ("Payment/charge", SERVER)} <= failed
    undone = {span.name for span in spans if span.attributes.get(names.CALL_KIND) == "compensate"}
    assert undone == {"Warehouse/release"}
    aborted = [span for span in spans if span.name == "abort fulfil_order"]
    assert {span.service for span in aborted} == {"warehouse", "payment", "loyalty"}


def test_the_clients_own_trace_goes_on_through_the_saga(traced: dict[str, list[Received]]) -> None:
    root = assert_one_tree(traced["client"])
    assert f"00-{root.trace}-{root.parent}-01" == CLIENT


def test_no_span_carries_a_value(traced: dict[str, list[Received]]) -> None:
    for spans in traced.values():
        assert not [span for span in spans if SECRETS.search(repr(span))]
