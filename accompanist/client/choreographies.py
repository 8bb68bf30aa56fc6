"""What a choreography, as an imported function, says to a client: its name, its arguments on the wire, its result's
type.

A parameter whose class is a role is no argument of the start. The others are given in the order of the signature or by
name. Each is encoded as its type, and what the type refuses is refused here, before anything is sent.

Not promised: that the sidecar has the same version. It checks the arguments again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from accompanist.errors import AuthorError, catalogue
from accompanist.language.values import codec, wire
from accompanist.language.words import Role

WRONG_START = catalogue(
    "ACC853",
    "a start does not fit the choreography",
    "A client starts a choreography with one value for each parameter that is not a role, in their order or by name.",
    "Compare the call with the choreography's signature: client.start(fulfil_order, order, key=...).",
)

R = TypeVar("R")


@dataclass(frozen=True)
class Asked(Generic[R]):
    """What to start: a name, the arguments as JSON by name, and the type of the result."""

    choreography: str
    arguments: dict[str, msgspec.Raw]
    result: Any


def asked(choreography: Callable[..., R] | str, given: Sequence[object], named: Mapping[str, object]) -> Asked[R]:
    """What to start. A choreography that is given by its name takes its arguments by name, as they are; its result is
    what JSON has. Raises AuthorError."""
    if isinstance(choreography, str):
        if given:
            raise AuthorError(WRONG_START, f"{choreography!r} is a name", "give its arguments by name: named={...}")
        return Asked(choreography, {name: encoded(value) for name, value in named.items()}, Any)
    function = inspect.unwrap(choreography)
    name = function.__name__
    hints = _hints(function)
    places = [place for place in inspect.signature(function).parameters if not _is_role(hints.get(place))]
    if len(given) > len(places):
        raise AuthorError(WRONG_START, f"{name} takes {len(places)} arguments, and {len(given)} were given")
    values = dict(zip(places, given, strict=False))
    for place, value in named.items():
        if place not in places or place in values:
            raise AuthorError(WRONG_START, f"{name} has no parameter {place!r}, or it is given twice")
        values[place] = value
    if missing := [place for place in places if place not in values]:
        raise AuthorError(WRONG_START, f"{name} lacks {', '.join(missing)}")
    sent = {place: encoded(wire.as_sent(value, hints[place])) for place, value in values.items()}
    return Asked(name, sent, hints.get("return", Any))


def encoded(value: object) -> msgspec.Raw:
    """A value as JSON. Raises EncodeError."""
    return msgspec.Raw(codec.encode(value))


def value_of(data: bytes, type: Any) -> Any:
    """A result, decoded. Raises DecodeError."""
    return msgspec.json.decode(data) if type is Any else codec.decode(data, type)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of a choreography's parameters and of its result, without their places. Raises AuthorError."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as problem:
        raise AuthorError(
            WRONG_START, f"a type of {function.__name__} is not known where it stands: {problem}"
        ) from None
    return {name: _bare(hint) for name, hint in hints.items()}


def _bare(hint: Any) -> Any:
    """A type without `At[..., "role"]`, at whatever depth of a tuple of results."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    if get_origin(hint) is tuple:
        return tuple[tuple(_bare(part) for part in get_args(hint))]  # type: ignore[misc]
    return hint


def _is_role(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Role)
