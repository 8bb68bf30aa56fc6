"""Sets in what would cross. A set has no order, so it has no form in JSON; a tuple says the same in one order.

A field is refused where it is declared, once, whatever it crosses in. What else is wrong with a type is said beside it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.types import Type


def reported(messages: Messages, type: Type, findings: Findings) -> str:
    """Report each field of a type that holds a set, and give why the type cannot cross besides; empty if it could."""
    for module, written, name, field in _fields(messages, type, set()):
        text = f"{name} cannot cross: {messages.unsendable(field)}"
        findings.add(codes.NOT_A_MESSAGE, module.source, module.source.span(written), text, ordered(field))
    return messages.unsendable(type, field_sets=False)


def instead(messages: Messages, type: Type, reason: str) -> str:
    """What to write in the place of a type that cannot cross for a reason."""
    if reason == messages.unsendable(type, sets=False, field_sets=False):
        return messages.instead(type)
    if _holds(type):
        return ordered(type)
    found = next(_fields(messages, type, set()), None)
    return messages.instead(type) if found is None else f"{found[2]}: {ordered(found[3])}"


def ordered(type: Type) -> str:
    """What to declare in the place of a type with sets in it."""
    return f"{_as_tuples(type).text()}, and tuple(sorted(…)) where a set is put there"


def _as_tuples(type: Type) -> Type:
    inner = tuple(map(_as_tuples, type.arguments))
    if _is_set(type):
        return Type("tuple", "", (inner[0] if inner else Type("SomeType"), types.ELLIPSIS))
    return Type(type.name, type.module, inner)


def _fields(messages: Messages, type: Type, seen: set[Type]) -> Iterator[tuple[Module, ast.expr, str, Type]]:
    """The fields with sets in them that a type comes to: where each is declared, its name and its type."""
    if type in seen:
        return
    seen.add(type)
    message = messages.find(type)
    for name, field in message.fields if message is not None else ():
        there = _declared(messages, type, name) if _holds(field) else None
        if there is not None:
            yield (*there, f"{type.name}.{name}", field)
        yield from _fields(messages, field, seen)
    for part in type.arguments:
        yield from _fields(messages, part, seen)


def _declared(messages: Messages, type: Type, name: str) -> tuple[Module, ast.expr] | None:
    """The type of a field as it is written, in its class or in one that this derives from."""
    module, node = messages.definition(type) or (None, None)
    for statement in node.body if node is not None else ():
        match statement:
            case ast.AnnAssign(target=ast.Name(id=found), annotation=written) if found == name and module is not None:
                return module, written
    message = messages.find(type)
    above = (_declared(messages, base, name) for base in (message.bases if message is not None else ()))
    return next(filter(None, above), None)


def _holds(type: Type) -> bool:
    """Whether a set stands in a type as it is written."""
    return _is_set(type) or any(map(_holds, type.arguments))


def _is_set(type: Type) -> bool:
    return type.name in ("set", "frozenset") and not type.module
