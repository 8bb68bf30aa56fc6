"""A value in the form in which others get it.

Python takes much for the same that JSON does not: an int where a float is declared, an IntEnum where an int is, a
datetime of a time zone where its offset is all that travels. So what a role goes on with and what the others decode
would differ, and with it the branches that they take. Hence each value takes its wire form where it is made: the
compiler puts `as_sent(value, type)` around what may not have it yet, at every owner.

What `as_sent` gives is what a receiver decodes from its own bytes. A value that comes out as another one is refused.
"""

from __future__ import annotations

import builtins
import copy
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from enum import Enum
from functools import wraps
from typing import Any

import msgspec

from accompanist.errors import AuthorError, catalogue
from accompanist.language.values import codec

CHANGES = catalogue(
    "ACC304",
    "value would not arrive as it is",
    "A role that knows a value and a role that is sent it have to see the same. This value has no form of its type "
    "that says the same: an integer beyond 2**53 as a float, a bool as an int, a value that its type changes each time "
    "it is read.",
    "Convert it before, for example with int(…) or float(…), or declare the type that it has. A `__post_init__` or a "
    "validator has to leave alone what it made itself.",
)
USED_UP = catalogue(
    "ACC305",
    "@pure function gives an iterator",
    "An iterator is used up by the first who goes through it. What a @pure function gives may be read at several "
    "places, and by several roles.",
    "Return a tuple or a list: `return tuple(…)`.",
)


_SCALARS = (int, str, float, bool, bytes)


def as_sent(value: Any, type: Any) -> Any:
    """The value as whoever is sent it sees it. Raises EncodeError. A single number or text that is of its very type is
    itself; whether it can be sent is asked where it is sent."""
    if type in _SCALARS and builtins.type(value) is type:
        return value
    data = codec.form(value)
    made, again = _read(value, data, type)
    if again != data:
        made, last = _read(value, again, type)
        if last != again:
            raise _refused(value, "it is another one each time it is read")
    where = _changed(value, made, "$")
    if where is not None:
        raise _refused(value, f"what is at `{where}` would be another value")
    return made


def _read(value: Any, data: bytes, type: Any) -> tuple[Any, bytes]:
    try:
        made = codec.read(data, type)
    except codec.DecodeError as problem:
        raise _refused(value, problem.text) from None
    return made, codec.form(made)


def _refused(value: Any, why: str) -> codec.EncodeError:
    return codec.EncodeError(CHANGES, f"a {type(value).__name__} cannot be sent as it is: {why}")


def _changed(value: Any, made: Any, where: str) -> str | None:
    """Where the one is not what the other is."""
    if isinstance(value, Enum):
        value = value if isinstance(made, Enum) else value.value
    if isinstance(value, int | float | Decimal) and isinstance(made, int | float | Decimal):
        return None if value == made else where
    if isinstance(value, datetime) and isinstance(made, datetime):
        return None if _instant(value) == _instant(made) else where
    if isinstance(value, time) and isinstance(made, time):
        return None if (_bare(value), value.tzinfo is None) == (_bare(made), made.tzinfo is None) else where
    if type(value) is type(made) and not hasattr(value, "__dict__") and not _parts(value, made, where):
        return None if _same_length(value, made) and value == made else where
    if not _same_length(value, made):
        return where
    return next((found for one, other, at in _parts(value, made, where) if (found := _changed(one, other, at))), None)


def _instant(value: datetime) -> datetime:
    """The point in time; in an hour that comes twice, `==` says no of one offset and another zone."""
    return value if value.tzinfo is None else value.astimezone(UTC)


def _bare(value: time) -> time:
    return value.replace(tzinfo=None, fold=0)


def _same_length(value: Any, made: Any) -> bool:
    sized = (list, tuple, dict)
    return not (isinstance(value, sized) and isinstance(made, sized)) or len(value) == len(made)


def _parts(value: Any, made: Any, where: str) -> list[tuple[Any, Any, str]]:
    """What both hold in the same place. A pydantic model says itself what of it travels."""
    if isinstance(value, list | tuple) and isinstance(made, list | tuple):
        return [(one, other, f"{where}[{at}]") for at, (one, other) in enumerate(zip(value, made, strict=False))]
    if isinstance(value, Mapping) and isinstance(made, Mapping):
        return [(one, made[key], f"{where}[...]") for key, one in value.items() if key in made]
    names: Iterable[str] = getattr(value, "__struct_fields__", ())
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
    both = (name for name in names if hasattr(value, name) and hasattr(made, name))
    return [(getattr(value, name), getattr(made, name), f"{where}.{name}") for name in both]


def kept_apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """A @pure function of its own values: it is given copies of what can be changed in place, so what it writes into an
    argument is seen nowhere else. Each role that needs its result calls it, and others that know the same do not."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        given = function(*map(_copied, args), **{name: _copied(value) for name, value in kwargs.items()})
        if hasattr(given, "__next__"):
            raise AuthorError(USED_UP, f"{getattr(function, '__name__', 'it')} gives a {type(given).__name__}")
        return given

    return called


_ALONE = (str, int, float, bytes, type(None), Decimal, datetime, time, Enum)
_CHANGEABLE = (list, tuple, dict, set, bytearray)


def _copied(value: Any) -> Any:
    """The value with copies of every list, dict, set and object of fields in it."""
    if isinstance(value, _ALONE):
        return value
    if type(value) is list:
        return [_copied(one) for one in value]
    if type(value) is tuple:
        return tuple(_copied(one) for one in value)
    if type(value) is dict:
        return {_copied(key): _copied(one) for key, one in value.items()}
    if isinstance(value, msgspec.Struct):
        made = copy.copy(value)
        for name in made.__struct_fields__:
            msgspec.structs.force_setattr(made, name, _copied(getattr(value, name)))
        return made
    if dataclasses.is_dataclass(value) or isinstance(value, _CHANGEABLE):
        return copy.deepcopy(value)
    return value.model_copy(deep=True) if hasattr(type(value), "model_validate_json") else value
