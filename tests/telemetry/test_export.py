"""Spans over the wire to a collector, and what an absent collector costs: nothing."""

from __future__ import annotations

import itertools
import logging
import socket
import subprocess
import sys
import time

import pytest

from accompanist import limits
from accompanist.telemetry import export, names
from accompanist.telemetry.export import open_telemetry
from tests.telemetry.receiver import assert_one_tree, collector
from tests.telemetry.saga import ROLES, Recorders, declined_order, settled_order

SERVICES = tuple(name for role in ROLES for name in (role, f"{role}-worker"))


def test_the_spans_of_two_orders_arrive_as_one_tree_across_services(monkeypatch: pytest.MonkeyPatch) -> None:
    for saga, count in ((settled_order, 18), (declined_order, 13)):
        with collector() as arrived:
            by = recorders(monkeypatch, arrived.endpoint)
            saga(by, itertools.count(1_000_000).__next__)
            for telemetry in by.values():
                telemetry.close()
            spans = arrived.wait_for(count)
        assert len(spans) == count
        root = assert_one_tree(spans)
        assert (root.name, root.service, root.kind) == ("start fulfil_order", "warehouse", 2)
        assert all(span.schema_url == names.SCHEMA_URL for span in spans)
        assert {span.service for span in spans} >= {"warehouse", "payment", "warehouse-worker", "payment-worker"}
        taken = [span for span in spans if span.name.startswith("process ")]
        assert taken and all(span.links == (span.parent,) for span in taken)


def test_without_an_address_the_sdk_is_not_even_imported() -> None:
    code = (
        "import sys; from accompanist.telemetry.export import open_telemetry; "
        "assert not open_telemetry('warehouse', {}).enabled; "
        "assert not any(name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("environ", "traces", "metrics"),
    [
        ({}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True, False),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_METRICS_EXPORTER": "otlp"}, True, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318/v1/metrics"}, False, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False, False),
    ],
)
def test_the_environment_decides(environ: dict[str, str], traces: bool, metrics: bool) -> None:
    assert (export.wants_traces(environ), export.wants_metrics(environ)) == (traces, metrics)


@pytest.mark.slow
def test_an_absent_collector_blocks_nothing_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    by = recorders(monkeypatch, f"http://127.0.0.1:{a_closed_port()}", only="warehouse")
    telemetry = by["warehouse"]
    begun = time.monotonic()
    for _ in range(2 * limits.spans_queued_max // 18):  # twice what the queue holds
        settled_order(by, itertools.count(1_000_000).__next__)
    telemetry.close()
    assert time.monotonic() - begun < 10 + limits.telemetry_close_s
    assert not telemetry.enabled
    assert [line.name for line in caplog.records if line.levelno >= logging.WARNING] == []
    assert capsys.readouterr().out.count("telemetry.collector_away") <= 1


def test_a_collector_that_fails_for_a_while_gets_every_span(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as arrived:
        arrived.refuse(1)
        by = recorders(monkeypatch, arrived.endpoint, only="warehouse")
        new_id = itertools.count(1_000_000).__next__
        declined_order(by, new_id)
        settled_order(by, new_id)
        by["warehouse"].close()
        arrived.wait_refused()
        assert len(arrived.wait_for(31)) == 31


def test_a_wrong_variable_of_the_sdk_turns_telemetry_off_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1")  # smaller than a batch, which the SDK refuses
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_BSP_MAX_QUEUE_SIZE": "1"}
    assert not open_telemetry("warehouse", environ).enabled


def test_after_close_nothing_is_recorded_and_a_second_close_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as arrived:
        by = recorders(monkeypatch, arrived.endpoint, only="warehouse")
        by["warehouse"].close()
        by["warehouse"].close()
        settled_order(by, itertools.count(1_000_000).__next__)
        assert arrived.spans == []


def recorders(monkeypatch: pytest.MonkeyPatch, endpoint: str, only: str = "") -> Recorders:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    if only:
        return dict.fromkeys(SERVICES, open_telemetry(only, environ))
    return {name: open_telemetry(name, environ) for name in SERVICES}


def a_closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("environ", "ratio"),
    [
        ({}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}, 0.01),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": " 0 "}, 0.0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, 0.0),
        ({"OTEL_TRACES_SAMPLER_ARG": "0.5"}, 1.0),
    ],
)
def test_the_standards_variables_choose_the_share(environ: dict[str, str], ratio: float) -> None:
    assert export.sampled_ratio(environ) == ratio


@pytest.mark.parametrize("argument", ["1.5", "-1", "nan", "a few"])
def test_a_share_that_is_none_is_refused(argument: str) -> None:
    with pytest.raises(ValueError):
        export.sampled_ratio({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": argument})
