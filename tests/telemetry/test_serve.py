"""The worker's span, as the SDK's `around` hook makes it."""

from __future__ import annotations

from uuid import UUID

import pytest

from accompanist.telemetry import context as ctx
from accompanist.telemetry import names
from accompanist.telemetry.facts import Span
from accompanist.telemetry.serve import around
from accompanist.telemetry.spans import Telemetry

SESSION = UUID("0190d3a0-0000-7000-8000-000000000001")
CALL = ctx.call_context(ctx.start_context(SESSION, {}), SESSION, "payment", "3", "forward", 2)
META = {"session": str(SESSION), "role": "payment", "site": "3", "attempt": 2, **CALL}


class Declined(Exception):
    code = -32001


def test_a_call_is_one_span_below_its_caller() -> None:
    spans: list[Span] = []
    with around(Telemetry(spans.append), "Payment")("charge", META):
        pass
    (span,) = spans
    assert (span.name, span.parent, span.error) == ("Payment/charge", ctx.read(CALL), "")
    assert span.attributes[names.CALL_ATTEMPT] == 2


def test_the_workers_own_instrumentation_hangs_below_it() -> None:
    from opentelemetry import trace

    spans: list[Span] = []
    with around(Telemetry(spans.append), "Payment")("charge", META):
        current = trace.get_current_span().get_span_context()
    assert current.span_id == spans[0].at.span_id
    assert trace.get_current_span().get_span_context().span_id == 0


@pytest.mark.parametrize(("problem", "error"), [(Declined("no"), "-32001"), (KeyError("alice"), "KeyError")])
def test_an_exception_passes_through_and_is_told_without_its_words(problem: Exception, error: str) -> None:
    spans: list[Span] = []
    with pytest.raises(type(problem)), around(Telemetry(spans.append), "Payment")("charge", META):
        raise problem
    assert spans[0].error == error and "alice" not in repr(spans[0])


def test_the_workers_own_instrumentation_learns_that_a_trace_is_not_sampled() -> None:
    from opentelemetry import trace

    spans: list[Span] = []
    unsampled = ctx.start_context(SESSION, {}, flags=0)
    for meta in ({"session": str(SESSION), **unsampled}, {"session": str(SESSION)}):
        with around(Telemetry(spans.append, ratio=0.0), "Payment")("charge", meta):
            current = trace.get_current_span().get_span_context()
        assert current.is_valid and not current.trace_flags.sampled
    assert spans == []


@pytest.mark.parametrize("meta", [{}, {"session": 7}, {"session": "no id"}])
def test_a_call_from_outside_a_saga_records_nothing(meta: dict[str, object]) -> None:
    spans: list[Span] = []
    with around(Telemetry(spans.append), "Payment")("charge", meta):
        pass
    assert spans == []
