"""What a @pure function has written or computed in a way that depends on the machine: its language, its time zone, its
version of Python, and how its C library writes a year below 1000."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import NamedTuple

from accompanist.language.reading import library
from accompanist.language.text.instead import shown
from accompanist.language.text.nodes import every_node

_FLAGS = frozenset("-_0^#:")
_IN_ITS_LANGUAGE = frozenset("aAbBhcpPrxXsEO+")
"""Directives of `strftime` that ask the machine for its language, or its time zone (`%s`)."""
_YEARS = frozenset("YGCF")
"""Directives that write a year, below 1000 with zeros in front of it on some machines and without them on others."""
_EXTENSIONS = frozenset("ekl")
"""Directives that some C libraries lack. Some lack flags, too, such as the one in `%-d`."""
_INSTEAD = "its parts, as {day.year:04} for %Y, or a format of digits: %d %m %H %M %S"


class OfTheMachine(NamedTuple):
    node: ast.AST
    text: str
    hint: str


def depends(value: str) -> str:
    """The words for a value whose format depends on the machine."""
    return f"how {value} is written by a format depends on the machine"


def by_name(node: ast.AST) -> OfTheMachine | None:
    """A text's `replace` that is told by its name how often: Python 3.13 takes that, and none before it does."""
    match node:
        case ast.Call(func=ast.Attribute(value=of, attr="replace"), args=given, keywords=[ast.keyword(arg="count")]):
            first = ", ".join(map(shown, given))
            text = f"{shown(node)} takes count by its name from Python 3.13 on only"
            return OfTheMachine(node, text, f"{shown(of)}.replace({first}, {shown(node.keywords[0].value)})")
    return None


def reads(function: ast.FunctionDef) -> Iterator[OfTheMachine]:
    """Every place of a function that depends on the machine's language, its time zone or its version of Python."""
    nodes = every_node(function)
    once = bound_once(nodes)
    for node in nodes:
        if (named := by_name(node)) is not None:
            yield named
        if (value := _written(node)) is not None:
            yield OfTheMachine(node, depends(shown(value)), _in_parts(node, value))
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr="astimezone" | "timestamp" as method), args=args):
                if (method == "astimezone") == bool(args) and not node.keywords and not _has_a_zone(of, once):
                    text = f"{shown(node)} takes the machine's time zone if {shown(of)} has none"
                    yield OfTheMachine(node, text, f"{shown(of)}.replace(tzinfo=UTC).{method}({'…' * len(args)})")


def in_its_language(spec: str) -> bool:
    """Whether a format by which a date is read has a directive that depends on the machine."""
    return any(part[:1] in _IN_ITS_LANGUAGE for part in _directives(spec))


def by_its_library(spec: str) -> bool:
    """The same of a format by which one is written."""
    return any(part[:1] in _IN_ITS_LANGUAGE | _YEARS | _EXTENSIONS | _FLAGS for part in _directives(spec))


def _directives(spec: str) -> list[str]:
    return [part for part in spec.replace("%%", "").split("%")[1:] if part]


def _in_parts(node: ast.AST, value: ast.expr) -> str:
    """What to write instead: the very parts, where the format and the value are written out."""
    match node:
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=str(spec))])):
            pass
        case ast.Call(func=ast.Attribute(attr="strftime"), args=[ast.Constant(value=str(spec))]):
            pass
        case ast.Call(func=ast.Name(id="format"), args=[_, ast.Constant(value=str(spec))]):
            pass
        case _:
            return _INSTEAD
    made = library.written_out(shown(value), spec) if isinstance(value, ast.Name | ast.Attribute) else ""
    return f'f"{made}"' if made else _INSTEAD


def _written(node: ast.AST) -> ast.expr | None:
    """The value that is written, or read, by a format that depends on the machine."""
    match node:
        case ast.FormattedValue(value=value, conversion=-1, format_spec=ast.JoinedStr(values=parts)):
            spec = "".join(str(one.value) if isinstance(one, ast.Constant) else "1" for one in parts)
            return value if _of_any(spec) else None
        case ast.Call(func=ast.Attribute(value=value, attr="strftime" | "strptime" as method), args=[*_, spec]):
            differs = in_its_language if method == "strptime" else by_its_library
            text = spec.value if isinstance(spec, ast.Constant) else None
            return None if isinstance(text, str) and not differs(text) else value
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
    return by_its_library(spec) or ("%" not in spec and spec.endswith("n"))


def bound_once(nodes: list[ast.AST]) -> dict[str, ast.expr]:
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
