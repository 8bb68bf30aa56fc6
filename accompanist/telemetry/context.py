"""Trace context as a pure function of the saga: which trace, which span, under which parent.

A session is one trace. Its ids are computed, not random, so a replay over the same sites gets the same ids
and adds no span:

    trace id   the client's, if a valid W3C `traceparent` came with the start;
               else 16 bytes of H("trace", session)
    span id    8 bytes of H(what, session, role, site, ...)

A context is the set of trace headers: a dict with `traceparent` and, if there are any, `tracestate` and
`baggage`. The `traceparent` names the span that *made* the message or call; `cause` is the context of the
message that led to it: the last one that this role received, or the start.

    client ─> start ─> send ─> process ─> call ─> serve (worker)
                          cause = process_context(last message received)

A process that records nothing of a trace, because telemetry is off there or the trace is not sampled, computes none of
this: it passes on the context that it got (`passed_on`).

Headers are untrusted. OpenTelemetry's own propagator parses `traceparent` and `tracestate`, after their
length is checked here, and logs nothing of what it refuses: a stranger wrote it. A malformed `traceparent`
is ignored together with the other headers, as the W3C asks; the sampled flag is obeyed. Baggage is reduced
to an allow-list and to `limits.baggage_bytes_max`. It is split here, since what is allowed is passed on as
it came: OpenTelemetry's propagator takes `+` for a space, and would change it.

Not promised: that a span is exported once. A crash between a step and its export loses that span; a step
done again records it again, under the same id.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from opentelemetry.context import Context as PropagatedContext
from opentelemetry.trace import TraceState, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from accompanist import limits
from accompanist.telemetry import names

Context = dict[str, str]

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
BAGGAGE = "baggage"

SAMPLED = 0x01
_KEPT_FLAGS = 0x03  # sampled and, since level 2, random
_RATIO_BITS = (1 << 64) - 1  # of a trace id, by which OpenTelemetry's samplers decide

_PROPAGATOR = TraceContextTextMapPropagator()
for _quoting in ("opentelemetry.trace.span", "opentelemetry.trace.propagation.tracecontext"):
    logging.getLogger(_quoting).setLevel(logging.CRITICAL + 1)  # else headers of strangers would be in our log

_PLAIN = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_BAGGAGE_KEY = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAGGAGE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")


class Parent(NamedTuple):
    """A parsed `traceparent`."""

    trace_id: int
    span_id: int
    flags: int

    @property
    def sampled(self) -> bool:
        return bool(self.flags & SAMPLED)


def read(context: Mapping[str, str]) -> Parent | None:
    """The span that a context names; None if it has no valid `traceparent`."""
    header = context.get(TRACEPARENT)
    return _parent(header) if header and len(header) <= limits.traceparent_chars_max else None


def sampled(context: Mapping[str, str]) -> bool | None:
    """Whether the trace of a context is sampled; None if it has no valid `traceparent`."""
    header = context.get(TRACEPARENT)
    at = _parent(header) if header and len(header) <= limits.traceparent_chars_max else None
    return None if at is None else at.flags & SAMPLED != 0


@lru_cache(maxsize=limits.traceparents_kept_max)
def _parent(header: str) -> Parent | None:
    """What a `traceparent` says. One header is read at each step that it led to, so the last ones are kept. The form
    that sidecars write, the W3C's version 00, is read here, which is ten times as fast."""
    if plain := _PLAIN.fullmatch(header):
        trace_id, span_id, flags = plain.groups()
        parent = Parent(int(trace_id, 16), int(span_id, 16), int(flags, 16) & _KEPT_FLAGS)
        return parent if parent.trace_id and parent.span_id else None
    if not header.isprintable() or header != header.strip():
        return None  # the propagator would take a blank or a line break at the end
    found = get_current_span(_PROPAGATOR.extract({TRACEPARENT: header}, PropagatedContext())).get_span_context()
    return Parent(found.trace_id, found.span_id, found.trace_flags & _KEPT_FLAGS) if found.is_valid else None


def is_sampled(session: UUID, ratio: float) -> bool:
    """Whether the session's own trace is among this share of all traces, as OpenTelemetry's sampler
    `traceidratio` decides it. All processes with the same `ratio` (0 to 1) decide alike."""
    return ratio >= 1 or _hash(16, "trace", session) & _RATIO_BITS < round(ratio * (_RATIO_BITS + 1))


def passed_on(session: UUID, incoming: Mapping[str, str]) -> Context:
    """The headers as they came, where no span of ours comes between: those that are malformed are left out, and of the
    baggage what is not allowed."""
    context: Context = {}
    if not incoming:
        return context
    if read(incoming) is not None:
        context[TRACEPARENT] = incoming[TRACEPARENT]
        if state := _tracestate(incoming.get(TRACESTATE, "")):
            context[TRACESTATE] = state
    if text := incoming.get(BAGGAGE, ""):
        context[BAGGAGE] = _baggage(session, text)
    return context


def start_context(session: UUID, incoming: Mapping[str, str], flags: int = SAMPLED) -> Context:
    """The context of the session's root span, at the initiator. `incoming`: the client's headers,
    lower-case keys. `flags`: those of a trace of our own; a client's has its own."""
    parent = read(incoming)
    context: Context = {}
    if parent is None:
        parent = Parent(_hash(16, "trace", session), 0, flags)
    elif state := _tracestate(incoming.get(TRACESTATE, "")):
        context[TRACESTATE] = state
    context[TRACEPARENT] = _write(parent, _hash(8, "start", session))
    context[BAGGAGE] = _baggage(session, incoming.get(BAGGAGE, ""))
    return context


def send_context(cause: Mapping[str, str], session: UUID, sender: str, receiver: str, site: str) -> Context:
    """The context of a message's headers, which names the span that sends it."""
    return _child(cause, session, _hash(8, "send", session, sender, receiver, site))


def process_context(message: Mapping[str, str], session: UUID, role: str, site: str) -> Context:
    """The span in which a role takes a message: child of the message's creation. `message`: the message's
    own context."""
    made_by = read(message)
    checked = {
        TRACEPARENT: message.get(TRACEPARENT, ""),
        BAGGAGE: _baggage(session, message.get(BAGGAGE, "")),
    }
    if state := _tracestate(message.get(TRACESTATE, "")):
        checked[TRACESTATE] = state
    return _child(checked, session, _hash(8, "process", session, role, site, made_by.span_id if made_by else 0))


def call_context(cause: Mapping[str, str], session: UUID, role: str, site: str, kind: str, attempt: int) -> Context:
    """The span of one attempt at a worker's operation; sent to the worker."""
    return _child(cause, session, _hash(8, "call", session, role, site, kind, attempt))


def serve_context(call: Mapping[str, str], session: UUID) -> Context:
    """The worker's span under a call. `call`: the context that came with the call."""
    caller = read(call)
    return _child(call, session, _hash(8, "serve", session, caller.span_id if caller else 0))


def outcome_context(cause: Mapping[str, str], session: UUID, role: str, outcome: str) -> Context:
    """The moment at which a role learns how the saga ended."""
    return _child(cause, session, _hash(8, "outcome", session, role, outcome))


def _child(cause: Mapping[str, str], session: UUID, span_id: int) -> Context:
    """`cause` with another span as parent. Without a valid context, the session's own trace is used."""
    parent = read(cause)
    if parent is None:
        cause = start_context(session, {})
        parent = read(cause)
        assert parent is not None
    child = {TRACEPARENT: _write(parent, span_id)}
    if state := cause.get(TRACESTATE):
        child[TRACESTATE] = state
    if baggage := cause.get(BAGGAGE):
        child[BAGGAGE] = baggage
    return child


def _write(parent: Parent, span_id: int) -> str:
    return f"00-{parent.trace_id:032x}-{span_id:016x}-{parent.flags:02x}"


def _hash(size: int, *parts: object) -> int:
    """An id of `size` bytes. Parts are joined by a separator that no name, site or id contains; zero is not
    an id."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=size, person=b"accompanist").digest()) or 1


def _tracestate(text: str) -> str:
    """The `tracestate` unchanged but for blanks, or nothing: a list with any malformed member is dropped as a whole
    (W3C 3.3.1)."""
    if not text:
        return ""
    members = sum(1 for member in text.split(",") if member.strip(" \t"))
    if len(text) > limits.tracestate_chars_max or members > limits.tracestate_members_max:
        return ""
    return TraceState.from_header([text]).to_header()


def _baggage(session: UUID, text: str) -> str:
    """Our session id, then the members of the client's baggage that are allowed and fit, without their
    properties."""
    kept = [f"{names.BAGGAGE_SESSION}={session}"]
    if not text or text == kept[0]:
        return kept[0]
    room = limits.baggage_bytes_max - len(kept[0])
    for member in text[: limits.baggage_bytes_max * 8].split(","):
        key, equals, value = (part.strip(" \t") for part in member.partition(";")[0].partition("="))
        if not equals or key not in names.BAGGAGE_ALLOWED:
            continue
        entry = f"{key}={value}"
        if _BAGGAGE_KEY.fullmatch(key) and _BAGGAGE_VALUE.fullmatch(value) and len(entry) + 1 <= room:
            kept.append(entry)
            room -= len(entry) + 1
    return ",".join(kept)
