"""Finished spans as the bytes of an OTLP request, written field by field.

OpenTelemetry's own encoder makes about forty objects of each span. Here most attributes are looked up: their values are
few (a role, an operation, an outcome), so the bytes of a pair are kept. The rest is joined.

The numbers are those of the fields in `opentelemetry/proto/trace/v1/trace.proto` and `common/v1/common.proto`. A test
reads what is written here back by the classes made of those files, and compares it with the SDK's encoder.

Not promised: fields that no span of ours has: events, trace state, counts of what was dropped.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from accompanist import limits
from accompanist.telemetry import context as ctx
from accompanist.telemetry import names
from accompanist.telemetry.facts import Span, SpanKind, Value

_KINDS: Final = {
    SpanKind.INTERNAL: b"\x30\x01",
    SpanKind.SERVER: b"\x30\x02",
    SpanKind.CLIENT: b"\x30\x03",
    SpanKind.PRODUCER: b"\x30\x04",
    SpanKind.CONSUMER: b"\x30\x05",
}
_TRACE_ID, _SPAN_ID, _PARENT_ID = b"\x0a\x10", b"\x12\x08", b"\x22\x08"
_NAME, _ATTRIBUTE, _LINK, _STATUS, _MESSAGE = 0x2A, 0x4A, 0x6A, 0x7A, 0x12
_FAILED = b"\x18\x02"
_HERE, _REMOTE = b"\x85\x01\x00\x01\x00\x00", b"\x85\x01\x00\x03\x00\x00"
"""Whether the parent is in another process: it may be, wherever there is one."""
_LINK_REMOTE = b"\x35\x00\x03\x00\x00"
_TIMES: Final = struct.Struct("<BQBQ")
_START, _END = 0x39, 0x41
_DOUBLE: Final = struct.Struct("<Bd")


class Encoder:
    """Encodes spans of one process. `resource` and `scope`: the messages `Resource` and `InstrumentationScope` as
    bytes, each with the address of its schema."""

    def __init__(self, resource: bytes, resource_schema: str, scope: bytes, scope_schema: str) -> None:
        self._resource = _field(0x0A, resource)
        self._resource_schema = _text(0x1A, resource_schema)
        self._scope = _field(0x0A, scope)
        self._scope_schema = _text(0x1A, scope_schema)

    def request(self, spans: Sequence[Span]) -> bytes:
        """The message `ExportTraceServiceRequest` with these spans."""
        of_scope = b"".join((self._scope, *[_field(0x12, _span(span)) for span in spans], self._scope_schema))
        return _field(0x0A, b"".join((self._resource, _field(0x12, of_scope), self._resource_schema)))


def _span(span: Span) -> bytes:
    at, parent, link = span.at, span.parent, span.link
    parts = [_TRACE_ID, at.trace_id.to_bytes(16), _SPAN_ID, at.span_id.to_bytes(8)]
    if parent is not None:
        parts += (_PARENT_ID, parent.span_id.to_bytes(8))
    parts += (_text(_NAME, span.name), _KINDS[span.kind], _TIMES.pack(_START, span.start_ns, _END, span.end_ns))
    for name, value in span.attributes.items():
        parts.append(_pair(name, value) if name == names.MESSAGING_MESSAGE_ID else _kept_pair(name, value))
    if link is not None:
        parts.append(_field(_LINK, _link(link)))
    parts.append(_field(_STATUS, _text(_MESSAGE, span.error) + _FAILED) if span.error else b"\x7a\x00")
    parts.append(_HERE if parent is None else _REMOTE)
    return b"".join(parts)


def _link(to: ctx.Parent) -> bytes:
    return b"".join((_TRACE_ID, to.trace_id.to_bytes(16), _SPAN_ID, to.span_id.to_bytes(8), _LINK_REMOTE))


def _pair(name: str, value: Value) -> bytes:
    """The message `KeyValue` as an attribute of a span."""
    match value:
        case str():
            coded = _text(0x0A, value) if value else b"\x0a\x00"
        case bool():
            coded = b"\x10\x01" if value else b"\x10\x00"
        case int():
            coded = b"\x18" + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)
        case float():
            coded = _DOUBLE.pack(0x21, value)
    return _field(_ATTRIBUTE, _text(0x0A, name) + _field(0x12, coded))


_kept_pair = lru_cache(maxsize=limits.attributes_kept_max, typed=True)(_pair)


def _text(tag: int, text: str) -> bytes:
    """A text, which is left out when it is empty."""
    return _field(tag, text.encode()) if text else b""


def _field(tag: int, content: bytes) -> bytes:
    """A field of bytes: its tag, the length, the bytes."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    return bytes((tag,)) + _varint(length) + content


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    coded = bytearray()
    while number > 0x7F:
        coded.append(number & 0x7F | 0x80)
        number >>= 7
    coded.append(number)
    return bytes(coded)
