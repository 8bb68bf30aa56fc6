"""The names of all spans, attributes and metrics.

Names come from the OpenTelemetry conventions for messaging, RPC and JSON-RPC at the version that
`SCHEMA_URL` pins. The messaging and JSON-RPC pages are still marked "development", so names may change:
this module is the only place that knows them, and a test compares it with the installed conventions
package.

A name outside the conventions begins with `accompanist.`. No attribute here may ever carry a payload.
"""

from __future__ import annotations

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"
SCOPE: Final = "accompanist"
SYSTEM: Final = "accompanist"  # the conventions list no system of ours; a value of one's own is allowed

# -- attributes of the conventions -------------------------------------------------------------------
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"
SERVICE_NAMESPACE: Final = "service.namespace"
PROCESS_ID: Final = "process.pid"
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"

MESSAGING_SYSTEM: Final = "messaging.system"
MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
MESSAGING_DESTINATION: Final = "messaging.destination.name"
MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
MESSAGING_CONVERSATION: Final = "messaging.message.conversation_id"
MESSAGING_BODY_SIZE: Final = "messaging.message.body.size"

RPC_SYSTEM: Final = "rpc.system.name"
RPC_METHOD: Final = "rpc.method"
RPC_STATUS: Final = "rpc.response.status_code"
JSONRPC_VERSION: Final = "jsonrpc.protocol.version"

# -- attributes of ours --------------------------------------------------------------------------------
SESSION: Final = "accompanist.session.id"
CHOREOGRAPHY: Final = "accompanist.choreography"
ROLE: Final = "accompanist.role"
SITE: Final = "accompanist.site"
MESSAGE_KIND: Final = "accompanist.message.kind"
SPEAKER: Final = "accompanist.message.speaker"  # the service that wrote a message, as it was proved
BUFFER_WAIT: Final = "accompanist.buffer.wait"  # seconds a message waited for its receive
CALL_KIND: Final = "accompanist.call.kind"  # forward or compensate
CALL_ATTEMPT: Final = "accompanist.call.attempt"
OUTCOME: Final = "accompanist.outcome"  # settled or ended
PHASE: Final = "accompanist.phase"

# -- baggage -------------------------------------------------------------------------------------------
BAGGAGE_SESSION: Final = "accompanist.session"
BAGGAGE_ALLOWED: Final = frozenset({"tenant"})  # crosses trust borders: nothing else travels

# -- span names: low cardinality, never an id ------------------------------------------------------------


def start_span(choreography: str) -> str:
    return f"start {choreography}"


def send_span(destination: str) -> str:
    return f"send {destination}"


def process_span(destination: str) -> str:
    return f"process {destination}"


def outcome_span(outcome: str, choreography: str) -> str:
    """`settle fulfil_order` for a settled saga, `abort fulfil_order` for an undone one."""
    return f"{'settle' if outcome == 'settled' else 'abort'} {choreography}"


def destination(service: str, choreography: str) -> str:
    """A message's destination, for people and for grouping: the receiving service and the choreography."""
    return f"{service}.{choreography}"


def rpc_method(role_class: str, operation: str) -> str:
    """The fully qualified method; also the name of both spans of a call."""
    return f"{role_class}/{operation}"


# -- metrics: seconds and counts, no ids -----------------------------------------------------------------
SESSION_DURATION: Final = "accompanist.session.duration"
SESSION_ACTIVE: Final = "accompanist.session.active"
SESSION_OUTCOMES: Final = "accompanist.session.outcomes"
CALL_DURATION: Final = "rpc.client.call.duration"
SERVED_DURATION: Final = "rpc.server.call.duration"
FLUSH_DURATION: Final = "accompanist.flush.duration"
FLUSH_BURSTS: Final = "accompanist.flush.bursts"
INBOX_DEPTH: Final = "accompanist.inbox.depth"
REFUSED: Final = "accompanist.message.refused"
PARKED: Final = "accompanist.parked.count"
DAMAGED: Final = "accompanist.damaged.count"
CALLS_WAITING: Final = "accompanist.calls.waiting"
TASKS_FAILING: Final = "accompanist.tasks.failing"
TASK_FAILURES: Final = "accompanist.task.failures"
TASK: Final = "accompanist.task"
CONNECTIONS_REFUSED: Final = "accompanist.connection.refused"
WAKEUPS_MISSED: Final = "accompanist.wakeup.missed"
WAKEUP_KIND: Final = "accompanist.wakeup.kind"  # message or end
COMPENSATIONS: Final = "accompanist.compensation.count"
