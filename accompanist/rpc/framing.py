"""Content-Length framing, as in LSP and vscode-jsonrpc: an incremental decoder without I/O.

    Content-Length: 42\\r\\n
    \\r\\n
    <42 bytes>

The length is checked before a byte of the body is stored. A body above the bound is skipped, so that the frames after
it can be read. Its first and last bytes come out as `Oversized`, because they may show which call it answers. A length
far above the bound, or an invalid header, ends the stream: the start of the next frame is then unknown, and a guess
could read a payload as a frame.

Not promised: that a body is JSON. Other header fields (Content-Type) are allowed and ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from accompanist import limits
from accompanist.rpc.strict import Malformed


class Oversized(NamedTuple):
    """A body that was too large to store: its length, its first bytes and its last bytes."""

    length: int
    head: bytes
    tail: bytes


def frame(body: bytes) -> bytes:
    """Encode a frame with this body."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Decoder:
    """Decodes frames: bytes in, bodies out. After it has raised, the stream has to be closed."""

    def __init__(self, body_bytes_max: int = limits.message_bytes_max) -> None:
        if body_bytes_max < limits.frame_edge_bytes:
            raise ValueError(f"a body may have {limits.frame_edge_bytes} bytes at least")
        self._body_bytes_max = body_bytes_max
        self._buffer = bytearray()
        self._length: int | None = None
        self._skipped = 0
        self._head = b""

    @property
    def midway(self) -> bool:
        """Whether the stream stands within a frame."""
        return bool(self._buffer) or self._length is not None

    @property
    def expected(self) -> int:
        """The length of the body that is being received; 0 between bodies, and for one that is skipped."""
        return self._length if self._length is not None and self._length <= self._body_bytes_max else 0

    def feed(self, data: bytes) -> Iterator[bytes | Oversized]:
        """Yield the bodies that these bytes complete; the caller must exhaust the iterator. Raises Malformed, after the
        valid ones."""
        self._buffer += data
        while (body := self._next()) is not None:
            yield body

    def _next(self) -> bytes | Oversized | None:
        if self._length is None:
            self._length = self._read_header()
            if self._length is None:
                return None
        if self._length > self._body_bytes_max:
            return self._skip(self._length)
        if len(self._buffer) < self._length:
            return None
        with memoryview(self._buffer) as view:  # a slice of the buffer would be a copy more
            body = bytes(view[: self._length])
        del self._buffer[: self._length]
        self._length = None
        return body

    def _read_header(self) -> int | None:
        end = self._buffer.find(b"\r\n\r\n", 0, limits.frame_header_bytes_max)
        if end < 0:
            if len(self._buffer) >= limits.frame_header_bytes_max:
                raise Malformed(f"no frame header within {limits.frame_header_bytes_max} bytes")
            if self._buffer and not chr(self._buffer[0]).isalpha():
                raise Malformed("a frame begins with a header field")
            return None
        length = _content_length(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        return length

    def _skip(self, length: int) -> Oversized | None:
        """Skip a body that is too large, keeping only its edges in memory."""
        if self._skipped == 0 and len(self._buffer) < limits.frame_edge_bytes:
            return None
        if not self._head:
            self._head = bytes(self._buffer[: limits.frame_edge_bytes])
        surplus = min(len(self._buffer), length - self._skipped) - limits.frame_edge_bytes
        if surplus > 0:
            del self._buffer[:surplus]
            self._skipped += surplus
        if self._skipped + limits.frame_edge_bytes < length:
            return None
        body = Oversized(length, self._head, bytes(self._buffer[: limits.frame_edge_bytes]))
        del self._buffer[: limits.frame_edge_bytes]
        self._length, self._skipped, self._head = None, 0, b""
        return body


def _content_length(header: bytes) -> int:
    length: int | None = None
    for line in header.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            raise Malformed("a frame's header line has no colon")
        if name.strip().lower() != b"content-length":
            continue
        digits = value.strip()
        if length is not None or not digits.isdigit() or len(digits) > limits.frame_length_digits_max:
            raise Malformed("a frame states one Content-Length, in digits")
        length = int(digits)
    if length is None:
        raise Malformed("a frame without Content-Length")
    if length > limits.frame_skip_bytes_max:
        raise Malformed(f"a frame of {length} bytes, the limit is {limits.message_bytes_max}")
    return length
