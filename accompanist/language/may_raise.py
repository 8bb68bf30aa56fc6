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
from accompanist.language import advice
from accompanist.language.instead import beside_others, written
from accompanist.language.ir import Expression
from accompanist.language.looked_at import Partial
from accompanist.language.python import parsed
from accompanist.language.source import Source, Span

_MADE = re.compile(r"\b_\d")
"""A name that authors cannot write."""
_SHORT = 80
"""Characters of an expression that is repeated in advice."""


@dataclass(frozen=True, slots=True)
class Said:
    """`part`: the text of what may raise. `why`: for which values. `whole`: what is advised sees to all of its
    expression."""

    part: str
    why: str
    instead: str
    whole: bool = False


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
    if _MADE.search(ast.unparse(partial.node)):
        instead = "give what moves or is called in it a name, and ask before, or attempt(…) it"
        return Said(part, partial.why, instead, whole=True)
    instead = beside_others(partial.node, value.node, partial.instead)
    if not instead:
        early = "compute it earlier" if pivot is None else before(source, pivot, value.span)
        made = advice.free(source, "made")
        attempted = part if "\n" in text or len(text) > _SHORT or _MADE.search(text) else text
        instead = f"{early and f'{early}, or '}{made} = attempt({attempted}), and ask {made}.ok"
        return Said(part, partial.why, instead, whole=attempted == text)
    return Said(part, partial.why, instead)


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
