"""From what a sidecar does to the spans that tell of it: the contexts that travel, and the records afterwards.

Contexts are computed whether or not anything is exported, because a peer may export; the records cost nothing while
telemetry is off. Span ids are functions of (session, role, site, attempt), so what a replay does again adds nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from accompanist.runtime.answers import Answer, Closed, Declined, Missing, Replied, RetryLater, Reused
from accompanist.runtime.burst import Burst, CallWorker
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.telemetry import context
from accompanist.telemetry.facts import Address, CallFacts
from accompanist.telemetry.spans import Telemetry

_CODES: dict[type, str] = {
    Declined: "-32001",
    RetryLater: "-32002",
    Closed: "-32003",
    Reused: "-32004",
    Missing: "-32601",
}


class Tracing:
    """The telemetry of one sidecar. `addresses`: where each role class's worker is."""

    def __init__(self, telemetry: Telemetry, addresses: Mapping[str, str]) -> None:
        self._telemetry = telemetry
        self._addresses = {role: Address.of(url) for role, url in addresses.items()}

    def cause(self, message: Message | None, role: str) -> dict[str, str]:
        """The context under which a role acts on a message it took."""
        if message is None:
            return {}
        if message.kind is Kind.START:
            return message.context
        return context.process_context(message.context, message.session, role, message.site)

    def outgoing(self, messages: Sequence[Message], cause: Mapping[str, str]) -> tuple[Message, ...]:
        """The messages with the context each one carries."""
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
        outcome = burst.row.outcome or ""
        self._telemetry.ended(burst.row.header, burst.row.role, outcome, cause, time.time_ns())

    def call(
        self, cause: Mapping[str, str], header: Header, role: str, call: CallWorker, attempt: int
    ) -> dict[str, str]:
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
        address = self._addresses.get(role_class, Address(""))
        facts = CallFacts(role, role_class, call.operation, call.site, call.kind.value, attempt, address)
        error = "" if isinstance(answer, Replied) else _CODES.get(type(answer), "fault")
        self._telemetry.called(header, facts, at, cause, began_ns, time.time_ns(), error)
