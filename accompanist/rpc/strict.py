"""What is refused before JSON is parsed, and what JSON allows that we do not.

Bytes, nesting and digits are bounded before any parser sees them: parsers recurse, and turning n digits into an integer
takes n squared steps. Then duplicate keys and NaN are refused: two readers of one object with a doubled key may take it
for two different objects, and what was checked is then not what is executed.

The tests for nesting and digits first ask a cheap question about all bytes, strings included ("are there more than 72
brackets at all?"), and look closer only when the answer is yes. Both steps are linear in the size of the input.
"""

from __future__ import annotations

import json
import re
from typing import Any

from accompanist import limits
from accompanist.errors import PeerError, catalogue
from accompanist.language.codec import deeper_than

MALFORMED = catalogue(
    "ACC504",
    "not a well-formed message",
    "What came over the wire is not JSON as RFC 8259 has it in UTF-8, or names a key twice, or exceeds a bound on "
    "bytes, nesting or digits.",
    "Send plain JSON below the bounds; large things belong in a store, with a reference in the message.",
)

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_TOO_MANY_DIGITS = b"0" * (limits.json_digits_max + 1)


class Malformed(PeerError):
    """Bytes that are no message. The text says why without showing them."""

    def __init__(self, text: str) -> None:
        super().__init__(MALFORMED, text)


def check(data: bytes, bytes_max: int = limits.message_bytes_max) -> Any:
    """Refuse what must not be parsed or trusted; answers the parsed value. Raises Malformed."""
    if len(data) > bytes_max:
        raise Malformed(f"{len(data)} bytes, the limit is {bytes_max}")
    if deeper_than(data, limits.message_depth_max):
        raise Malformed(f"nested deeper than {limits.message_depth_max}")
    _check_digits(data)
    try:
        return _reader.decode(data.decode())
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    except ValueError as problem:
        position = f" at byte {problem.pos}" if isinstance(problem, json.JSONDecodeError) else ""
        raise Malformed(f"not JSON{position}") from None


def _check_digits(data: bytes) -> None:
    if len(data) < len(_TOO_MANY_DIGITS) or _TOO_MANY_DIGITS not in data.translate(_DIGITS_TO_ZERO):
        return
    if _TOO_MANY_DIGITS in _STRING.sub(b'""', data).translate(_DIGITS_TO_ZERO):
        raise Malformed(f"a number of more than {limits.json_digits_max} digits")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("an object names a key twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise Malformed(f"{name} is not JSON")


_reader = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)
