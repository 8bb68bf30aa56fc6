"""Comprehensions whose items have names of their own, which no statement binds: what they say outlives a loop over the
same name.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import TypeVar

EACH = "?item"
"""With a number behind it, the name of a part of an item; authors cannot write it."""
_BINDS = (ast.Lambda, ast.NamedExpr, ast.comprehension)
_Node = TypeVar("_Node", bound=ast.expr)


def renamed(node: _Node, names: Mapping[str, str]) -> _Node:
    """An expression with other names; it binds none itself."""
    made = copy.deepcopy(node)
    for part in ast.walk(made):
        if isinstance(part, ast.Name):
            part.id = names.get(part.id, part.id)
    return made


def parts(target: ast.expr) -> list[str]:
    """The names that an item is given to, or its parts; none if that has another form."""
    each = target.elts if isinstance(target, ast.Tuple) else [target]
    names = [one.id for one in each if isinstance(one, ast.Name)]
    return names if len(set(names)) == len(each) else []


def binds(node: ast.expr) -> bool:
    """Whether a part of an expression has names of its own."""
    return any(isinstance(part, _BINDS) for part in ast.walk(node))


def alone(node: ast.expr) -> ast.expr:
    """A comprehension with such names, where it goes through one value and binds nothing else."""
    if not isinstance(node, ast.ListComp | ast.GeneratorExp) or len(node.generators) != 1:
        return node
    (turns,) = node.generators
    names = {name: f"{EACH}{at}" for at, name in enumerate(parts(turns.target))}
    inner = (node.elt, *turns.ifs)
    if not names or any(map(binds, inner)):
        return node
    target = renamed(turns.target, names)
    ifs = [renamed(one, names) for one in turns.ifs]
    made = type(node)(renamed(node.elt, names), [ast.comprehension(target, turns.iter, ifs, turns.is_async)])
    return ast.copy_location(made, node)
