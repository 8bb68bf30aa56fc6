"""What of a shared value can be changed in place: the part of its type, the field that holds it, and what to write.

A shared value is known to several roles and must stay equal at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from accompanist.language.reading.messages import Messages
from accompanist.language.text import advice
from accompanist.language.text.diagnostic import Write
from accompanist.language.text.source import Source
from accompanist.language.types import Type


@dataclass(frozen=True, slots=True)
class Changeable:
    """A type that can be changed in place. `kind`: of its class, if it is one. `field`: the field of the class `owner`
    in whose type it stands, where it stands in one. `whole`: the shared value itself is of it, and nothing in it can be
    changed."""

    type: Type
    kind: str
    owner: str = ""
    field: str = ""
    declared: Type | None = None
    whole: bool = False

    @property
    def text(self) -> str:
        there = f"{self.owner}.{self.field}"
        if self.kind:
            return f"{self.type.name}{f', which {there} holds,' if self.field else ''} is not frozen"
        holds = f"{there} holds a {self.type.name}, which" if self.field else f"a {self.type.name}"
        return f"{holds} can be changed in place"


def parts(type: Type, messages: Messages) -> list[Changeable]:
    """What of a type can be changed in place, each field once."""
    found: dict[tuple[str, str], Changeable] = {}
    for one in _parts(type, messages, "", "", None, set()):
        found.setdefault((one.owner, one.field), one)
    if list(found) == [("", "")] and found["", ""].type == type:
        message = messages.find(type)
        inside = type.arguments if message is None else tuple(one for _, one in message.fields)
        if not any(next(_parts(one, messages, "", "", None, set()), None) for one in inside):
            return [replace(found["", ""], whole=True)]
    return list(found.values())


def _parts(
    type: Type, messages: Messages, owner: str, field: str, declared: Type | None, seen: set[Type]
) -> Iterator[Changeable]:
    if type in seen:
        return
    seen.add(type)
    if type.name in ("list", "dict") and not type.module:
        yield Changeable(type, "", owner, field, declared)
    message = messages.find(type)
    if message is not None and not message.frozen:
        yield Changeable(type, "struct" if message.struct is not None else message.kind, owner, field, declared)
    for one in type.arguments:
        yield from _parts(one, messages, owner, field, declared, seen)
    for name, one in message.fields if message is not None else ():
        yield from _parts(one, messages, type.name, name, one, seen)


def instead(found: Changeable, text: str, source: Source) -> str:
    """What to write. `text`: the shared value, in `source`."""
    if found.kind == "model":
        return f"model_config = ConfigDict(frozen=True) in class {found.type.name}"
    if found.kind == "struct":
        return f"frozen=True in the brackets of class {found.type.name}"
    if found.kind:
        frozen = advice.frozen(source, found.type.name) if found.whole else None
        return frozen or f"@dataclass(frozen=True) above class {found.type.name}"
    if found.whole and found.type.name == "list":
        return Write(f"tuple({text})")
    if found.declared is not None:
        return f"{found.field}: {_fixed(found.declared).text()} in class {found.owner}"
    return f"{_fixed(found.type).text()}, which cannot be changed, in place of {found.type.text()}"


def _fixed(type: Type) -> Type:
    """The same with tuples in the place of lists, and tuples of pairs in the place of dicts."""
    inner = tuple(map(_fixed, type.arguments))
    if type.name == "list" and not type.module and len(inner) == 1:
        return Type("tuple", arguments=(*inner, Type("...")))
    if type.name == "dict" and not type.module and len(inner) == 2:
        return Type("tuple", arguments=(Type("tuple", arguments=inner), Type("...")))
    return Type(type.name, type.module, inner)
