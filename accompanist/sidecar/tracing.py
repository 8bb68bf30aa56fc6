"""Tracing of a sidecar: the trace contexts of messages and calls, and their spans.

Where nothing of a trace is recorded, because telemetry is off or the trace is not sampled, contexts are passed on as
they came, so a client's trace goes on at peers and workers that export. There is no other work then.

Span ids are functions of (session, role, site, attempt). So what is recorded again, such as a message that a sidecar
sends again after a take-over, has the id that it had.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from accompanist.runtime.answers import Answer, Closed, Declined, Gone, Missing, Replied, RetryLater, Reused
from accompanist.runtime.burst import Burst, CallWorker
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import ResultKind
from accompanist.runtime.requests import CANCELLED, DEADLINE
from accompanist.telemetry import context, names
from accompanist.telemetry.facts import CallFacts, WorkerAddress
from accompanist.telemetry.spans import Telemetry

_CODES: dict[type, str] = {
    Declined: "-32001",
    RetryLater: "-32002",
    Closed: "-32003",
    Reused: "-32004",
    Gone: "-32005",
    Missing: "-32601",
}


def _word(reason: str | None) -> str:
    """Why a saga was undone, in a word. The reason itself may hold a payload, so it must not be in a span."""
    if reason is None:
        return ""
    if reason == DEADLINE:
        return "deadline"
    return "cancelled" if reason.startswith(CANCELLED) else "aborted"


class Tracing:
    """The telemetry of one sidecar. `addresses`: where each role class's worker is."""

    def __init__(self, telemetry: Telemetry, addresses: Mapping[str, str]) -> None:
        self._telemetry = telemetry
        self._addresses = {role: WorkerAddress.of(url) for role, url in addresses.items()}

    def start(self, session: UUID, incoming: Mapping[str, str]) -> dict[str, str]:
        """The context of a session that starts here. `incoming`: the client's headers."""
        return self._telemetry.start_context(session, incoming)

    def cause(self, message: Message | None, role: str) -> dict[str, str]:
        """The context under which a role acts on a message it took."""
        if message is None:
            return {}
        if message.kind is Kind.START:
            return message.context
        if not self._telemetry.records(message.context, message.session):
            return context.passed_on(message.session, message.context)
        return context.process_context(message.context, message.session, role, message.site)

    def outgoing(self, messages: Sequence[Message], cause: Mapping[str, str]) -> tuple[Message, ...]:
        """The messages with the context each one carries."""
        if not messages or not self._telemetry.records(cause, messages[0].session):
            return tuple(msgspec.structs.replace(one, context=cause) for one in messages) if cause else tuple(messages)
        return tuple(
            msgspec.structs.replace(
                message,
                context=context.send_context(cause, message.session, message.sender, message.receiver, message.site),
            )
            for message in messages
        )

    def started(self, message: Message, incoming: Mapping[str, str], began_ns: int) -> None:
        self._telemetry.started(message.header, message.context, incoming, began_ns, time.time_ns())

    def carried(self, burst: Burst, sent: Sequence[Message], cause: Mapping[str, str], began_ns: int) -> None:
        """A burst is committed: the messages it took, and those it sent."""
        if not self._telemetry.enabled:
            return
        now = time.time_ns()
        for message in burst.consumed:
            self._telemetry.processed(message, began_ns, now)
        for message in sent:
            self._telemetry.sent(message, cause, began_ns, now)

    def ended(self, burst: Burst, cause: Mapping[str, str]) -> None:
        if not (self._telemetry.metrics.on or self._telemetry.enabled):
            return
        row = burst.row
        self._telemetry.ended(row.header, row.role, row.outcome or "", cause, time.time_ns(), _word(row.reason))

    def standing(self, phases: Mapping[str, int], parked: int) -> None:
        """How many sessions are in memory, by phase, and how many wait for an operator."""
        for phase, count in phases.items():
            self._telemetry.metrics.sessions(phase, count)
        self._telemetry.metrics.parked(parked)

    def calls_waiting(self, counts: Mapping[str, int]) -> None:
        """How many calls wait for a place under a limit, by operation."""
        for operation, count in counts.items():
            self._telemetry.metrics.calls_waiting(operation, count)

    def background(self, failing: int, damaged: int) -> None:
        """How many background tasks fail now, and how many sessions the log refuses."""
        self._telemetry.metrics.tasks_failing(failing)
        self._telemetry.metrics.damaged(damaged)

    def task_failed(self, task: str) -> None:
        self._telemetry.metrics.task_failed(task)

    def connection_refused(self) -> None:
        self._telemetry.metrics.connection_refused()

    def wakeups_missed(self, kind: str, count: int) -> None:
        self._telemetry.metrics.wakeups_missed(kind, count)

    def flushed(self, seconds: float, bursts: int) -> None:
        self._telemetry.metrics.flushed(seconds, bursts)

    def refused(self, speaker: str, kind: str) -> None:
        self._telemetry.metrics.refused(speaker, kind)

    def taken(self, messages: int) -> None:
        self._telemetry.metrics.inbox(messages)

    def call(
        self, cause: Mapping[str, str], header: Header, role: str, call: CallWorker, attempt: int
    ) -> Mapping[str, str]:
        """The context that a call carries to its worker."""
        if not self._telemetry.records(cause, header.session):
            return cause
        return context.call_context(cause, header.session, role, call.site, call.kind.value, attempt)

    def called(
        self,
        header: Header,
        role: str,
        role_class: str,
        call: CallWorker,
        attempt: int,
        at: Mapping[str, str],
        cause: Mapping[str, str],
        began_ns: int,
        answer: Answer,
    ) -> None:
        if not (self._telemetry.metrics.on or self._telemetry.records(cause, header.session)):
            return
        address = self._addresses.get(role_class, WorkerAddress(""))
        facts = CallFacts(role, role_class, call.operation, call.site, call.kind.value, attempt, address)
        error = "" if isinstance(answer, Replied) else _CODES.get(type(answer), "fault")
        if not error and call.kind is ResultKind.COMPENSATE:
            self._telemetry.metrics.compensated(names.rpc_method(role_class, call.operation))
        self._telemetry.called(header, facts, at, cause, began_ns, time.time_ns(), error)
