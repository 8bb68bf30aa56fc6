"""The code of classes that a @pure function may reach by a name behind a point: properties and methods.

Whose they are is not known everywhere, so they are those of every class that was read and makes values: of a dataclass,
of what derives from something, and of what @pure code names. A method that is not marked is taken for another thing
where its name is one of a plain value's methods, such as `get`.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Module, Modules

_MARKED = frozenset({"property", "cached_property", "pure"})
_OF_PLAIN_VALUES = frozenset(name for kind in (str, bytes, list, dict, set, tuple, int, float) for name in dir(kind))
_BINDS = (ast.Assign, ast.AnnAssign)
_BY_TEXT = frozenset({"getattr", "attrgetter", "methodcaller"})


class Member(NamedTuple):
    home: Module
    owner: str
    node: ast.FunctionDef


def asked(parts: Iterable[ast.AST]) -> Iterator[str]:
    """The names by which something of a value is read."""
    parts = list(parts)
    by_text = any(getattr(part, "id", getattr(part, "attr", "")) in _BY_TEXT for part in parts)
    for part in parts:
        match part:
            case ast.Attribute(attr=name):
                yield name
            case ast.MatchClass(kwd_attrs=names):
                yield from names
            case ast.Constant(value=str(text)) if by_text:
                yield from text.split(".")


def members(modules: Modules, made: Container[tuple[str, str]]) -> dict[str, list[Member]]:
    """By their names, the properties and methods of all classes that were read. `made`: what is named in @pure code."""
    found: dict[str, list[Member]] = {}
    for home in modules.opened:
        for one in home.tree.body:
            if not isinstance(one, ast.ClassDef) or not (_makes_values(one) or (home.name, one.name) in made):
                continue
            for part in one.body:
                if isinstance(part, ast.FunctionDef) and (_marked(part) or part.name not in _OF_PLAIN_VALUES):
                    found.setdefault(part.name, []).append(Member(home, one.name, part))
    return found


def classes_with(modules: Modules, names: Container[str]) -> Iterator[tuple[Module, ast.ClassDef]]:
    """The classes that were read whose body computes something of one of these names."""
    for home in modules.opened:
        for one in home.tree.body:
            if isinstance(one, ast.ClassDef) and any(_computes(part, names) for part in one.body):
                yield home, one


def _computes(node: ast.stmt, names: Container[str]) -> bool:
    plain = isinstance(getattr(node, "value", None), ast.Constant | None) and isinstance(node, _BINDS)
    if plain or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    stored = (one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
    return any(one.id in names for one in stored)


def _makes_values(node: ast.ClassDef) -> bool:
    return bool(node.bases) or "dataclass" in map(_last, node.decorator_list)


def _marked(node: ast.FunctionDef) -> bool:
    return any(_last(one) in _MARKED for one in node.decorator_list)


def _last(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return annotation.dotted(called).rpartition(".")[2]
