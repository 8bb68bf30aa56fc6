"""What a value that was sent has beside its type: members that nobody reads, and `true` where a number belongs.

A decoder drops a member that its type does not have. A person who misspelt the name of one that has a default gets that
default, and no word. And Python takes a bool for an int, in a message's constructor as in pydantic's validation, while
the JSON of it is `true`, which the next reader refuses. So what people send is looked at once more, along its type.

Not promised: types that msgspec cannot describe, and models that take any member. Nothing is found there.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from accompanist import limits
from accompanist.language.values import tagged

NUMBER = "a number belongs there, not a bool"
_PLAIN = frozenset((str, int, float, type(None)))  # a value in which nothing can be found, whatever its type


class Surplus(NamedTuple):
    """Where something does not belong, as a path that begins with `$`; what is wrong there, without contents; what is
    known there, with the name that is not."""

    where: str
    what: str
    hint: str = ""


def surplus(plain: Any, type: Any) -> Surplus | None:
    """The first thing in a JSON value, parsed, that its type has no place for. The value decodes as the type."""
    info = _info(type)
    return None if info is None else next(_walk(plain, info, "$"), None)


@functools.lru_cache(maxsize=limits.types_described_max)
def _described(type: Any) -> inspect.Type | None:
    try:
        return inspect.type_info(tagged.readable(type))
    except Exception:  # a type may run code of its user's, to say what it is
        return None


def may_hold(type: Any, kinds: tuple[str, ...], untyped: bool = True) -> bool:
    """Whether a value of a type may have parts of one of these kinds; True for what is not known. `untyped`: whether
    what may be anything may be of these kinds, as it is read."""
    try:
        return _may_hold(type, (*kinds, "CustomType", *(("AnyType",) if untyped else ())))
    except TypeError:  # cannot be hashed
        return True


@functools.lru_cache(maxsize=limits.types_described_max)
def _may_hold(type: Any, kinds: tuple[str, ...]) -> bool:
    info = _described(type)
    return info is None or any(f"{kind}(" in repr(info) for kind in kinds)


def _info(type: Any) -> inspect.Type | None:
    try:
        return _described(type)
    except TypeError:  # cannot be hashed
        return None


def _walk(value: Any, info: inspect.Type, path: str) -> Iterator[Surplus]:
    match info:
        case inspect.IntType() | inspect.FloatType():
            if isinstance(value, bool):
                yield Surplus(path, NUMBER)
        case inspect.StructType(array_like=True) | inspect.NamedTupleType():
            before = [inspect.AnyType()] if getattr(info, "tag", None) is not None else []  # the tag comes first
            yield from _elements(value, [*before, *(field.type for field in info.fields)], path)
        case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType():
            tag = info.tag_field if isinstance(info, inspect.StructType) else None
            yield from _members(value, {field.encode_name: field.type for field in info.fields}, path, tag)
        case inspect.TupleType():
            yield from _elements(value, info.item_types, path)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            yield from _elements(value, itertools.repeat(info.item_type), path)
        case inspect.DictType():
            if isinstance(value, dict):
                for one in value.values():  # its keys are contents
                    if type(one) not in _PLAIN:
                        yield from _walk(one, info.value_type, f"{path}[...]")
        case inspect.UnionType():
            yield from _either(value, info.types, path)
        case inspect.CustomType():
            yield from _model(value, info.cls, path)
        case _:
            return


def _elements(value: Any, types: Iterable[inspect.Type], path: str) -> Iterator[Surplus]:
    if not isinstance(value, list):
        return
    for at, (one, info) in enumerate(zip(value, types, strict=False)):
        if type(one) not in _PLAIN:
            yield from _walk(one, info, f"{path}[{at}]")


def _members(value: Any, fields: Mapping[str, inspect.Type], path: str, tag: str | None = None) -> Iterator[Surplus]:
    if not isinstance(value, dict):
        return
    for name, one in value.items():
        if name in fields:
            if type(one) not in _PLAIN:
                yield from _walk(one, fields[name], f"{path}.{name}")
        elif name != tag:
            known = ", ".join(sorted(fields)) or "nothing"
            yield Surplus(path, "unknown member", f"{path}.{name} is none of its members: {known}")


def _either(value: Any, types: Sequence[inspect.Type], path: str) -> Iterator[Surplus]:
    """A value of a union is looked at as the part that it decoded as; where that is not clear, not at all."""
    if isinstance(value, bool):
        numbers = (inspect.IntType, inspect.FloatType, inspect.NoneType)
        if all(isinstance(one, numbers) for one in types):
            yield Surplus(path, NUMBER)
        return
    able = [one for one in types if _may_be(value, one)]
    if len(able) == 1:
        yield from _walk(value, able[0], path)


def _may_be(value: Any, info: inspect.Type) -> bool:
    if not isinstance(value, (list, dict)):
        return False
    if isinstance(info, inspect.StructType):
        if info.array_like is not isinstance(value, list):
            return False
        said = value[:1] == [info.tag] if isinstance(value, list) else value.get(info.tag_field) == info.tag
        return info.tag is None or bool(said)
    if isinstance(value, list):
        lists = (inspect.ListType, inspect.TupleType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)
        return isinstance(info, (*lists, inspect.NamedTupleType, inspect.AnyType, inspect.CustomType))
    objects = (inspect.DataclassType, inspect.TypedDictType, inspect.DictType, inspect.AnyType, inspect.CustomType)
    return isinstance(info, objects)


def _model(value: Any, model: Any, path: str) -> Iterator[Surplus]:
    """A pydantic model; pydantic itself is not imported here."""
    declared: Mapping[str, Any] | None = getattr(model, "model_fields", None)
    if declared is None or getattr(model, "model_config", {}).get("extra") == "allow":
        return
    fields: dict[str, inspect.Type] = {}
    for name, field in declared.items():
        info = _info(field.annotation) or inspect.AnyType()
        aliases = [field.alias, field.validation_alias]
        if any(alias is not None and not isinstance(alias, str) for alias in aliases):
            return  # it is found in more than one place
        fields |= {one: info for one in (name, *aliases) if one is not None}
    yield from _members(value, fields, path)


def numbers_as_bools(value: Any) -> Surplus | None:
    """Where a message of this value has `true` in the place of a number. Its own type says so; what stands in a list or
    a dictionary is looked at, too."""
    todo: list[tuple[Any, str]] = [(value, "$")]
    while todo:
        item, path = todo.pop()
        if isinstance(item, dict):
            todo += [(one, f"{path}[...]") for one in item.values()]
        elif isinstance(item, (list, tuple)):
            todo += [(one, f"{path}[{at}]") for at, one in enumerate(item)]
        elif hasattr(item, "__struct_fields__") or hasattr(item, "__dataclass_fields__"):
            info = _info(type(item))
            plain = msgspec.to_builtins(item, str_keys=True, enc_hook=lambda other: None)
            for found in _walk(plain, info, path) if info is not None else ():
                if found.what == NUMBER:
                    return found
    return None
