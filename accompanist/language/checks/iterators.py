"""Iterators that a name would be bound to.

`zip`, `enumerate` and `reversed` give something that is used up by whoever goes through it first. A name may be known
to several roles, and each of them goes through it or not, as its own program needs; so they would see different things.
An iterator may only stand where it is used up at once: in `list(…)`, `sum(…)`, a `for`, a comprehension, right of
`in`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from accompanist.errors import catalogue

ITERATOR = catalogue(
    "ACC176",
    "an iterator is used up",
    "What zip, enumerate and reversed give can be gone through once. A name may be known to several roles, and only "
    "some of them go through it, so they would see different things.",
    "Make it a list: `pairs = list(zip(xs, ys))`. Where it is gone through at once it can stay as it is: "
    "`for x, y in zip(xs, ys)`, `sum(zip(…))`, a comprehension.",
)
ONCE = frozenset({"zip", "enumerate", "reversed"})
_PASSES_ON = frozenset({"dict", "list", "max", "min", "sorted", "tuple"})
"""Builtins that use up an iterator that they are given, and whose result holds what was in it."""

Gives = Callable[[ast.Call], bool]
"""Whether a call of a @pure function gives an iterator."""


def kept(node: ast.expr, gives: Gives) -> ast.Call | None:
    """The first call in an expression whose iterator would be in what the expression gives."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in ONCE or gives(node):
            return node
        case ast.Call(func=ast.Name(id=name), args=args) if name in _PASSES_ON:
            found = (inside(one, gives) if len(args) == 1 else kept(one, gives) for one in args)
            return next(filter(None, found), None)
        case ast.Call(args=[ast.Lambda(body=body)], keywords=[]):  # `attempt` of an expression
            return kept(body, gives)
        case ast.Call(args=args, keywords=keywords):
            return _first([*args, *(one.value for one in keywords)], gives) if _makes(node) else None
        case ast.IfExp(body=body, orelse=orelse):
            return _first([body, orelse], gives)
        case ast.BinOp(left=left, right=right):
            return _first([left, right], gives)
        case ast.Subscript(value=value) | ast.Attribute(value=value):
            return inside(value, gives)
        case ast.BoolOp(values=parts):
            return _first(parts, gives)
        case ast.Tuple() | ast.List() | ast.Dict() | ast.ListComp() | ast.GeneratorExp() | ast.DictComp():
            return inside(node, gives)
    return None


def inside(node: ast.expr, gives: Gives) -> ast.Call | None:
    """The same, of something that is gone through itself at once."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            found = (inside(one.value, gives) if isinstance(one, ast.Starred) else kept(one, gives) for one in parts)
            return next(filter(None, found), None)
        case ast.Dict(values=parts):
            return _first(parts, gives)
        case ast.ListComp(elt=element, generators=made) | ast.GeneratorExp(elt=element, generators=made):
            return kept(element, gives) or next(filter(None, (inside(one.iter, gives) for one in made)), None)
        case ast.DictComp(value=element, generators=made):
            return kept(element, gives) or next(filter(None, (inside(one.iter, gives) for one in made)), None)
        case ast.Call(func=ast.Name(id=name), args=args) if name in ONCE:
            return next(filter(None, (inside(one, gives) for one in args)), None)
        case ast.Call() if gives(node):
            return None
    return kept(node, gives)


def _first(nodes: list[ast.expr], gives: Gives) -> ast.Call | None:
    return next(filter(None, (kept(one, gives) for one in nodes)), None)


def _makes(node: ast.Call) -> bool:
    """Whether it may be a constructor, which keeps what it is given; builtins and @pure functions do not, and classes
    begin with a capital letter."""
    return isinstance(node.func, ast.Name) and node.func.id[:1].isupper()
