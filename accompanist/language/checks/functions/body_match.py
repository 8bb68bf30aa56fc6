"""Whether a `match` of a @pure function has a case for each value: each member of an enum, each truth, and None."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.reading.enums import told_apart
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.names import Names
from accompanist.language.types import BOOL, NONE, Type


def all_members(node: ast.Match, found: Type, names: Names) -> bool:
    """Whether one of the cases is taken for every value of the subject's type."""
    if not found.known or any(case.guard is not None for case in node.cases):
        return False
    there = {one for case in node.cases for one in _values(case.pattern, names)}
    wanted = [_wanted(types.unveiled(one), names.messages) for one in types.unveiled(found).options]
    return bool(wanted) and all(one is not None and one <= there for one in wanted)


def _wanted(found: Type, messages: Messages) -> set[str] | None:
    """The values of a type, as `_values` says them; None if they cannot be told."""
    if found in (BOOL, NONE):
        return {"True", "False"} if found == BOOL else {"None"}
    message, definition = messages.find(found), messages.definition(found)
    if message is None or message.kind != "enum" or definition is None or not told_apart(definition[1]):
        return None
    return {_text(found, one) for one in message.members if one not in dict(message.aliases)}


def _values(pattern: ast.pattern, names: Names) -> Iterator[str]:
    match pattern:
        case ast.MatchOr(patterns=patterns):
            for one in patterns:
                yield from _values(one, names)
        case ast.MatchSingleton(value=value):
            yield str(value)
        case ast.MatchValue(value=ast.Attribute(value=ast.Name(id=alias), attr=member)) if alias in names.table:
            module, name = names.table[alias]
            message = names.messages.find(Type(name, module))
            if message is not None and message.kind == "enum":
                yield _text(Type(name, module), dict(message.aliases).get(member, member))


def _text(enum: Type, member: str) -> str:
    return f"{enum.module}.{enum.name}.{member}"
