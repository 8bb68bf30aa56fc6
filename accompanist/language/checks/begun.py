"""Lists and dicts that begin empty, and what to write so that it is known what they hold.

`lines = []` says nothing of the items. What is put in later does, as far as its own type is known: so the advice has it
in it. It is said once for each of them, where its type is missed first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping

from accompanist.language import types
from accompanist.language.ir import Expression, Let
from accompanist.language.reading.names import Names
from accompanist.language.text.diagnostic import Write
from accompanist.language.text.source import Sources
from accompanist.language.types import Type

Env = Mapping[str, Type]
_EMPTY = re.compile(r"(\w+) = (\[\]|\{\})")


class Begun:
    """Those of one choreography. `type_of` reports nothing."""

    def __init__(self, names: Names, sources: Sources, type_of: Callable[[ast.expr, Env], Type]) -> None:
        self._names, self._sources, self._type_of = names, sources, type_of
        self._first: dict[str, Let] = {}  # the first assignment of each name
        self._put: dict[str, list[Type]] = {}  # of what is put into it later
        self._told: set[str] = set()

    def given(self, target: str, point: Let, env: Env) -> None:
        """A name is given a value."""
        self._first.setdefault(target, point)
        more = _more(point.value.node, target)
        if more is not None and not point.value.refused:
            found = types.unveiled(self._type_of(more, env))
            if found not in self._put.setdefault(target, []):
                self._put[target].append(found)

    def said(self, names: Iterable[str]) -> tuple[str, str] | None:
        """Why nothing is known of a value that is made of these names, and what to write; two empty texts where that
        has been said. None if none of them began empty."""
        found = self._found(names)
        if found is None:
            return None
        begun = self._first[found]
        written = _EMPTY.fullmatch(self._sources(begun.span.file).text(begun.span))
        if found in self._told or written is None:
            return ("", "") if written is not None else None
        self._told.add(found)
        name, empty = written.groups()
        why = f"line {begun.span.line} does not say what {name} will hold"
        kind = self._kind(found, "list" if empty == "[]" else "dict")
        if kind and begun.span.file == self._names.module.source.path and self._is_known(kind):
            line = f"{name}: {kind} = {empty}"
            return why, Write(f"{line} in line {begun.span.line}", (begun.span, line))
        form = f"{name}: list[…] = [], with the type of its items"
        form = form if empty == "[]" else f"{name}: dict[…, …] = {{}}, with the types of its keys and values"
        return why, f"{form}, in line {begun.span.line}"

    def _found(self, names: Iterable[str]) -> str | None:
        """The name that began empty, of those that a value comes from."""
        seen: set[str] = set()
        wanted = sorted(names)
        while wanted:
            name = wanted.pop()
            first = self._first.get(name)
            if first is None or name in seen:
                continue
            seen.add(name)
            if _is_empty(first.value) and not first.declared:
                return name
            wanted += sorted(first.value.names)
        return None

    def _kind(self, name: str, kind: str) -> str:
        """The type of a name, by what is put in; empty if that is not known."""
        put = self._put.get(name, [])
        if not put or any(one.name != kind or not one.known for one in put):
            return ""
        made = tuple(_union(parts) for parts in zip(*(one.arguments for one in put), strict=True))
        return Type(kind, "", made).text() if made and all(one.known for one in made) else ""

    def _is_known(self, kind: str) -> bool:
        """Whether the names in the text of a type mean something in this file."""
        known = {*self._names.module.bound, "list", "tuple", "dict", "None", "str", "int", "float", "bool", "bytes"}
        return all(name in known for name in re.findall(r"\w+", kind))


def _is_empty(value: Expression) -> bool:
    match value.node:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
    return False


def _more(node: ast.expr, name: str) -> ast.expr | None:
    """What is put into a list or dict of this name, as a list or dict of its own."""
    match node:
        case ast.List(elts=parts):
            others = [one for one in parts if not (isinstance(one, ast.Starred) and _is(one.value, name))]
            return ast.List(others, ast.Load()) if 0 < len(others) < len(parts) else None
        case ast.Dict(keys=keys, values=values):
            pairs = [(key, one) for key, one in zip(keys, values, strict=True) if key is not None or not _is(one, name)]
            more = ast.Dict([key for key, _ in pairs], [one for _, one in pairs])
            return more if 0 < len(pairs) < len(keys) else None
        case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right) if _is(left, name):
            return right
    return None


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _union(parts: Iterable[Type]) -> Type:
    first, *others = parts
    for one in others:
        first = types.union(first, one)
    return first
