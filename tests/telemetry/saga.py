"""A small order saga as telemetry sees it: what three sidecars and their workers would record."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from accompanist.runtime.messages import Header, Kind, Message
from accompanist.telemetry import context as ctx
from accompanist.telemetry.facts import CallFacts, WorkerAddress
from accompanist.telemetry.spans import Telemetry

SESSION = UUID("0190d3a0-0000-7000-8000-0000000000aa")
SECRET = b'{"card":"4111-1111"}'
ROLES = ("warehouse", "payment", "loyalty")
HEADER = Header(
    session=SESSION,
    choreography="fulfil_order",
    fingerprint="f1",
    initiator="warehouse",
    bindings={role: role for role in ROLES},
    started_at=1_000.0,
)
Recorders = dict[str, Telemetry]
Clock = Callable[[], int]


def message(sender: str, receiver: str, site: str, cause: ctx.Context, kind: Kind = Kind.DATA) -> Message:
    context = ctx.send_context(cause, SESSION, sender, receiver, site)
    return Message(
        header=HEADER, kind=kind, site=site, sender=sender, receiver=receiver, payload=SECRET, context=context
    )


def settled_order(by: Recorders, clock: Clock, incoming: ctx.Context | None = None) -> None:
    """reserve; charge; award; ship; settled everywhere."""
    incoming = incoming or {}
    root = ctx.start_context(SESSION, incoming)
    by["warehouse"].started(HEADER, root, incoming, clock(), clock())
    call(by, clock, "warehouse", "reserve", "1", root)
    at = carry(by, clock, "warehouse", "payment", "2", root)
    call(by, clock, "payment", "charge", "3", at)
    at = carry(by, clock, "payment", "loyalty", "4", at)
    call(by, clock, "loyalty", "award", "5", at)
    at = carry(by, clock, "loyalty", "warehouse", "6", at)
    call(by, clock, "warehouse", "ship", "7", at)
    for role in ROLES:
        by[role].ended(HEADER, role, "settled", at, clock())


def declined_order(by: Recorders, clock: Clock) -> None:
    """reserve; the charge is declined; release; undone everywhere."""
    root = ctx.start_context(SESSION, {})
    by["warehouse"].started(HEADER, root, {}, clock(), clock())
    call(by, clock, "warehouse", "reserve", "1", root)
    at = carry(by, clock, "warehouse", "payment", "2", root)
    call(by, clock, "payment", "charge", "3", at, error="-32001")
    at = carry(by, clock, "payment", "warehouse", "3/abort", at, Kind.ABORT)
    call(by, clock, "warehouse", "release", "1", at, kind="compensate")
    for role in ("warehouse", "payment"):
        by[role].ended(HEADER, role, "ended", at, clock(), error="declined")


def call(
    by: Recorders,
    clock: Clock,
    role: str,
    operation: str,
    site: str,
    cause: ctx.Context,
    kind: str = "forward",
    error: str = "",
) -> None:
    facts = CallFacts(role, role.title(), operation, site, kind, 1, WorkerAddress("127.0.0.1", 7001))
    context = ctx.call_context(cause, SESSION, role, site, kind, 1)
    by[f"{role}-worker"].served(SESSION, facts, context, clock(), clock(), error)
    by[role].called(HEADER, facts, context, cause, clock(), clock(), error)


def carry(
    by: Recorders,
    clock: Clock,
    sender: str,
    receiver: str,
    site: str,
    cause: ctx.Context,
    kind: Kind = Kind.DATA,
) -> ctx.Context:
    """Send and process one message; what the receiver does next is caused by it."""
    sent = message(sender, receiver, site, cause, kind)
    by[sender].sent(sent, cause, clock(), clock())
    by[receiver].processed(sent, clock(), clock(), 0.25)
    return ctx.process_context(sent.context, SESSION, receiver, site)
