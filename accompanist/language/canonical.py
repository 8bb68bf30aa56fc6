"""Syntax trees as text that depends on what was written alone.

Neither formatting, comments, docstrings and positions count, nor how a minor version of Python would print or dump the
tree: `ast.unparse` and `ast.dump` have both changed. What a fingerprint covers goes through here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def text(node: ast.AST) -> str:
    """The canonical text of a tree."""
    parts: list[str] = []
    _write(node, parts.append)
    return "".join(parts)


def _write(value: object, put: Callable[[str], None]) -> None:
    match value:
        case ast.Constant():
            put(f"Constant({value.value!r})")
        case ast.JoinedStr():
            put("JoinedStr(")
            _write(_joined(value.values), put)
            put(")")
        case ast.AST():
            put(f"{type(value).__name__}(")
            for name in value._fields:
                inner = getattr(value, name, None)
                if name in _SKIPPED or inner is None or inner == []:
                    continue  # a field that a version of Python added, and nobody used, is as good as none
                put(f"{name}=")
                _write(_documented(inner) if name == "body" and isinstance(inner, list) else inner, put)
                put(",")
            put(")")
        case list():
            put("[")
            for one in value:
                _write(one, put)
                put(",")
            put("]")
        case _:
            put(repr(value))


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
