"""What a message may say of itself: the type, the bound and the character set of every field but the payload.

Headers come from strangers: a peer's sidecar writes them, whoever that is by now. They are checked where they enter
(the rows of an inbox, a peer's call, a client's start), so that everything behind may count, sort and print them. What
breaks a rule here is no message of an honest sidecar, and is not believed. The checks are linear, each a call or two
into C: they are on every message's way.

Trace headers are an exception: the W3C asks that damaged ones are ignored. So they are left out, and the message stays.

Not promised: that a header is true. Who may say it, and whether it fits the program, is decided where it is heard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from accompanist import limits
from accompanist.runtime.messages import Header, Kind, Message

MODES = ("durable",)
TRACE_HEADERS = {
    "traceparent": limits.traceparent_chars_max,
    "tracestate": limits.tracestate_chars_max,
    "baggage": limits.baggage_chars_max,
}
_SERVICE = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII).fullmatch
_HEX = re.compile(r"[0-9a-f]+", re.ASCII).fullmatch
ATTRIBUTE_NAME = r"\A[A-Za-z][A-Za-z0-9_.-]*\Z"
# no control characters, C1 among them, and nothing that turns, ends or hides a line: a text is one line that reads
# from its beginning to its end
_UNSEEN = "\\x00-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\\ud800-\\udfff"
ATTRIBUTE_TEXT = rf"\A[^{_UNSEEN}]+\Z"
_unseen = re.compile(f"[{_UNSEEN}]").sub
_breaks = re.compile(r"[\t\n\r]").sub
_attribute_name = re.compile(ATTRIBUTE_NAME).search
_attribute_text = re.compile(ATTRIBUTE_TEXT).search
_is_trace = re.compile(r"[\x20-\x7e]*", re.ASCII).fullmatch


def message_fault(message: Message) -> str | None:
    """What is wrong with a message's header or with what names it, as a part of a sentence; None: nothing."""
    return header_fault(message.header) or place_fault(message)


def place_fault(message: Message) -> str | None:
    """The same where the header was looked at before: the messages of a session have one."""
    named = bool(message.header.choreography)
    if named == (message.kind is Kind.EVENT):
        return "it is an event and names a choreography" if named else "its header names no choreography"
    return key_fault(message.site, message.sender, message.receiver)


def header_fault(header: Header) -> str | None:
    """The same for a header. That of an event names its session and one service, and nothing else."""
    named = (header.choreography, header.fingerprint, header.initiator)
    if any(named):
        if not is_name(header.choreography):
            return "its choreography is no name"
        if len(header.fingerprint) > limits.fingerprint_chars_max or not _HEX(header.fingerprint):
            return "its fingerprint is none"
        if not is_name(header.initiator):
            return "its initiator is no name of a role"
    if header.mode not in MODES:
        return "its mode is none of this release"
    if not _is_moment(header.started_at):
        return "the time of its start is no time"
    if header.deadline is not None and not _is_moment(header.deadline):
        return "its deadline is no time"
    return _bindings_fault(header.bindings) or _attributes_fault(header.attributes)


def key_fault(site: str, sender: str, receiver: str) -> str | None:
    """The same for what names a message. A client's sender is empty."""
    if not is_name(receiver) or not (sender == "" or is_name(sender)):
        return "its sender or receiver is no name of a role"
    if not site or not site.isprintable() or len(site.encode()) > limits.site_bytes_max:
        return "its site is none"
    return None


def is_name(text: str) -> bool:
    """Whether it can be a choreography's or a role's: a Python name."""
    return len(text) <= limits.name_chars_max and text.isidentifier()


def words(text: str) -> str:
    """What somebody says in his own words, a reason say: one line of a bounded length that holds nothing unseen."""
    return _unseen("\ufffd", _breaks(" ", text[: limits.reason_chars_max]))


def trace_headers(context: Mapping[str, str]) -> dict[str, str]:
    """What travels beside a message for tracing, without what is none of it."""
    return {
        name: text
        for name, most in TRACE_HEADERS.items()
        if (text := context.get(name)) is not None and len(text) <= most and _is_trace(text)
    }


def _is_moment(seconds: float) -> bool:
    return 0.0 <= seconds <= limits.moment_s_max  # not so for what is no number


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
