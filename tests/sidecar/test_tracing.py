"""What a sidecar does for tracing while it records nothing: it passes headers on, and makes none."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from accompanist.runtime.answers import Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.tracing import Tracing
from accompanist.telemetry import context as ctx
from accompanist.telemetry.facts import Span
from accompanist.telemetry.spans import Telemetry
from tests.telemetry.saga import HEADER, SESSION

CLIENT = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "v=1"}
UNSAMPLED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}
CALL = CallWorker("3", ResultKind.FORWARD, "charge", b"{}")


def message(context: dict[str, str]) -> Message:
    sides = {"sender": "warehouse", "receiver": "payment"}
    return Message(header=HEADER, kind=Kind.DATA, site="2", payload=b"1", context=context, **sides)


def way(tracing: Tracing, context: dict[str, str]) -> Iterator[dict[str, str]]:
    """The contexts of what a role makes of a message: of its calls, and of the messages that it sends."""
    cause = tracing.cause(message(context), "payment")
    at = tracing.call(cause, HEADER, "payment", CALL, 1)
    tracing.called(HEADER, "payment", "Payment", CALL, 1, at, cause, 0, Replied(b"1"))
    yield dict(at)
    for sent in tracing.outgoing([msgspec.structs.replace(message({}), site="4")], cause):
        yield sent.context


@pytest.mark.parametrize("context", [{}, CLIENT, UNSAMPLED])
def test_without_telemetry_headers_go_on_as_they_came(context: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctx, "_hash", None)  # no id is computed
    assert list(way(Tracing(Telemetry(), {}), context)) == [context, context]


def test_an_unsampled_trace_goes_on_as_it_came_and_a_sampled_one_with_our_spans() -> None:
    spans: list[Span] = []
    tracing = Tracing(Telemetry(spans.append), {})
    assert list(way(tracing, UNSAMPLED)) == [UNSAMPLED, UNSAMPLED]
    assert spans == []
    assert CLIENT["traceparent"] not in [at["traceparent"] for at in way(tracing, CLIENT)]
    assert [span.name for span in spans] == ["Payment/charge"]


def test_a_saga_that_another_service_leaves_out_is_left_out_here() -> None:
    spans: list[Span] = []
    started = Tracing(Telemetry(ratio=0.0, sink=spans.append), {}).start(SESSION, {})
    here = Tracing(Telemetry(spans.append), {})
    assert [*way(here, started)] == [started, started]
    assert spans == []
