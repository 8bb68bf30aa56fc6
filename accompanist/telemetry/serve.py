"""The worker's span: a context manager around each operation of a Python worker.

`serving` is for the SDK's `around` hook. It reads the trace context in the call's `params._meta` and makes it
current in OpenTelemetry, so that a worker's own instrumentation (its database, its HTTP client) joins the
saga's trace. It records one SERVER span when the operation is over. Exceptions pass through.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import Token
from typing import Any
from uuid import UUID

from opentelemetry import context as api
from opentelemetry import trace

from accompanist.telemetry import context as ctx
from accompanist.telemetry.facts import CallFacts
from accompanist.telemetry.spans import Telemetry

Around = Callable[[str, Mapping[str, Any]], AbstractContextManager[None]]


def around(telemetry: Telemetry, role_class: str) -> Around:
    """The hook for a worker that plays `role_class`: `with around(operation, meta): ...`."""

    def hook(operation: str, meta: Mapping[str, Any]) -> AbstractContextManager[None]:
        return serving(telemetry, role_class, operation, meta)

    return hook


@contextmanager
def serving(telemetry: Telemetry, role_class: str, operation: str, meta: Mapping[str, Any]) -> Iterator[None]:
    """Record one call. An exception with an integer `code` (a JSON-RPC error) gives that code as
    `error.type`, any other its class; without a session id in `meta` nothing is recorded."""
    session = _session(meta)
    if not telemetry.enabled or session is None:
        yield
        return
    caller = {key: value for key in _CARRIED if isinstance(value := meta.get(key), str)}
    if not telemetry.records(caller, session):
        # the worker's own instrumentation learns that this trace is not sampled
        token = _attached(caller if ctx.read(caller) is not None else ctx.start_context(session, {}, flags=0))
        try:
            yield
        finally:
            api.detach(token)
        return
    begun_ns, error = time.time_ns(), ""
    token = _attached(ctx.serve_context(caller, session))
    try:
        yield
    except BaseException as problem:
        code = getattr(problem, "code", None)
        error = str(code) if isinstance(code, int) else type(problem).__name__
        raise
    finally:
        api.detach(token)
        facts = CallFacts(
            role=str(meta.get("role", "")),
            role_class=role_class,
            operation=operation,
            site=str(meta.get("site", "")),
            kind=str(meta.get("kind", "forward")),
            attempt=_attempt(meta),
        )
        telemetry.served(session, facts, caller, begun_ns, time.time_ns(), error)


_CARRIED = (ctx.TRACEPARENT, ctx.TRACESTATE, ctx.BAGGAGE)


def _attached(context: Mapping[str, str]) -> Token[api.Context]:
    """Make the span that `context` names the current one of OpenTelemetry's API, until the token is given back."""
    at = ctx.read(context)
    assert at is not None
    spot = trace.SpanContext(at.trace_id, at.span_id, is_remote=False, trace_flags=trace.TraceFlags(at.flags))
    return api.attach(trace.set_span_in_context(trace.NonRecordingSpan(spot)))


def _session(meta: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(str(meta.get("session")))
    except ValueError:
        return None


def _attempt(meta: Mapping[str, Any]) -> int:
    attempt = meta.get("attempt", 1)
    return attempt if isinstance(attempt, int) else 1
