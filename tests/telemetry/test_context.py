"""Trace context: computed, never drawn; strangers' headers read strictly."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from accompanist import limits
from accompanist.telemetry import context as ctx

SESSION = UUID("0190d3a0-0000-7000-8000-000000000001")
CLIENT = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


def test_a_session_is_one_trace_with_the_same_ids_every_time() -> None:
    first, again = ctx.start_context(SESSION, {}), ctx.start_context(SESSION, {})
    assert first == again
    sends = [ctx.send_context(start, SESSION, "a", "b", "1") for start in (first, again)]
    assert sends[0] == sends[1]
    assert trace(sends[0]) == trace(first)
    assert trace(ctx.start_context(uuid4(), {})) != trace(first)


def test_every_span_has_an_id_of_its_own() -> None:
    start = ctx.start_context(SESSION, {})
    send = ctx.send_context(start, SESSION, "a", "b", "1")
    call = ctx.call_context(start, SESSION, "a", "1", "forward", 1)
    contexts = [
        start,
        send,
        ctx.send_context(start, SESSION, "b", "a", "1"),
        ctx.send_context(start, SESSION, "a", "b", "1[2]"),
        ctx.process_context(send, SESSION, "b", "1"),
        call,
        ctx.call_context(start, SESSION, "a", "1", "forward", 2),
        ctx.call_context(start, SESSION, "a", "1", "compensate", 1),
        ctx.serve_context(call, SESSION),
        ctx.outcome_context(start, SESSION, "a", "settled"),
    ]
    assert len({span(context) for context in contexts}) == len(contexts)


def test_the_clients_trace_goes_on_and_its_state_travels() -> None:
    incoming = {**CLIENT, "tracestate": "vendor=a1, other@x=2"}
    send = ctx.send_context(ctx.start_context(SESSION, incoming), SESSION, "a", "b", "1")
    assert trace(send) == 0x4BF92F3577B34DA6A3CE929D0E0E4736
    assert send["tracestate"] == "vendor=a1,other@x=2"
    received = ctx.process_context(send, SESSION, "b", "1")
    assert received["tracestate"] == send["tracestate"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
        "00-٤bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\t",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-" + "x" * limits.traceparent_chars_max,
    ],
)
def test_a_malformed_traceparent_is_ignored_with_everything_beside_it(header: str) -> None:
    context = ctx.start_context(SESSION, {"traceparent": header, "tracestate": "v=1"})
    assert context == ctx.start_context(SESSION, {})


def test_a_later_version_is_read_as_far_as_we_know_it() -> None:
    later = {"traceparent": "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09-what-comes"}
    context = ctx.start_context(SESSION, later)
    assert context["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert context["traceparent"].endswith("-01")


def test_what_the_client_does_not_sample_stays_unsampled() -> None:
    incoming = {"traceparent": CLIENT["traceparent"][:-2] + "00"}
    send = ctx.send_context(ctx.start_context(SESSION, incoming), SESSION, "a", "b", "1")
    parent = ctx.read(send)
    assert parent is not None and not parent.sampled


@pytest.mark.parametrize(
    "state",
    ["UPPER=1", "a", "a=1,a=2", "a=1,,b=\x00", "a=1\r\nx: y", ",".join(f"k{i}=1" for i in range(33)), "a=" + "x" * 600],
)
def test_a_damaged_tracestate_is_dropped_whole(state: str) -> None:
    assert "tracestate" not in ctx.start_context(SESSION, {**CLIENT, "tracestate": state})


def test_baggage_is_ours_and_what_the_list_allows() -> None:
    incoming = {"baggage": "tenant=acme;prop=1, secret=x, accompanist.session=forged, tenant=b\r\nad"}
    assert ctx.start_context(SESSION, incoming)["baggage"] == f"accompanist.session={SESSION},tenant=acme"


def test_what_a_stranger_wrote_in_a_header_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Reason: OpenTelemetry warns with the text of what it does not read."""
    for header in ({"traceparent": "x" * 600}, {**CLIENT, "tracestate": "a=1,SECRET"}, {"baggage": "SECRET=;;"}):
        ctx.start_context(SESSION, header)
    assert not caplog.records


def test_allowed_baggage_goes_on_as_it_came() -> None:
    """Reason: OpenTelemetry's propagator would take `+` for a space."""
    assert ctx.start_context(SESSION, {"baggage": "tenant=a+b%20c"})["baggage"].endswith(",tenant=a+b%20c")


@given(st.text())
def test_baggage_is_bounded_whatever_comes(text: str) -> None:
    baggage = ctx.start_context(SESSION, {"baggage": f"tenant={text},tenant={'x' * 5000}"})["baggage"]
    assert len(baggage.encode()) <= limits.baggage_bytes_max
    assert "\r" not in baggage and "\n" not in baggage


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage"]), st.text()))
def test_no_header_can_break_it(incoming: dict[str, str]) -> None:
    start = ctx.start_context(SESSION, incoming)
    assert ctx.read(start) is not None
    assert ctx.read(ctx.process_context(incoming, SESSION, "b", "1")) is not None


def test_a_message_that_lost_its_context_joins_its_sessions_trace() -> None:
    assert trace(ctx.process_context({}, SESSION, "b", "1")) == trace(ctx.start_context(SESSION, {}))


def test_a_share_of_the_sessions_is_sampled_as_opentelemetry_does_it() -> None:
    sessions = [UUID(int=number) for number in range(500)]
    for ratio in (0.0, 0.01, 0.3, 1.0):
        sampler = TraceIdRatioBased(ratio)
        for session in sessions:
            decided = sampler.should_sample(None, trace(ctx.start_context(session, {})), "start").decision
            assert ctx.is_sampled(session, ratio) is decided.is_sampled()
    assert 100 < sum(ctx.is_sampled(session, 0.3) for session in sessions) < 200


def test_headers_are_passed_on_as_they_came_but_for_what_is_not_allowed() -> None:
    baggage = f"accompanist.session={SESSION},tenant=acme"
    came = {**CLIENT, "tracestate": "v=1", "baggage": "tenant=acme,secret=1", "cookie": "x"}
    passed = ctx.passed_on(SESSION, came)
    assert passed == {**CLIENT, "tracestate": "v=1", "baggage": baggage}
    assert ctx.passed_on(SESSION, passed) == passed
    assert ctx.passed_on(SESSION, {}) == {}
    assert ctx.passed_on(SESSION, {"traceparent": "00-1", "tracestate": "v=1"}) == {}


def trace(context: ctx.Context) -> int:
    parent = ctx.read(context)
    assert parent is not None
    return parent.trace_id


def span(context: ctx.Context) -> int:
    parent = ctx.read(context)
    assert parent is not None
    return parent.span_id
