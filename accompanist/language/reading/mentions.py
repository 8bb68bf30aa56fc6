"""Where the files of a project mention a name of a module: by itself, behind a module's name, through imports.

A function's own name is none, also where it is spelt alike. Where this is in doubt, it counts as a mention.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Module, Modules, origin
from accompanist.language.text.nodes import children, every_node

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)


class Mention(NamedTuple):
    home: Module
    node: ast.AST
    above: Mapping[int, ast.AST]
    """By its id, what each node of the file stands in."""


def mentions(modules: Modules, module: str, name: str) -> Iterator[Mention]:
    """Every mention of a name in the files that were read, but for the one that binds it."""
    for home in modules.opened:
        if not any(name in line for line in home.source.lines):
            continue
        nodes = every_node(home.tree)
        above = {id(part): node for node in nodes for part in children(node)}
        brought = any(isinstance(one, ast.ImportFrom) and one.names[0].name == "*" for one in nodes)
        top = {id(statement) for several in home.bound.values() for statement in several}
        for node in nodes:
            if _mentions(modules, home, node, (module, name), brought, top) and not inside(node, above):
                yield Mention(home, node, above)


def _mentions(
    modules: Modules, home: Module, node: ast.AST, pair: tuple[str, str], brought: bool, top: set[int]
) -> bool:
    match node:
        case ast.Name(id=text):
            if brought and text == pair[1] and text not in home.bound:
                return True
            return _is(modules, home, text, pair)
        case ast.Attribute():
            text = annotation.dotted(node)
            return bool(text) and node.attr == pair[1] and _is(modules, home, text, pair)
        case ast.Global(names=names):
            return any(_is(modules, home, one, pair) for one in names)
        case ast.ImportFrom(names=names) if id(node) not in top:  # within a function: it is not followed there
            whole = origin(home, node)
            return any(
                (whole == pair[0] and one.name in ("*", pair[1])) or f"{whole}.{one.name}" == pair[0] for one in names
            )
        case ast.Import(names=names) if id(node) not in top:
            return any(one.name == pair[0] for one in names)
    return False


def _is(modules: Modules, home: Module, text: str, pair: tuple[str, str]) -> bool:
    """Whether a name means this one, also where the file writes into it: `NAME[0] = …` counts as another binding."""
    head = text.partition(".")[0]
    brought: list[ast.stmt] = [one for one in home.bound.get(head, ()) if isinstance(one, ast.Import | ast.ImportFrom)]
    imported = replace(home, bound={**home.bound, head: brought}) if brought else home
    found = (modules.resolve(one, text) for one in (home, imported))
    return any(one is not None and (one.module, one.name) == pair for one in found)


def inside(node: ast.AST, above: Mapping[int, ast.AST]) -> bool:
    """Whether a name is one of a function's own, or of a comprehension's, that it stands in."""
    if not isinstance(node, ast.Name):
        return False
    part: ast.AST = node
    while (scope := above.get(id(part))) is not None:
        if _within(part, scope) and node.id in _own(scope):
            return True
        part = scope
    return False


def _within(part: ast.AST, scope: ast.AST) -> bool:
    """Whether a part of a function or a comprehension sees the names that this binds."""
    match scope:
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            return part in body
        case ast.Lambda(body=whole):
            return part is whole
        case ast.ListComp(generators=turns) | ast.SetComp(generators=turns) | ast.GeneratorExp(generators=turns):
            return part is not turns[0]
        case ast.DictComp(generators=turns):
            return part is not turns[0]
    return False


def _own(scope: ast.AST) -> set[str]:
    """The names that a function or a comprehension certainly binds for itself."""
    found: set[str] = set()
    waiting: list[ast.AST] = []
    match scope:
        case ast.FunctionDef(args=taken, body=body) | ast.AsyncFunctionDef(args=taken, body=body):
            found |= _parameters(taken)
            waiting += body
        case ast.Lambda(args=taken):
            found |= _parameters(taken)
        case ast.ListComp(generators=turns) | ast.SetComp(generators=turns) | ast.GeneratorExp(generators=turns):
            waiting += [turn.target for turn in turns]
        case ast.DictComp(generators=turns):
            waiting += [turn.target for turn in turns]
    outer: set[str] = set()
    for one in waiting:
        match one:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                outer |= {*names}
        waiting += [] if isinstance(one, _SCOPES) else children(one)
    return found - outer


def _parameters(taken: ast.arguments) -> set[str]:
    return {part.arg for part in children(taken) if isinstance(part, ast.arg)}
