"""Validation of every field of a message but its payload: type, bound and character set.

Headers are untrusted: a peer's sidecar writes them, and it may be compromised. They are checked where they enter (the
rows of an inbox, a peer's call, a client's start), so that later code may count, sort and print them. An honest sidecar
never breaks these rules, so a message that does is rejected. Every message passes these checks, so each is linear and
a call or two into C.

Trace headers are an exception: the W3C asks that malformed ones are ignored. So they are removed, and the message
stays.

Not promised: that a header is true. `runtime.authority` and the receiver decide who may send it and whether it fits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from accompanist import limits
from accompanist.runtime.messages import DURABLE, Header, Kind, Message

TRACE_HEADERS = {
    "traceparent": limits.traceparent_chars_max,
    "tracestate": limits.tracestate_chars_max,
    "baggage": limits.baggage_chars_max,
}
_SERVICE = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII).fullmatch
_HEX = re.compile(r"[0-9a-f]+", re.ASCII).fullmatch
ATTRIBUTE_NAME = r"\A[A-Za-z][A-Za-z0-9_.-]*\Z"
# no control characters (C1 included), bidirectional marks, line separators or surrogates: a text is one visible line
_UNSEEN = "\\x00-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\\ud800-\\udfff"
ATTRIBUTE_TEXT = rf"\A[^{_UNSEEN}]+\Z"
_unseen = re.compile(f"[{_UNSEEN}]").sub
_breaks = re.compile(r"[\t\n\r]").sub
_attribute_name = re.compile(ATTRIBUTE_NAME).search
_attribute_text = re.compile(ATTRIBUTE_TEXT).search
_is_trace = re.compile(r"[\x20-\x7e]*", re.ASCII).fullmatch


def message_fault(message: Message, mode: str = DURABLE) -> str | None:
    """What is wrong with a message's header or key, as a part of a sentence; None if nothing is. `mode`: of the
    sessions whose messages come this way."""
    return header_fault(message.header, mode) or place_fault(message)


def place_fault(message: Message) -> str | None:
    """The same for a message whose header was checked before: all messages of a session share it."""
    named = bool(message.header.choreography)
    if named == (message.kind is Kind.EVENT):
        return "it is an event and names a choreography" if named else "its header names no choreography"
    return key_fault(message.site, message.sender, message.receiver)


def header_fault(header: Header, mode: str = DURABLE) -> str | None:
    """What is wrong with a header. An event's header names its session and one service, and nothing else."""
    named = (header.choreography, header.fingerprint, header.initiator)
    if any(named):
        if not is_name(header.choreography):
            return "its choreography is no name"
        if len(header.fingerprint) > limits.fingerprint_chars_max or not _HEX(header.fingerprint):
            return "its fingerprint is none"
        if not is_name(header.initiator):
            return "its initiator is no name of a role"
    if header.mode != mode:
        return "its mode is none that comes this way"
    if not _is_moment(header.started_at):
        return "the time of its start is no time"
    if header.deadline is not None and not _is_moment(header.deadline):
        return "its deadline is no time"
    return _bindings_fault(header.bindings) or _attributes_fault(header.attributes)


def key_fault(site: str, sender: str, receiver: str) -> str | None:
    """What is wrong with a message's key. A client's messages have an empty sender."""
    if not is_name(receiver) or not (sender == "" or is_name(sender)):
        return "its sender or receiver is no name of a role"
    if not site or not site.isprintable() or len(site.encode()) > limits.site_bytes_max:
        return "its site is none"
    return None


def is_name(text: str) -> bool:
    """Whether a text can name a choreography or a role: a Python identifier within the bound."""
    return len(text) <= limits.name_chars_max and text.isidentifier()


def words(text: str) -> str:
    """Free text, such as a reason, as one line of bounded length without invisible characters."""
    return _unseen("\ufffd", _breaks(" ", text[: limits.reason_chars_max]))


def trace_headers(context: Mapping[str, str]) -> dict[str, str]:
    """The valid W3C trace headers of a message's context; the others are left out."""
    return {
        name: text
        for name, most in TRACE_HEADERS.items()
        if (text := context.get(name)) is not None and len(text) <= most and _is_trace(text)
    }


def _is_moment(seconds: float) -> bool:
    return 0.0 <= seconds <= limits.moment_s_max  # False for NaN


def _bindings_fault(bindings: Mapping[str, str]) -> str | None:
    if not 0 < len(bindings) <= limits.roles_max:
        return "it binds no role, or too many"
    for role, service in bindings.items():
        if not is_name(role):
            return "it binds what is no name of a role"
        if len(service) > limits.name_chars_max or not _SERVICE(service):
            return "it binds a role to what is no name of a service"
    return None


def _attributes_fault(attributes: Mapping[str, str]) -> str | None:
    if len(attributes) > limits.attributes_max:
        return "it has too many attributes"
    for name, text in attributes.items():
        if len(name) > limits.attribute_name_chars_max or not _attribute_name(name):
            return "an attribute's name is none"
        if len(text) > limits.attribute_text_chars_max or not _attribute_text(text):
            return "an attribute's text is none"
    return None
