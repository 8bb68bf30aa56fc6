"""What a @pure function has written or computed by settings of the machine: its language, and its time zone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import NamedTuple

from accompanist.language.text.instead import shown
from accompanist.language.text.nodes import every_node

_FLAGS = frozenset("-_0^#:")
_IN_ITS_LANGUAGE = frozenset("aAbBhcpPrxXsEO+")
"""Directives of `strftime` that ask the machine for its language, or its time zone (`%s`)."""
_INSTEAD = "its parts, or a format of digits: %d %m %Y %H %M %S"


class Found(NamedTuple):
    node: ast.AST
    text: str
    hint: str


def depends(value: str) -> str:
    """The words for a value whose format depends on the machine."""
    return f"how {value} is written by a format depends on the machine"


def reads(function: ast.FunctionDef) -> Iterator[Found]:
    """Every place of a function that depends on the machine's language or its time zone."""
    nodes = every_node(function)
    once = _bound_once(nodes)
    for node in nodes:
        if (value := _written(node)) is not None:
            yield Found(node, depends(shown(value)), _INSTEAD)
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr="astimezone" | "timestamp" as method), args=args):
                if (method == "astimezone") == bool(args) and not node.keywords and not _has_a_zone(of, once):
                    text = f"{shown(node)} takes the machine's time zone if {shown(of)} has none"
                    yield Found(node, text, f"{shown(of)}.replace(tzinfo=UTC).{method}({'…' * len(args)})")


def in_its_language(spec: str) -> bool:
    """Whether a format of dates has a directive that depends on the machine."""
    parts = spec.replace("%%", "").split("%")[1:]
    return any(part.lstrip("".join(_FLAGS))[:1] in _IN_ITS_LANGUAGE for part in parts if part)


def _written(node: ast.AST) -> ast.expr | None:
    """The value that is written, or read, by a format that depends on the machine."""
    match node:
        case ast.FormattedValue(value=value, conversion=-1, format_spec=ast.JoinedStr(values=parts)):
            spec = "".join(str(one.value) if isinstance(one, ast.Constant) else "1" for one in parts)
            return value if _of_any(spec) else None
        case ast.Call(func=ast.Attribute(value=value, attr="strftime" | "strptime"), args=[*_, spec]):
            text = spec.value if isinstance(spec, ast.Constant) else None
            return None if isinstance(text, str) and not in_its_language(text) else value
        case ast.Call(func=ast.Name(id="format"), args=[value, ast.Constant(value=str(spec))]):
            return value if _of_any(spec) else None
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)) as value, attr="format")):
            try:
                specs = [spec or "" for _, _, spec, _ in Formatter().parse(text)]
            except ValueError:
                return None
            return value if any(map(_of_any, specs)) else None
    return None


def _of_any(spec: str) -> bool:
    """The same of a format of any value: a number is written with the machine's separators by `n`."""
    return in_its_language(spec) or ("%" not in spec and spec.endswith("n"))


def _bound_once(nodes: list[ast.AST]) -> dict[str, ast.expr]:
    """What the names stand for that a function binds once, by an assignment."""
    bound = [one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    bound += [one.arg for one in nodes if isinstance(one, ast.arg)]
    values = {
        one.targets[0].id: one.value
        for one in nodes
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name)
    }
    return {name: value for name, value in values.items() if bound.count(name) == 1}


def _has_a_zone(node: ast.expr, once: Mapping[str, ast.expr]) -> bool:
    """Whether a moment certainly has a time zone of its own."""
    match node:
        case ast.Name(id=name) if name in once:
            return _has_a_zone(once[name], {one: value for one, value in once.items() if one != name})
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub()):
            return _has_a_zone(left, once)
        case ast.Call(func=ast.Attribute(attr="fromtimestamp"), args=[_, zone]):
            return not _none(zone)
        case ast.Call(func=ast.Attribute(attr="astimezone"), args=[zone]):
            return not _none(zone)
        case ast.Call(keywords=named):
            return any(one.arg in ("tz", "tzinfo") and not _none(one.value) for one in named)
    return False


def _none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
