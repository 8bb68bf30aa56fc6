"""Whether a function that is called for each part of a set may make a number that is too large for a float.

Behind the commit point that is not looked at, as too rare. Where `any` goes through a set it lets runs differ: one run
comes to the part that raises, and another has stopped before. What grows by powers, shifts and many products may be too
large for what makes floats of it. A power of floats may be too large by itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Module
from accompanist.language.reading.names import Names
from accompanist.language.text.nodes import every_node

_LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_GROWING = frozenset({"prod", "factorial", "comb", "perm", "lcm"})
_PRODUCTS = 12
"""So many products of what a message holds are a float for certain."""


def overflows(names: Names, node: ast.AST) -> bool:
    """Whether what is called in an expression, or what that calls, may raise an OverflowError."""
    functions = list(_reached(names, node))
    if not functions:
        return False
    if any(_power_of_floats(one) for one in functions):
        return True
    parts = [*every_node(node), *(part for one in functions for part in every_node(one))]
    return _grows(parts, functions) and any(map(_makes_floats, parts))


def _reached(names: Names, node: ast.AST) -> Iterator[ast.FunctionDef]:
    """The functions of the project that are called, each once."""
    seen: set[int] = set()
    waiting = [(names.module, one) for one in every_node(node)]
    while waiting:
        home, part = waiting.pop()
        for made, function in _called(names, home, part):
            if id(function) not in seen:
                seen.add(id(function))
                yield function
                waiting += [(made, one) for one in every_node(function)]


def _called(names: Names, home: Module, part: ast.AST) -> Iterator[tuple[Module, ast.FunctionDef]]:
    """What a name or an attribute stands for; of methods and properties all that are called so."""
    if isinstance(part, ast.Name) and (pair := names.table.get(part.id)) is not None:
        made = names.modules.find(pair[0])
        node = made.bound[pair[1]][-1] if made is not None and pair[1] in made.bound else None
        if made is not None and isinstance(node, ast.FunctionDef):
            yield made, node
    if not isinstance(part, ast.Name | ast.Attribute):
        return
    found = annotation.reference(names.modules, home, part)
    made = names.modules.find(found.module) if found is not None else None
    if found is not None and made is not None and isinstance(found.node, ast.FunctionDef):
        yield made, found.node
    elif isinstance(part, ast.Attribute):
        for module in names.modules.read:
            classes = (one for one in module.tree.body if isinstance(one, ast.ClassDef))
            methods = (one for owner in classes for one in owner.body if isinstance(one, ast.FunctionDef))
            yield from ((module, one) for one in methods if one.name == part.attr)


def _power_of_floats(function: ast.FunctionDef) -> bool:
    whole = {one.arg for one in every_node(function) if isinstance(one, ast.arg) and _is(one.annotation, "int")}
    for one in every_node(function):
        match one:
            case (
                ast.BinOp(left=left, op=ast.Pow(), right=right) | ast.AugAssign(target=left, op=ast.Pow(), value=right)
            ):
                base = isinstance(left, ast.Name) and left.id in whole
                base = base or (isinstance(left, ast.Constant) and type(left.value) is int)
                if not base or not (isinstance(right, ast.Constant) and type(right.value) is int and right.value >= 0):
                    return True
    return False


def _is(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _grows(parts: list[ast.AST], functions: list[ast.FunctionDef]) -> bool:
    if any(isinstance(one, ast.Pow | ast.LShift) for one in parts):
        return True
    if any(isinstance(one, ast.Name | ast.Attribute) and _last(one) in _GROWING for one in parts):
        return True
    names = {one.name for one in functions}
    again = [one for one in functions if any(_is(part, name) for part in every_node(one) for name in names)]
    loops = [one for one in parts if isinstance(one, _LOOPS)]
    turned = [part for one in (*loops, *again) for part in every_node(one)]
    products = sum(isinstance(one, ast.Mult) for one in parts)
    return products > _PRODUCTS or any(isinstance(one, ast.Mult) for one in turned)


def _makes_floats(part: ast.AST) -> bool:
    match part:
        case ast.Div() | ast.Constant(value=float()) | ast.Name(id="float") | ast.Attribute(value=ast.Name(id="math")):
            return True
    return False


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
