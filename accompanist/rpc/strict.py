"""What is refused before JSON is parsed, and what JSON allows that we do not.

Bytes, values, nesting and digits are bounded before any parser sees them: an object costs its sender two bytes and us
a hundred times that, parsers recurse, and turning n digits into an integer takes n squared steps. Then duplicate keys
and NaN are refused: two readers of one object with a doubled key may take it for two different objects, and what was
checked is then not what is executed.

Every step goes over the bytes in C, and once: nothing that is sent decides how often Python's own loop turns. What is
parsed here is thrown away again; who reads it on takes from the bytes what it needs.
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
    "What came over the wire is not JSON as RFC 8259 has it in UTF-8, or names a key twice, or exceeds a bound on "
    "bytes, values, nesting or digits.",
    "Send plain JSON below the bounds; large things belong in a store, with a reference in the message.",
)

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_TOO_MANY_DIGITS = b"0" * (limits.json_digits_max + 1)


class Malformed(PeerError):
    """Bytes that are no message. The text says why without showing them."""

    def __init__(self, text: str) -> None:
        super().__init__(MALFORMED, text)


def check(data: bytes, bytes_max: int = limits.message_bytes_max, parts_max: int = limits.message_parts_max) -> None:
    """Refuse what must not be parsed or trusted. Raises Malformed."""
    if len(data) > bytes_max:
        raise Malformed(f"{len(data)} bytes, the limit is {bytes_max}")
    if bound := beyond(data, limits.message_depth_max, parts_max):
        raise Malformed(bound)
    _check_digits(data)
    objects: list[list[tuple[str, None]]] = []
    # a list's method keeps each object's members and puts nothing in its place; numbers are not made into any
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
    if len(data) < len(_TOO_MANY_DIGITS) or _TOO_MANY_DIGITS not in data.translate(_DIGITS_TO_ZERO):
        return
    if _TOO_MANY_DIGITS in _STRING.sub(b'""', data).translate(_DIGITS_TO_ZERO):
        raise Malformed(f"a number of more than {limits.json_digits_max} digits")


def _refuse(name: str) -> None:
    raise Malformed(f"{name} is not JSON")
