"""Unions of messages, read by their tag.

msgspec reads a union of tagged Structs by itself. It refuses one of dataclasses, which have no tag of its kind. A
dataclass says which one it is by a field of one literal text, `kind: Literal["put"] = "put"`, as type checkers and
pydantic know it. So a type with such a union in it is read as another one: each class that holds the union, or is a
part of it, is stood in for by a Struct with the same fields. What was read is then made into the classes that were
meant, in the way in which msgspec makes them: fields first, `__post_init__` last.

A tag that no part has, and a part without its tag, are refused by the decoder.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any

import msgspec

from accompanist import limits

_WRONG_TAG = re.compile(r"Invalid value - at `(?P<where>\$.*?(?P<field>\w+))`")
_MISSING = object()  # the default of a stand-in's field that the class itself gives a value
_MEANT = "_accompanist_meant"  # on a stand-in: its class, and the tag's field and value


def readable(type: Any) -> Any:
    """The type as msgspec can read it; the type itself where nothing in it has to be stood in for."""
    try:
        found = _readable(type)
    except TypeError:  # it cannot be hashed
        return type
    return type if found is None else found


@functools.lru_cache(maxsize=limits.types_described_max)
def _readable(type: Any) -> Any:
    return _Reader().read(type) if _needs(type, set()) else None


def meant(value: Any) -> Any:
    """What was read as a readable type, as the classes that its own type names. May raise what these raise."""
    if hasattr(type(value), _MEANT):
        return _made(value)
    if isinstance(value, list):
        return [meant(part) for part in value]
    if isinstance(value, tuple):
        return tuple(meant(part) for part in value)
    if isinstance(value, dict):
        return {key: meant(part) for key, part in value.items()}
    return value


def tags(type: Any) -> Mapping[str, list[str]]:
    """The tags of the unions in a type, by the name of their field."""
    found: dict[str, set[str]] = {}
    for parts in _unions(type, set()):
        field = shared_field({part: _tags(part) for part in parts})
        for part in parts if field else ():
            found.setdefault(field, set()).add(str(_tags(part)[field]))
    return {field: sorted(values) for field, values in found.items()}


def name(type: Any) -> str:
    """A type as its user writes it, without modules where it is a class or a union of classes."""
    if _is_union(type):
        return " | ".join("None" if part is NoneType else name(part) for part in _of(type))
    return str(getattr(type, "__name__", type))


def untold(type: Any, text: str) -> tuple[str, str]:
    """What a decoder says of a value that is none of a union's parts, with the tags that there are."""
    wrong = _WRONG_TAG.fullmatch(text)
    known = tags(type).get(wrong["field"]) if wrong is not None else None
    if wrong is None or known is None:
        return text, ""
    return f"unknown tag - at `{wrong['where']}`", f"{wrong['where']} is one of {', '.join(known)}"


def shared_field(parts: Mapping[Any, Mapping[str, str | int]]) -> str:
    """The field that tells the parts of a union apart, empty if none does: all have it, each with another tag."""
    first, *others = parts.values()
    for field in first:
        values = [part.get(field) for part in (first, *others)]
        if None not in values and len(set(values)) == len(values) and len({type(one) for one in values}) == 1:
            return field
    return ""


def _made(value: Any) -> Any:
    """The class's own instance, with the fields that its stand-in was read with."""
    cls, field, tag = getattr(type(value), _MEANT)
    default: Any
    given = {name: meant(getattr(value, name)) for name in value.__struct_fields__}
    given = {name: part for name, part in given.items() if part is not _MISSING}
    if issubclass(cls, msgspec.Struct):
        return cls(**given)
    made: Any = object.__new__(cls)
    given |= {field: tag} if field else {}
    for one in dataclasses.fields(cls):
        default = one.default_factory if one.default is dataclasses.MISSING else one.default
        if one.name not in given:
            given[one.name] = default if default is one.default else default()
        object.__setattr__(made, one.name, given[one.name])
    if hasattr(made, "__post_init__"):
        made.__post_init__()
    return made


class _Reader:
    """Makes the readable form of one type."""

    def __init__(self) -> None:
        self._stand_ins: dict[Any, Any] = {}

    def read(self, kind: Any, tag: tuple[str, Any] | None = None) -> Any:
        if not _needs(kind, set()) and tag is None:
            return kind
        if _is_union(kind):
            parts = _objects(kind)
            field = shared_field({part: _tags(part) for part in parts}) if _untagged(parts) else ""
            options = [self.read(o, (field, _tags(o)[field]) if field and o in parts else None) for o in _of(kind)]
            return functools.reduce(lambda one, other: one | other, options)
        if _is_class(kind):
            return self._stand_in(kind, tag)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Annotated:
            return typing.Annotated[(self.read(arguments[0]), *arguments[1:])]
        if origin is typing.Final:
            return self.read(arguments[0])
        return origin[tuple(part if part is ... else self.read(part) for part in arguments)]

    def _stand_in(self, kind: Any, tag: tuple[str, Any] | None) -> Any:
        cls, key = typing.get_origin(kind) or kind, (kind, tag)
        if key in self._stand_ins:
            return self._stand_ins[key]
        struct = issubclass(cls, msgspec.Struct)
        config = cls.__struct_config__ if struct else None
        field, value = tag or (getattr(config, "tag_field", None), getattr(config, "tag", None))
        fields = [one for one in _fields(cls) if one.name != field]
        made = msgspec.defstruct(
            cls.__name__,
            namespace={_MEANT: (cls, "" if struct else field or "", value)},
            fields=[(one.name, Any) if one.required else (one.name, Any, _MISSING) for one in fields],
            tag=value,
            tag_field=field,
            kw_only=True,
            rename={one.name: one.encoded for one in fields},
            array_like=getattr(config, "array_like", False),
            forbid_unknown_fields=getattr(config, "forbid_unknown_fields", False),
        )
        self._stand_ins[key] = made
        hints = _hints(kind)
        for one in fields:  # only now, since a field may hold its own class again
            made.__annotations__[one.name] = self.read(hints[one.name])
        return made


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    encoded: str
    required: bool


def _fields(cls: Any) -> list[_Field]:
    if issubclass(cls, msgspec.Struct):
        return [_Field(one.name, one.encode_name, one.required) for one in msgspec.structs.fields(cls)]
    missing = dataclasses.MISSING
    return [
        _Field(one.name, one.name, one.default is missing and one.default_factory is missing)
        for one in dataclasses.fields(cls)
    ]


def _needs(type: Any, seen: set[Any]) -> bool:
    """Whether a union of dataclasses is somewhere in a type."""
    return any(_untagged(parts) for parts in _unions(type, seen))


def _unions(kind: Any, seen: set[Any]) -> Iterable[list[Any]]:
    """Of each union in a type that has several classes, these classes."""
    try:
        if kind in seen:
            return
        seen.add(kind)
    except TypeError:
        return
    if _is_union(kind) and len(_objects(kind)) > 1:
        yield _objects(kind)
    inner = list(typing.get_args(kind)) if typing.get_origin(kind) is not typing.Literal else []
    if _is_class(kind):
        inner += _hints(kind).values()
    for part in inner:
        yield from _unions(part, seen)


def _untagged(parts: list[Any]) -> bool:
    """Whether classes of a union, of which there are several, are not all Structs, whose tags msgspec reads itself."""
    return len(parts) > 1 and not all(issubclass(typing.get_origin(one) or one, msgspec.Struct) for one in parts)


def _objects(kind: Any) -> list[Any]:
    return [part for part in _of(kind) if _is_class(part)]


def _of(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind)


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)


def _is_class(kind: Any) -> bool:
    cls = typing.get_origin(kind) or kind
    return isinstance(cls, type) and (dataclasses.is_dataclass(cls) or issubclass(cls, msgspec.Struct))


def _tags(kind: Any) -> dict[str, str | int]:
    """By what a class may be told apart: a Struct's tag, or each field that can only be one text."""
    cls = typing.get_origin(kind) or kind
    if issubclass(cls, msgspec.Struct):
        config = cls.__struct_config__
        return {} if config.tag is None else {config.tag_field: config.tag}
    bare = {name: _bare(hint) for name, hint in _hints(cls).items()}
    literals = {name: typing.get_args(hint) for name, hint in bare.items() if typing.get_origin(hint) is typing.Literal}
    return {name: values[0] for name, values in literals.items() if len(values) == 1 and isinstance(values[0], str)}


def _bare(hint: Any) -> Any:
    """A type without what Final and Annotated say beside it."""
    while typing.get_origin(hint) in (typing.Final, typing.Annotated):
        hint = typing.get_args(hint)[0]
    return hint


@functools.lru_cache(maxsize=limits.types_described_max)
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a class's fields, its type variables filled in; none where its annotations cannot be read."""
    cls = typing.get_origin(kind) or kind
    try:
        found = typing.get_type_hints(cls, include_extras=True)
    except Exception:  # the decoder says what is wrong with it
        return {}
    given = dict(zip(getattr(cls, "__parameters__", ()), typing.get_args(kind), strict=False))
    names = {one.name for one in _fields(cls)}
    return {name: _filled(hint, given) for name, hint in found.items() if name in names}


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    if hint in given:
        return given[hint]
    free = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(one, Any) for one in free)] if free and given else hint
