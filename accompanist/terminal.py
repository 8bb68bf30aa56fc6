"""Texts of others, before a person's terminal gets them.

A terminal obeys what it is sent: it clears itself, takes a title, moves the cursor up, turns a line around. So what a
peer, a client or a worker named or said is shown with everything that is not to be seen written out: ESC as `\\x1b`,
and the end of a line as `\\n` wherever a text is to be one line, so that nobody adds lines of his own to a table.

This module imports nothing of Accompanist and may be imported from every floor.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_ODD = re.compile(r"[^\x20-\x7e]")
_ODD_IN_LINES = re.compile(r"[^\x20-\x7e\n\t]")
_BY_NAME = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def lines(text: str) -> str:
    """A text of several lines: what we have put together ourselves."""
    return text if text.isascii() and text.isprintable() else _ODD_IN_LINES.sub(_written_out, text)


def line(text: str) -> str:
    """A text that is one line, or a part of one."""
    return text if text.isprintable() else _ODD.sub(_written_out, text)


_VALUES = ("payload", "value", "result")  # shown as JSON, which has a form of its own for what is not seen


def told(answer: Any) -> Any:
    """An answer before it is laid out: every text in it as one line, but for values of a saga."""
    match answer:
        case str():
            return line(answer)
        case dict():
            return {line(name): one if name in _VALUES else told(one) for name, one in answer.items()}
        case list() | tuple():
            return [told(one) for one in answer]
        case _:
            return answer


def json(text: str) -> str:
    """JSON text, the same to whoever parses it."""
    return text if text.isprintable() else _ODD_IN_LINES.sub(_in_json, text)


def _written_out(found: re.Match[str]) -> str:
    sign = found[0]
    if sign.isprintable() or unicodedata.category(sign) == "Zs":
        return sign
    code = ord(sign)
    return _BY_NAME.get(sign) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _in_json(found: re.Match[str]) -> str:
    sign = found[0]
    if sign.isprintable() or unicodedata.category(sign) == "Zs":
        return sign
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
