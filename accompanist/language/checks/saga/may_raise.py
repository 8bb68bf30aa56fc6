"""What is said of an expression that may raise, and what to write instead.

A part with a condition of its own is guarded by it. Anything else is computed before the commit point, where that can
be, or attempted; the attempt takes the whole expression, since another part of it may raise as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from accompanist import limits
from accompanist.language.checks.raising.looked_at import Partial
from accompanist.language.ir import Expression
from accompanist.language.text import advice
from accompanist.language.text.instead import beside_others, nameless, written
from accompanist.language.text.python import parsed
from accompanist.language.text.source import Source, Span

_MADE = re.compile(r"\b_\d")
"""A name that authors cannot write."""
_SHORT = 80
"""Characters of an expression that is repeated in advice."""


@dataclass(frozen=True, slots=True)
class Said:
    """`part`: the text of what may raise. `why`: for which values. `whole`: what is advised sees to all of its
    expression. `there`: what is advised where the expression stands, to one who reads of it elsewhere."""

    part: str
    why: str
    instead: str
    whole: bool = False
    there: str = ""


def said(partials: Iterable[Partial], value: Expression, source: Source, pivot: Span | None) -> list[Said]:
    """Of the parts of `value` that may raise, as many as have to be seen to. `pivot`: the commit point that they come
    behind, if there is one."""
    told: dict[str, Said] = {}
    for partial in partials:
        one = _said(partial, value, source, pivot)
        if one.whole:
            return [one]
        told.setdefault(one.part, one)
    return list(told.values())


def _said(partial: Partial, value: Expression, source: Source, pivot: Span | None) -> Said:
    text = source.text(value.span)
    part = written(partial.node, source)
    part = text if _MADE.search(part) else part
    instead = beside_others(partial.node, value.node, partial.instead)
    moved = nameless(partial.node)
    if instead:
        advised = _named(moved, instead, value, source)
        return Said(part, partial.why, advised, there=advised.replace(", and here ", ", and "))
    early = "compute it earlier" if pivot is None else before(source, pivot, value.span)
    made = advice.free(source, "made")
    attempted = part if "\n" in text or len(text) > _SHORT or nameless(value.node) else text
    tried = _named(moved, f"{made} = attempt({attempted}), and ask {made}.ok", value, source)
    there = tried.replace(", and here ", ", and ")
    return Said(part, partial.why, f"{early and f'{early}, or '}{tried}", attempted == text, there)


def _named(moved: list[str], instead: str, value: Expression, source: Source) -> str:
    """Advice that repeats what is moved or called: it has a name there, since each time would be another one."""
    names = {text: advice.free(source, _name(text)) for text in moved if text in instead}
    for text, name in names.items():
        instead = instead.replace(text, name)
    lines = " and ".join(f"{name} = {text}" for text, name in names.items())
    there = advice.above(source, value.span, len(names))
    return f"{lines} {there}, and here {instead}" if lines else instead


def _name(text: str) -> str:
    """A name for what is moved or called."""
    match ast.parse(text, mode="eval").body:
        case ast.Call(args=[moved], keywords=[ast.keyword(arg="to", value=ast.Name(id=role))]):
            return f"{_name(ast.unparse(moved))}_at_{role}"
        case ast.Call(func=ast.Name(id="share" | "attempt"), args=[inner, *_]):
            return _name(ast.unparse(inner))
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Call(func=ast.Attribute(attr=name)):
            return name
        case ast.Call(func=ast.Name(id=name)):
            return f"of_{name}"
    return "value"


def before(source: Source, pivot: Span, value: Span) -> str:
    """Advice to compute a value before the commit point; empty where that cannot be: it reads what a line from there
    on makes, or it stands above, and an earlier turn of a loop has committed."""
    if pivot.file != value.file or value.line <= pivot.line:
        return ""
    made = {name for line, name in _stored(source) if pivot.line <= line < value.line}
    return "" if made & _read(source.text(value)) else f"compute it before line {pivot.line}"


@lru_cache(maxsize=limits.files_advised_max)
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
