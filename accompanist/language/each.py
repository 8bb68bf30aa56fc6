"""What was asked of all items of a value before a loop goes through it: `all(price > 0 for price in prices)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.facts import Fact, Facts, learnt, origins
from accompanist.language.own_names import binds, parts, renamed


def said(target: ast.expr, iterated: ast.expr, facts: Facts) -> Facts:
    """What a turn of a loop knows of its item."""
    forms = {ast.dump(one) for one in (iterated, *origins(iterated, facts))}
    return frozenset(one for fact in facts for one in _of_item(fact, target, forms))


def _of_item(fact: Fact, target: ast.expr, forms: set[str]) -> Iterator[Fact]:
    match fact.node:
        case ast.Call(
            func=ast.Name(id="all" | "any" as name),
            args=[
                ast.GeneratorExp(elt=asked, generators=[ast.comprehension(target=each, iter=over, ifs=[])])
                | ast.ListComp(elt=asked, generators=[ast.comprehension(target=each, iter=over, ifs=[])])
            ],
        ):
            names, own = parts(each), parts(target)
            same = isinstance(each, ast.Tuple) == isinstance(target, ast.Tuple) and len(names) == len(own)
            if ast.dump(over) in forms and names and same and not binds(asked) and fact.holds == (name == "all"):
                yield from learnt(renamed(asked, dict(zip(names, own, strict=True))), fact.holds)
        case ast.Call(func=ast.Name(id="all" | "any" as name), args=[over]) if isinstance(target, ast.Name):
            if ast.dump(over) in forms and fact.holds == (name == "all"):
                yield Fact(ast.Name(target.id, ast.Load()), fact.holds)
