"""Enums whose members Python alone tells apart, and those whose members are numbers or texts, too."""

from __future__ import annotations

import ast

from accompanist.language import types
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.shadowed import bound_by, inside
from accompanist.language.types import Type

_TELLS = frozenset({"__eq__", "__hash__", "__new__", "_missing_", "__getattribute__", "__getattr__", "_ignore_"})
_WRITTEN = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.Expr, ast.Pass)
_MIXED = {
    frozenset({"IntEnum"}): types.INT,
    frozenset({"int", "Enum"}): types.INT,
    frozenset({"StrEnum"}): types.STR,
    frozenset({"str", "Enum"}): types.STR,
}


def counted(found: Type, messages: Messages | None) -> Type:
    """The number or the text that a member of an enum is to an operator; any other type as it is."""
    message = messages.find(types.unveiled(found)) if messages is not None else None
    if messages is None or message is None or message.kind != "enum":
        return found
    definition = messages.definition(types.unveiled(found))
    if definition is None or not told_apart(definition[1]):
        return found
    node = definition[1]
    own = {name for part in node.body for one in inside(part) for name in bound_by(one)}
    return found if any(name[:2] == "__" for name in own) else _MIXED.get(_bases(node), found)


def formatted(found: Type, messages: Messages | None) -> Type:
    """The type whose formats a member takes: of an IntEnum or a StrEnum, those of its value in each version of Python;
    any other type as it is."""
    definition = messages.definition(found) if messages is not None else None
    mixed = definition is not None and _bases(definition[1]) <= {"IntEnum", "StrEnum"}
    return counted(found, messages) if mixed else found


def told_apart(node: ast.ClassDef) -> bool:
    """Whether an enum leaves it to Python which of its members are equal, and which it has."""
    above = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list} - {"unique"}
    own = {name for part in node.body for one in inside(part) for name in bound_by(one)} & _TELLS
    written = all(isinstance(part, _WRITTEN) for part in node.body)
    return (
        _bases(node) <= {"Enum", "IntEnum", "StrEnum", "int", "str"} and not (above or node.keywords or own) and written
    )


def _bases(node: ast.ClassDef) -> frozenset[str]:
    return frozenset(ast.unparse(one).rpartition(".")[2] for one in node.bases)
