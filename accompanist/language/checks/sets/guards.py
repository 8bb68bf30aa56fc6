"""Where something has said that a name is no set: `if isinstance(names, frozenset): return sorted(names)`, of a name
that is bound nowhere else in the function, and `names = sorted(names)`, of what comes after it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from accompanist.language.text.nodes import every_node

_KINDS = {"set": {"set", "Set", "MutableSet"}, "frozenset": {"frozenset", "FrozenSet"}}
_ALL = frozenset[str]().union(*_KINDS.values())
Without = dict[int, frozenset[str]]
"""By the identity of a name's node, the kinds of sets that it is not."""


def guarded(parts: Iterable[ast.AST]) -> Without:
    parts, found = list(parts), Without()
    stored = {one.id for one in parts if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    taken = [one.arg for one in parts if isinstance(one, ast.arg)]
    bound = stored | {name for name in taken if taken.count(name) > 1} | {getattr(one, "name", None) for one in parts}
    for part in parts:
        for block in _blocks(part):
            for number, line in enumerate(block):
                if isinstance(line, ast.If) and (said := _said(line.test)) and said[0] not in bound:
                    _note(found, said, _elsewhere(line, said[2], block[number + 1 :]))
                if sorts := _sorts(line):
                    _note(found, (sorts, _ALL, True), _until_bound(sorts, block[number + 1 :]))
        if isinstance(part, ast.IfExp) and (said := _said(part.test)) and said[0] not in bound:
            _note(found, said, [part.orelse if said[2] else part.body])
    return found


def _blocks(part: ast.AST) -> list[list[ast.stmt]]:
    found = (getattr(part, name, None) for name in ("body", "orelse"))
    return [block for block in found if isinstance(block, list)]


Said = tuple[str, frozenset[str], bool]
"""A name, the kinds of sets, and whether it is one of them where the condition holds."""


def _said(test: ast.expr) -> Said | None:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner) if (said := _said(inner)) is not None:
            return said[0], said[1], not said[2]
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kinds]):
            parts = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
            named = [_KINDS.get(one.id, set()) if isinstance(one, ast.Name) else set[str]() for one in parts]
            return name, frozenset[str]().union(*named), True
    return None


def _elsewhere(node: ast.If, holds: bool, after: list[ast.stmt]) -> list[ast.AST]:
    """What runs where the condition says that it is no such set."""
    there, other = (node.body, node.orelse) if holds else (node.orelse, node.body)
    ends = bool(there) and isinstance(there[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
    return [*other, *(after if ends else ())]


def _note(found: Without, said: Said, where: Iterable[ast.AST]) -> None:
    for one in where:
        for part in every_node(one):
            if isinstance(part, ast.Name) and part.id == said[0]:
                found[id(part)] = found.get(id(part), frozenset()) | said[1]


def _sorts(line: ast.stmt) -> str:
    """The name that is bound to what is sorted."""
    match line:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="sorted"))):
            return name
    return ""


def _until_bound(name: str, after: list[ast.stmt]) -> list[ast.stmt]:
    """The statements right behind that bind the name to nothing else, and leave it to no function."""
    for number, line in enumerate(after):
        for part in every_node(line):
            bound = isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load)
            if bound or name == getattr(part, "name", None) or isinstance(part, ast.FunctionDef | ast.Lambda):
                return after[:number]
    return after
