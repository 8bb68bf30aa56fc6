"""The spans of a saga, each recorded after it is over.

No span is ever open. A saga may wait for days, and a sidecar may die in between: an open span would be lost.
So every method here is called when something is over, with its start and end (nanoseconds since the epoch).
The ids come from `telemetry.context`. The caller leaves out what a replay does again. A message that is sent again
after a take-over is recorded again, under the id that it had.

    start fulfil_order            SERVER     root, at the initiator, or below the client's span
    send payment.fulfil_order     PRODUCER   a message was committed; below what caused it
    process payment.fulfil_order  CONSUMER   a role took it; below the message's creation, with a link to it
    Payment/charge                CLIENT     one attempt at a worker's operation
    Payment/charge                SERVER     the same in the worker (`telemetry.serve`)
    settle | abort fulfil_order   INTERNAL   a role learned the outcome

Each has the session's id and no payload: no argument, reply, message or declared reason. If telemetry is off,
there is no sink, and every method returns at once. So it does for a trace that is not sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from accompanist.runtime.messages import Header, Message
from accompanist.telemetry import context as ctx
from accompanist.telemetry import names
from accompanist.telemetry.facts import CallFacts, Sink, Span, SpanKind, Value
from accompanist.telemetry.metrics import Metrics


class Telemetry:
    """Records the spans and metrics of one process. `close` flushes within a bounded time; it may be called twice.
    `ratio`, from 0 to 1: which share of the traces that no client began is sampled."""

    def __init__(
        self,
        sink: Sink | None = None,
        metrics: Metrics | None = None,
        close: Callable[[], None] | None = None,
        ratio: float = 1.0,
    ) -> None:
        self._ratio = ratio
        self._sink = sink
        self.metrics = metrics or Metrics()
        self._close = close

    @property
    def enabled(self) -> bool:
        return self._sink is not None

    def records(self, context: Mapping[str, str], session: UUID) -> bool:
        """Whether spans below this context are recorded. One without a valid `traceparent` is in the session's own
        trace."""
        if self._sink is None:
            return False
        told = ctx.sampled(context)
        return ctx.is_sampled(session, self._ratio) if told is None else told

    def start_context(self, session: UUID, incoming: Mapping[str, str]) -> ctx.Context:
        """The context of a session that starts here. `incoming`: the client's headers."""
        if self.records(incoming, session):
            return ctx.start_context(session, incoming)
        if self._sink is None or ctx.read(incoming) is not None:
            return ctx.passed_on(session, incoming)
        return ctx.start_context(session, incoming, flags=0)  # else its peers would sample it

    def close(self) -> None:
        close, self._close, self._sink = self._close, None, None
        if close is not None:
            close()

    def started(
        self,
        header: Header,
        context: Mapping[str, str],
        incoming: Mapping[str, str],
        start_ns: int,
        end_ns: int,
    ) -> None:
        """A start was accepted. `context` is `start_context(session, incoming)`."""
        if not self.records(context, header.session):
            return
        attributes: dict[str, Value] = {names.RPC_SYSTEM: "jsonrpc", names.RPC_METHOD: "session.start"}
        self._record(
            names.start_span(header.choreography),
            SpanKind.SERVER,
            _about(header, header.initiator) | attributes,
            ctx.read(context),
            ctx.read(incoming),
            start_ns,
            end_ns,
        )

    def sent(self, message: Message, cause: Mapping[str, str], start_ns: int, end_ns: int) -> None:
        """A message was committed. `message.context` is `send_context(cause, ...)`."""
        if not self.records(cause, message.session):
            return
        destination = _destination(message)
        self._record(
            names.send_span(destination),
            SpanKind.PRODUCER,
            _about_message(message, message.sender, "send", destination),
            ctx.read(message.context),
            ctx.read(cause),
            start_ns,
            end_ns,
        )

    def processed(self, message: Message, start_ns: int, end_ns: int, waited_s: float = 0.0) -> None:
        """A role took a message and ran on until it blocked again. `waited_s`: how long the message had lain
        there before its receive was reached."""
        if not self.records(message.context, message.session):
            return
        made_by = ctx.read(message.context)
        at = ctx.process_context(message.context, message.session, message.receiver, message.site)
        destination = _destination(message)
        attributes = _about_message(message, message.receiver, "process", destination)
        attributes[names.BUFFER_WAIT] = waited_s
        self._record(
            names.process_span(destination),
            SpanKind.CONSUMER,
            attributes,
            ctx.read(at),
            made_by,
            start_ns,
            end_ns,
            link=made_by,
        )

    def called(
        self,
        header: Header,
        call: CallFacts,
        context: Mapping[str, str],
        cause: Mapping[str, str],
        start_ns: int,
        end_ns: int,
        error: str = "",
    ) -> None:
        """An attempt at a worker's operation is over. `context` is `call_context(cause, ...)`; `error` is
        empty, or the JSON-RPC code as text ("-32001" is declined), or a name such as "timeout" where no
        answer came."""
        method = names.rpc_method(call.role_class, call.operation)
        self.metrics.called(method, (end_ns - start_ns) / 1e9, error)
        if not self.records(cause, header.session):
            return
        attributes = call.attributes(method, error)
        attributes[names.SERVER_ADDRESS] = call.address.host
        if call.address.port is not None:
            attributes[names.SERVER_PORT] = call.address.port
        self._record(
            method,
            SpanKind.CLIENT,
            _about(header, call.role) | attributes,
            ctx.read(context),
            ctx.read(cause),
            start_ns,
            end_ns,
            error,
        )

    def served(
        self,
        session: UUID,
        call: CallFacts,
        caller: Mapping[str, str],
        start_ns: int,
        end_ns: int,
        error: str = "",
    ) -> None:
        """The worker's side of `called`. `caller`: the context that came with the call."""
        method = names.rpc_method(call.role_class, call.operation)
        self.metrics.served(method, (end_ns - start_ns) / 1e9, error)
        if not self.records(caller, session):
            return
        text = str(session)
        about: dict[str, Value] = {names.SESSION: text, names.MESSAGING_CONVERSATION: text, names.ROLE: call.role}
        self._record(
            method,
            SpanKind.SERVER,
            about | call.attributes(method, error),
            ctx.read(ctx.serve_context(caller, session)),
            ctx.read(caller),
            start_ns,
            end_ns,
            error,
        )

    def ended(
        self, header: Header, role: str, outcome: str, cause: Mapping[str, str], at_ns: int, error: str = ""
    ) -> None:
        """A role learned how the saga ended: `settled` or `ended`. `error` says in a word why a saga was undone:
        "declined", "cancelled", "deadline", "aborted"; never the declared reason itself."""
        if role == header.initiator:
            self.metrics.session_ended(header.choreography, outcome, at_ns / 1e9 - header.started_at)
        if not self.records(cause, header.session):
            return
        failed = "" if outcome == "settled" else (error or "aborted")
        attributes = _about(header, role) | {names.OUTCOME: outcome}
        if failed:
            attributes[names.ERROR_TYPE] = failed
        self._record(
            names.outcome_span(outcome, header.choreography),
            SpanKind.INTERNAL,
            attributes,
            ctx.read(ctx.outcome_context(cause, header.session, role, outcome)),
            ctx.read(cause),
            at_ns,
            at_ns,
            failed,
        )

    def _record(
        self,
        name: str,
        kind: SpanKind,
        attributes: dict[str, Value],
        at: ctx.Parent | None,
        parent: ctx.Parent | None,
        start_ns: int,
        end_ns: int,
        error: str = "",
        link: ctx.Parent | None = None,
    ) -> None:
        """Hand a span to the sink, unless its trace is not sampled or its context is invalid."""
        if self._sink is None or at is None or not at.sampled:
            return
        self._sink(Span(name, kind, at, parent, link, attributes, start_ns, max(start_ns, end_ns), error))


def _about(header: Header, role: str) -> dict[str, Value]:
    session = str(header.session)
    return {
        names.SESSION: session,
        names.MESSAGING_CONVERSATION: session,
        names.CHOREOGRAPHY: header.choreography,
        names.ROLE: role,
    }


def _about_message(message: Message, role: str, operation: str, destination: str) -> dict[str, Value]:
    session = str(message.session)
    return {
        names.SESSION: session,
        names.MESSAGING_CONVERSATION: session,
        names.CHOREOGRAPHY: message.header.choreography,
        names.ROLE: role,
        names.MESSAGING_SYSTEM: names.SYSTEM,
        names.MESSAGING_OPERATION_NAME: operation,
        names.MESSAGING_OPERATION_TYPE: operation,
        names.MESSAGING_DESTINATION: destination,
        names.MESSAGING_MESSAGE_ID: "/".join((session, message.site, message.sender, message.receiver)),
        names.MESSAGING_BODY_SIZE: len(message.payload),
        names.MESSAGE_KIND: message.kind.value,
        names.SITE: message.site,
    }


def _destination(message: Message) -> str:
    header = message.header
    return names.destination(header.bindings.get(message.receiver, message.receiver), header.choreography)
