"""Strict checks of JSON before it is decoded: bounds, duplicate keys and NaN.

Bytes, values, nesting and digits are bounded before any parser sees them: an object costs its sender two bytes and us a
hundred times that, parsers recurse, and converting n digits to an integer takes n squared steps. Then duplicate keys
and NaN are refused: two parsers may read an object with a duplicate key differently, so that the value that was checked
is not the one that is used.

Each check is one pass over the bytes in C, so that no input controls the iterations of a Python loop. The parsed value
is thrown away; later code decodes from the bytes what it needs.
"""

from __future__ import annotations

import json
import re

from accompanist import limits
from accompanist.errors import PeerError, catalogue
from accompanist.language.values.shape import beyond

MALFORMED = catalogue(
    "ACC504",
    "not a well-formed message",
    "The bytes received are not JSON in UTF-8 (RFC 8259), or have a duplicate key, or exceed a bound on bytes, values, "
    "nesting or digits.",
    "Send plain JSON within the bounds. Keep large data in a store, and send a reference to it.",
)

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_TOO_MANY_DIGITS = b"0" * (limits.json_digits_max + 1)
_STRIDE = 8
_TOO_MANY_SAMPLED = b"0" * (len(_TOO_MANY_DIGITS) // _STRIDE)
"""What too many digits leave of themselves if only each byte at a multiple of the stride is looked at."""


class Malformed(PeerError):
    """Invalid message bytes. The text says why, without showing them."""

    def __init__(self, text: str) -> None:
        super().__init__(MALFORMED, text)


def check(data: bytes, bytes_max: int = limits.message_bytes_max, parts_max: int = limits.message_parts_max) -> None:
    """Check bytes before they are decoded. Raises Malformed."""
    if len(data) > bytes_max:
        raise Malformed(f"{len(data)} bytes, the limit is {bytes_max}")
    if bound := beyond(data, limits.message_depth_max, parts_max):
        raise Malformed(bound)
    _check_digits(data)
    objects: list[list[tuple[str, None]]] = []
    # `list.append` as hook collects each object's members and returns None; numbers are not converted
    reader = json.JSONDecoder(object_pairs_hook=objects.append, parse_int=len, parse_float=len, parse_constant=_refuse)
    try:
        reader.decode(data.decode())
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    except ValueError as problem:
        position = f" at byte {problem.pos}" if isinstance(problem, json.JSONDecodeError) else ""
        raise Malformed(f"not JSON{position}") from None
    if sum(map(len, map(dict, objects))) != sum(map(len, objects)):
        raise Malformed("an object names a key twice")


def _check_digits(data: bytes) -> None:
    if len(data) < len(_TOO_MANY_DIGITS) or _TOO_MANY_SAMPLED not in data[::_STRIDE].translate(_DIGITS_TO_ZERO):
        return
    if _TOO_MANY_DIGITS not in data.translate(_DIGITS_TO_ZERO):
        return
    if _TOO_MANY_DIGITS in _STRING.sub(b'""', data).translate(_DIGITS_TO_ZERO):
        raise Malformed(f"a number of more than {limits.json_digits_max} digits")


def _refuse(name: str) -> None:
    raise Malformed(f"{name} is not JSON")
