"""The table of everything that telemetry emits: each span, metric and log line with its attributes.

An operator may build dashboards and alerts on it. A test compares it with the code: each row is emitted, with no
attribute beyond those named, and nothing else is emitted.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from accompanist.telemetry import names as n
from accompanist.telemetry.facts import SpanKind


class SpanEvent(NamedTuple):
    """A row for spans: `name` has its variable parts in braces; `sometimes`: optional attributes."""

    name: str
    kind: SpanKind
    attributes: frozenset[str]
    sometimes: frozenset[str] = frozenset()


class Metric(NamedTuple):
    name: str
    unit: str
    attributes: frozenset[str]


_SAGA: Final = frozenset({n.SESSION, n.MESSAGING_CONVERSATION, n.CHOREOGRAPHY, n.ROLE})
_MESSAGE: Final = _SAGA | {
    n.MESSAGING_SYSTEM,
    n.MESSAGING_OPERATION_NAME,
    n.MESSAGING_OPERATION_TYPE,
    n.MESSAGING_DESTINATION,
    n.MESSAGING_MESSAGE_ID,
    n.MESSAGING_BODY_SIZE,
    n.MESSAGE_KIND,
    n.SITE,
}
_CALL: Final = frozenset({n.RPC_SYSTEM, n.RPC_METHOD, n.JSONRPC_VERSION, n.SITE, n.CALL_KIND, n.CALL_ATTEMPT})
_FAILED: Final = frozenset({n.ERROR_TYPE, n.RPC_STATUS})

SPANS: Final = (
    SpanEvent("start {choreography}", SpanKind.SERVER, _SAGA | {n.RPC_SYSTEM, n.RPC_METHOD}),
    SpanEvent("send {destination}", SpanKind.PRODUCER, _MESSAGE),
    SpanEvent("process {destination}", SpanKind.CONSUMER, _MESSAGE | {n.BUFFER_WAIT}),
    SpanEvent(
        "{role_class}/{operation}",
        SpanKind.CLIENT,
        _SAGA | _CALL | {n.SERVER_ADDRESS},
        _FAILED | {n.SERVER_PORT},
    ),
    SpanEvent("{role_class}/{operation}", SpanKind.SERVER, (_SAGA - {n.CHOREOGRAPHY}) | _CALL, _FAILED),
    SpanEvent("settle {choreography}", SpanKind.INTERNAL, _SAGA | {n.OUTCOME}),
    SpanEvent("abort {choreography}", SpanKind.INTERNAL, _SAGA | {n.OUTCOME, n.ERROR_TYPE}),
)

METRICS: Final = (
    Metric(n.SESSION_DURATION, "s", frozenset({n.CHOREOGRAPHY, n.OUTCOME})),
    Metric(n.SESSION_OUTCOMES, "{session}", frozenset({n.CHOREOGRAPHY, n.OUTCOME})),
    Metric(n.SESSION_ACTIVE, "{session}", frozenset({n.PHASE})),
    Metric(n.CALL_DURATION, "s", frozenset({n.RPC_SYSTEM, n.RPC_METHOD, n.ERROR_TYPE})),
    Metric(n.SERVED_DURATION, "s", frozenset({n.RPC_SYSTEM, n.RPC_METHOD, n.ERROR_TYPE})),
    Metric(n.COMPENSATIONS, "{call}", frozenset({n.RPC_METHOD})),
    Metric(n.FLUSH_DURATION, "s", frozenset()),
    Metric(n.FLUSH_BURSTS, "{burst}", frozenset()),
    Metric(n.INBOX_DEPTH, "{message}", frozenset()),
    Metric(n.REFUSED, "{message}", frozenset({n.SPEAKER, n.MESSAGE_KIND})),
    Metric(n.PARKED, "{session}", frozenset()),
    Metric(n.DAMAGED, "{session}", frozenset()),
    Metric(n.CALLS_WAITING, "{call}", frozenset({n.RPC_METHOD})),
    Metric(n.TASKS_FAILING, "{task}", frozenset()),
    Metric(n.TASK_FAILURES, "{failure}", frozenset({n.TASK})),
    Metric(n.CONNECTIONS_REFUSED, "{connection}", frozenset()),
    Metric(n.WAKEUPS_MISSED, "{wakeup}", frozenset({n.WAKEUP_KIND})),
)

_NOTHING: Final = frozenset[str]()
_WHERE: Final = frozenset({"session", "role"})
_WHAT: Final = frozenset({"session", "choreography"})

LOG_LINES: Final[dict[str, frozenset[str]]] = {
    # a session
    "session.ended": _WHERE | {"choreography", "outcome"},
    "session.parked": _WHERE | {"code", "problem"},
    "session.damaged": _WHERE | {"code", "problem"},
    "session.mended": _WHERE,
    "session.impossible": _WHERE | {"problem"},
    "session.unhostable": _WHAT,
    "session.broken": _WHERE,
    "volatile.lost": frozenset({"session", "code", "problem"}),
    "volatile.left": _WHERE | {"phase"},
    "volatile.failed": frozenset({"session", "peer"}),
    "message.refused": frozenset({"session", "speaker", "sender", "code", "kind", "site", "untold"}),
    "message.failed": _WHERE,
    "message.unreadable": frozenset({"peer", "problem"}),
    "message.unhostable": _WHAT,
    "close.nonsense": _WHERE,
    # a sidecar
    "sidecar.started": frozenset({"service", "url"}),
    "sidecar.stopped": frozenset({"service"}),
    "sidecar.lost": frozenset({"code", "text"}),
    "server.promoted": frozenset({"problem"}),
    "witness.not_kept": frozenset({"path", "problem"}),
    "shards.swept": frozenset({"sessions", "shards"}),
    "sessions.collected": frozenset({"collected", "forgotten"}),
    "version.too_large": frozenset({"choreography", "bytes", "limit"}),
    "version.brought_back": frozenset({"choreography", "fingerprint"}),
    "version.unhostable": frozenset({"fingerprint", "problem"}),
    "versions.forgotten": frozenset({"count"}),
    "connections.refused": _NOTHING,
    "wakeups.missed": frozenset({"kind", "count"}),
    "wakeups.back": _NOTHING,
    "listener.lost": frozenset({"problem"}),
    "listener.back": _NOTHING,
    "notifier.lost": frozenset({"problem"}),
    "notifier.back": _NOTHING,
    "link.closed": frozenset({"peer", "problem"}),
    "link.refused": frozenset({"peer", "problem"}),
    "links.off": frozenset({"problem"}),
    "links.failed": frozenset({"peer", "problem"}),
    "handed.failed": frozenset({"problem"}),
    "early.not_stored": frozenset({"problem"}),
    "early.not_there": frozenset({"peer", "session"}),
    "worker.not_pipelined": frozenset({"version"}),
    "pool.bounded": frozenset({"count", "limit"}),
    "leases.not_released": _NOTHING,
    "log.unavailable": frozenset({"problem"}),
    "log.available": frozenset({"duration_s"}),
    "task.failed": frozenset({"task", "problem"}),
    "task.well": frozenset({"task"}),
    "driver.task_failed": frozenset({"problem"}),
    "peer.away": frozenset({"peer", "problem"}),
    "peer.back": frozenset({"peer"}),
    "peer.crowded": frozenset({"peer", "bound", "limit"}),
    "peer.has_room": frozenset({"peer", "bound"}),
    # a worker, or any server
    "worker.ready": frozenset({"address", "schema"}),
    "worker.stopping": _NOTHING,
    "worker.transaction_ended": frozenset({"code", "problem"}),
    "worker.not_released": frozenset({"error_type"}),
    "worker.on_commit_failed": frozenset({"error_type"}),
    "worker.reply_misfit": frozenset({"problem"}),
    "process.crashed": _NOTHING,
    "line.not_ended": frozenset({"problem"}),
    "answer.failed": frozenset({"problem"}),
    "handler.failed": frozenset({"code", "error_type", "operation", "where"}),
    # telemetry itself
    "telemetry.not_started": frozenset({"error_type", "code", "text", "hint"}),
    "telemetry.collector_away": _NOTHING,
    "telemetry.collector_back": _NOTHING,
    "telemetry.spans_refused": frozenset({"count"}),
}
"""The keys that each event may have, beside those of every line (`telemetry.logs.KEYS` has all keys)."""
