"""How large and how deep JSON is, found out before anything is built of it.

A few bytes a value are enough for a sender: `[[],[],` costs it three, and whoever parses that an object each time. So
values are counted and nesting is measured on the bytes, by operations that go over all of them at once. There is no
turn of a loop here that a sender decides the number of.

A part is a value, and a list or an object is one more: `[1,2]` has three, or four. The count is never too low. Keys of
objects are no parts of their own.

First a question that costs next to nothing is asked about all bytes, texts included: are there enough commas and
brackets at all? Only where the answer is yes the texts are taken out. Not promised: anything about bytes that are no
JSON. They may pass, and the parser refuses them.
"""

from __future__ import annotations

from array import array
from itertools import accumulate

from accompanist import limits

_FEW = 100
_TURNS = 4
_BRACKETS = b"[]{}"
_OTHERS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_NEITHER = bytes(byte for byte in range(256) if byte not in b'"[]{}')
_STEPS = bytes.maketrans(_BRACKETS, bytes((1, 255, 1, 255)))  # up, and down by one in two's complement


def beyond(data: bytes, levels: int, parts_max: int) -> str:
    """Which of the two bounds JSON bytes do not keep, in words; "" for those that keep both."""
    openings = _openings(data)
    if openings + count(data, b",") < parts_max and (openings <= levels or _is_shallow(data, levels)):
        return ""
    bare = _without_texts(data, texts_max=2 * parts_max)
    if bare is None:
        return f"more than {parts_max} values"
    openings = _openings(bare)
    if openings > levels and _depth(bare[: 2 * parts_max + levels]) > levels:
        return f"nested deeper than {levels}"
    return f"more than {parts_max} values" if openings + count(bare, b",") >= parts_max else ""


def _is_shallow(data: bytes, levels: int) -> bool:
    """Whether JSON bytes are nested no deeper, as far as can be seen without their texts being taken out. False says
    nothing.

    Quotes and brackets are left. Two quotes side by side are a text without brackets, or the end of one text and the
    beginning of the next: they go. If no quote is left, each bracket has an even number of them before it, so none is
    in a text. Then lists and objects that hold none go, a few times. That takes one level away each time."""
    if b"\\" in data:
        data = _without_escapes(data)
    left = data.translate(None, _NEITHER).replace(b'""', b"")
    if b'"' in left:
        return False
    for _ in range(_TURNS):
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    return _TURNS + _openings(left) <= levels


def parts(data: bytes) -> int:
    """How many parts JSON bytes have at most: commas and brackets in texts count as well."""
    return _openings(data) + count(data, b",") + 1


def count(data: bytes, byte: bytes) -> int:
    """How often bytes hold one byte. `bytes.count` looks at each byte in turn. `replace` lets the C library search for
    the next one, which in a long text that holds few takes a tenth of the time."""
    if len(data) > limits.json_long_bytes and (few := len(data) - len(data.replace(byte, b"", _FEW))) < _FEW:
        return few
    return data.count(byte)


def _openings(data: bytes) -> int:
    return count(data, b"[") + count(data, b"{")


def _without_texts(data: bytes, texts_max: int) -> bytes | None:
    """The bytes outside of texts, None if there are too many texts to take them apart."""
    if b"\\" in data:
        data = _without_escapes(data)
    if count(data, b'"') > 2 * texts_max:
        return None
    return b"".join(data.split(b'"')[::2])


def _without_escapes(data: bytes) -> bytes:
    """Without escaped backslashes and quotes: each quote that is left begins or ends a text."""
    return data.replace(b"\\\\", b"").replace(b'\\"', b"")


def _depth(bare: bytes) -> int:
    steps = array("b", bare.translate(_STEPS, _OTHERS))
    return max(accumulate(steps), default=0)
