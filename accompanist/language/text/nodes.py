"""The nodes of a tree, for passes that go through whole functions: in half the time of `ast.walk` and of
`ast.iter_child_nodes`. Those that only say whether a name is read or bound are left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def every_node(tree: ast.AST) -> list[ast.AST]:
    """A tree's nodes in the order of `ast.walk`."""
    found = [tree]
    for node in found:
        found += children(node)
    return found


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node, in the order of `ast.iter_child_nodes`."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for part in value:
                if isinstance(part, ast.AST):
                    found.append(part)
        elif isinstance(value, ast.AST) and name != "ctx":
            found.append(value)
    return found


def defaults(taken: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    """The parameters that have a default, with it."""
    placed = [*taken.posonlyargs, *taken.args]
    yield from zip(placed[len(placed) - len(taken.defaults) :], taken.defaults, strict=True)
    yield from ((one, value) for one, value in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if value)


def head_of(node: ast.expr) -> ast.expr:
    """What `a.b.c` begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node
