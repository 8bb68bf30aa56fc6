"""How the text of an environment variable becomes the value of a struct's field: by the field's type.

A text stays as it is, a number is digits, a flag is true, false, 1 or 0, and a table is JSON. A list has no variable.
What does not fit is left as it is, so that the struct refuses it as it refuses the same value in a file. Nothing is
read from the environment here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import inspect

Reader = Callable[[str], Any]


def readers(struct: type[msgspec.Struct]) -> dict[str, Reader]:
    """A reader for each field of `struct` that a variable can set. Readers of tables raise ValueError for what is not
    JSON; the others raise nothing."""
    found = {}
    for field in msgspec.structs.fields(struct):
        told = inspect.type_info(field.type)
        for part in told.types if isinstance(told, inspect.UnionType) else (told,):
            if type(part) in _READERS:
                found[field.name] = _READERS[type(part)]
                break
    return found


def _number(text: str) -> int | str:
    try:
        return int(text) if text.isascii() and text.isdigit() else text
    except ValueError:  # more digits than Python reads
        return text


def _flag(text: str) -> bool | str:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)


_READERS: Final[Mapping[type[inspect.Type], Reader]] = {
    inspect.StrType: str,
    inspect.IntType: _number,
    inspect.BoolType: _flag,
    inspect.DictType: json.loads,
}
