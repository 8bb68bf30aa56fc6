"""What advice writes in the place of a part of an expression, and how that part is named in it."""

from __future__ import annotations

import ast
import copy
import re

from accompanist.language.nodes import children
from accompanist.language.source import Source
from accompanist.language.types import ATTEMPTED

_WHOLE: tuple[type[ast.expr], ...] = (
    *(ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.JoinedStr),
    *(ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp),
)
_TAKES_APART: tuple[type[ast.AST], ...] = (
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Attribute, ast.Subscript),
    *(ast.Starred, ast.comprehension, ast.FormattedValue),
)
_BARE = re.compile(r"\b[A-Za-z_]\w*\.")


def in_brackets(node: ast.expr, others: tuple[type[ast.expr], ...] = ()) -> str:
    """An expression as a part of another one: what may be taken apart there stands in brackets. `others`: forms that
    may not."""
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    text = ast.unparse(node)
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
    """An expression with `attempt(…)` as its author writes it."""
    if not any(_attempted(part) for part in ast.walk(node)):
        return node
    made: ast.expr = _Attempts().visit(copy.deepcopy(node))
    return made


class _Attempts(ast.NodeTransformer):
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
