"""`is` between values, which answers otherwise at each role: what was received is never the object that was sent."""

from __future__ import annotations

import ast
from collections.abc import Callable

from accompanist.errors import catalogue
from accompanist.language.reading.names import Names
from accompanist.language.text.diagnostic import Write

IDENTITY = catalogue(
    "ACC177",
    "compared by identity",
    "`is` asks whether two values are the same object. What a role received is never the object that was sent, so "
    "roles that know the same value would answer differently.",
    "Compare with `==` and `!=`. `is None`, `is True`, `is False` and `is` with a member of an enum are fine.",
)


def instead(node: ast.Compare, single: Callable[[ast.expr], bool]) -> str | None:
    """What to write instead of a comparison by identity; None where it is none, or is with something that there is one
    of in every process, as `single` says."""
    sides = [node.left, *node.comparators]
    for one, op, other in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(op, ast.Is | ast.IsNot) and not (single(one) or single(other)):
            same = "==" if isinstance(op, ast.Is) else "!="
            alone = len(node.ops) == 1
            return Write(f"{ast.unparse(one)} {same} {ast.unparse(other)}") if alone else f"{same} instead of is"
    return None


def text(node: ast.Compare) -> str:
    return f"{ast.unparse(node)} asks whether two values are one object"


def single(node: ast.expr, names: Names) -> bool:
    """Whether there is one of it in every process: None, a bool, a member of an enum."""
    if isinstance(node, ast.Attribute) and names.member(node, names.module) is not None:
        return True
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))
