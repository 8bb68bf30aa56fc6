"""Whether something can be computed before the commit point: what the commit point makes is not there yet."""

from __future__ import annotations

import ast
from functools import lru_cache

from accompanist.language.python import parsed
from accompanist.language.source import Source, Span


def advised(source: Source, pivot: Span, value: Span) -> str:
    """Advice to compute a value before the commit point; empty where that cannot be: it reads what a line from there
    on makes, or it stands above, and an earlier turn of a loop has committed."""
    if pivot.file != value.file or value.line <= pivot.line:
        return ""
    made = {name for line, name in _stored(source) if pivot.line <= line < value.line}
    return "" if made & _read(source.text(value)) else f"compute it before line {pivot.line}"


@lru_cache(maxsize=1)
def _stored(source: Source) -> tuple[tuple[int, str], ...]:
    """The names that are given a value, by their lines; those of a comprehension are its own."""
    nodes = list(ast.walk(parsed("\n".join(source.lines))))
    inside = {id(part) for node in nodes if isinstance(node, ast.comprehension) for part in ast.walk(node.target)}
    names = (node for node in nodes if isinstance(node, ast.Name) and id(node) not in inside)
    return tuple((node.lineno, node.id) for node in names if isinstance(node.ctx, ast.Store))


def _read(text: str) -> set[str]:
    try:
        return {node.id for node in ast.walk(ast.parse(f"({text})", mode="eval")) if isinstance(node, ast.Name)}
    except SyntaxError:  # the text of a statement
        return set()
