"""The classes that `isinstance` asks for: one, several in a tuple, or several with `|`. A class is no other value."""

from __future__ import annotations

import ast

from accompanist.language.reading.names import Names
from accompanist.language.text.diagnostic import Write
from accompanist.language.types import CLASSES, Type


def are_classes(node: ast.expr, names: Names) -> bool:
    """Whether an expression is what isinstance may be given: messages and builtin types."""
    match node:
        case ast.Tuple(elts=parts):
            return bool(parts) and all(are_classes(part, names) for part in parts)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return are_classes(left, names) and are_classes(right, names)
    found = names.resolve(node)
    if found is None:
        return isinstance(node, ast.Name) and node.id in CLASSES
    return names.messages.find(Type(found.name, found.module)) is not None


def written(node: ast.expr, names: Names) -> ast.expr:
    """The same with the names that generated code has; a tuple of tuples in the place of `|`."""
    match node:
        case ast.Tuple(elts=parts):
            return ast.copy_location(ast.Tuple([written(part, names) for part in parts], ast.Load()), node)
        case ast.BinOp(left=left, right=right):
            parts = [written(left, names), written(right, names)]
            return ast.copy_location(ast.Tuple(parts, ast.Load()), node)
    found = names.resolve(node)
    return node if found is None else ast.Name(names.alias(found.module, found.name), ast.Load())


def asked(node: ast.expr) -> list[str]:
    """The names in it that stand for classes."""
    if isinstance(node, ast.Tuple):
        return [name for part in node.elts for name in asked(part)]
    return [node.id] if isinstance(node, ast.Name) else []


def instead_of_type(node: ast.Compare, names: Names) -> Write | None:
    """What to write instead of `type(x) is C` and `type(x) == C`; None for any other comparison."""
    match node:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="type"), args=[value], keywords=[]),
            ops=[ast.Is() | ast.Eq() | ast.IsNot() | ast.NotEq() as sign],
            comparators=[other],
        ) if are_classes(other, names):
            no = "" if isinstance(sign, ast.Is | ast.Eq) else "not "
            return Write(f"{no}isinstance({ast.unparse(value)}, {ast.unparse(other)})")
    return None
