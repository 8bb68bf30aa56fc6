"""Syntax trees as text that depends on what was written alone.

Neither formatting, comments, docstrings and positions count, nor how a minor version of Python would print or dump the
tree: `ast.unparse` and `ast.dump` have both changed. What a fingerprint covers goes through here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TypeVar

_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})

T = TypeVar("T")


def text(node: ast.AST) -> str:
    """The canonical text of a tree."""
    found: list[str] = parts(node, _none)
    return "".join(found)


def parts(node: ast.AST, known: Callable[[ast.expr], Sequence[str | T]]) -> list[str | T]:
    """The canonical text in pieces. `known` gives what stands for a node in the place of its own text; nothing where
    the node is written as it is."""
    found: list[str | T] = []
    _write(node, found, known)
    return found


def _none(node: ast.expr) -> tuple[()]:
    return ()


def _write(value: object, found: list[str | T], known: Callable[[ast.expr], Sequence[str | T]]) -> None:
    if isinstance(value, ast.expr) and (instead := known(value)):
        found += instead
        return
    match value:
        case ast.Constant():
            found.append(f"Constant({value.value!r})")
        case ast.JoinedStr():
            found.append("JoinedStr(")
            _write(_joined(value.values), found, known)
            found.append(")")
        case ast.AST():
            found.append(f"{type(value).__name__}(")
            for name in value._fields:
                inner = getattr(value, name, None)
                if name in _SKIPPED or inner is None or inner == []:
                    continue  # a field that a version of Python added, and nobody used, is as good as none
                if isinstance(inner, str):
                    found.append(f"{name}={inner!r},")
                    continue
                found.append(f"{name}=")
                _write(_documented(inner) if name == "body" and isinstance(inner, list) else inner, found, known)
                found.append(",")
            found.append(")")
        case list():
            found.append("[")
            for one in value:
                _write(one, found, known)
                found.append(",")
            found.append("]")
        case _:
            found.append(repr(value))


def _documented(body: list[ast.stmt]) -> list[ast.stmt]:
    """A body without docstrings and other constants that stand there alone."""
    return [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]


def _joined(values: list[ast.expr]) -> list[ast.expr]:
    """The parts of an f-string with neighbouring texts as one: where they are cut differs between versions."""
    made: list[ast.expr] = []
    for value in values:
        last = made[-1] if made else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            made[-1] = ast.Constant(str(last.value) + str(value.value))
        elif not (isinstance(value, ast.Constant) and value.value == ""):
            made.append(value)
    return made
