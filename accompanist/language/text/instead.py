"""What advice writes in the place of a part of an expression, and how that part is named in it."""

from __future__ import annotations

import ast
import copy
import re
from typing import Any

from accompanist.language.text.nodes import children, every_node
from accompanist.language.text.source import Source
from accompanist.language.types import ATTEMPTED

_WHOLE: tuple[type[ast.expr], ...] = (
    *(ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.JoinedStr),
    *(ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp),
)
_TAKES_APART: tuple[type[ast.AST], ...] = (
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Attribute, ast.Subscript),
    *(ast.Starred, ast.comprehension, ast.FormattedValue),
)
_MADE = re.compile(r"_\d")
_NAMED = re.compile(r"[\w.]+")
_BARE = re.compile(r"\b[A-Za-z_]\w*\.")


def shown(node: ast.expr) -> str:
    """The text of an expression as its author writes it: a dict that is a constant has its name."""
    return ast.unparse(as_written(node))


def in_brackets(node: ast.expr, others: tuple[type[ast.expr], ...] = ()) -> str:
    """An expression as a part of another one: what may be taken apart there stands in brackets. `others`: forms that
    may not."""
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    text = shown(node)
    return text if isinstance(node, (*_WHOLE, *others)) and not negated else f"({text})"


def beside_others(node: ast.expr, whole: ast.expr, instead: str) -> str:
    """What is written instead of a part of an expression, in brackets where it would be taken apart there."""
    if " else …" not in instead:
        return instead
    for part in ast.walk(whole):
        if isinstance(part, _TAKES_APART) and any(one is node for one in children(part)):
            taken = part.value is node if isinstance(part, ast.Subscript) else True
            return f"({instead})" if taken else instead
    return instead


def written(node: ast.expr, source: Source) -> str:
    """The text of a part of an expression. In the normal form `math.isqrt` has another name, and a part of an f-string
    has no place of its own."""
    made = ast.unparse(as_written(node))
    text = source.text(source.span(node)) if hasattr(node, "lineno") else ""
    try:
        same = _BARE.sub("", ast.unparse(ast.parse(text, mode="eval"))) == _BARE.sub("", made)
    except SyntaxError:
        return made
    return text if same else made


def as_written(node: ast.expr) -> ast.expr:
    """An expression as its author writes it: with `attempt(…)`, with the names of constants, and with what a name of
    the normal form stands for."""
    if not any(_attempted(part) or _named(part) or stands_for(part) for part in ast.walk(node)):
        return node
    made: ast.expr = _AsWritten().visit(copy.deepcopy(node))
    return made


def name_it(node: ast.expr, name: str) -> ast.expr:
    """A copy of a constant's value, or of what stands for it, that knows how its author names it."""
    made = copy.deepcopy(node)
    vars(made)["constant"] = name
    return made


def standing(node: ast.expr, there: ast.expr, source: Source) -> ast.expr:
    """What the normal form has in the place of an expression, `there`, and knows how its author writes it. The text is
    made when somebody asks for it: of most expressions nobody does."""

    def text() -> str:
        made = stands_for(there) or written(there, source)
        made = ast.unparse(there) if "\n" in made else made
        return made if isinstance(there, _WHOLE) else f"({made})"

    if not isinstance(there, ast.Name) or stands_for(there) or there.id != getattr(node, "id", ""):
        vars(node)["written"] = text
    return node


def stands_for(node: ast.AST) -> str:
    """What its author writes where the normal form has something else; empty if it has nothing else."""
    text = vars(node).get("written")
    return str(text()) if text is not None else ""


def one_of(node: ast.expr, whole: ast.expr, least: int) -> None:
    """A part that a name with others is given, one of them with a star: there must be as many values at `least`."""
    vars(node)["among"] = shown(whole), least


def among(node: ast.expr) -> tuple[str, int] | None:
    """What a part is taken from that a name with others is given, and how many values that needs."""
    found: tuple[str, int] | None = vars(node).get("among")
    return found


def nameless(node: ast.expr) -> list[str]:
    """What is moved or called in an expression and has no name of its own there, each once."""
    made = (part for part in every_node(node) if isinstance(part, ast.Name) and _MADE.match(part.id))
    found = (stands_for(part) for part in made)
    return list(dict.fromkeys(text for text in found if text and not _NAMED.fullmatch(text)))


def _named(node: ast.AST) -> str:
    return str(vars(node).get("constant", ""))


class _AsWritten(ast.NodeTransformer):
    def visit(self, node: ast.AST) -> Any:
        if text := stands_for(node):
            return ast.copy_location(ast.Name(text, ast.Load()), node)
        return super().visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        name = _named(node)
        return ast.copy_location(ast.Name(name, ast.Load()), node) if name else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = _named(node)
        return ast.copy_location(ast.Name(name, ast.Load()), node) if name else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not _attempted(node) or not isinstance(node.args[0], ast.Lambda):
            return node
        return ast.copy_location(ast.Call(ast.Name("attempt", ast.Load()), [node.args[0].body], []), node)


def _attempted(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Lambda(), *_]):
            return name == ATTEMPTED[1]
    return False
