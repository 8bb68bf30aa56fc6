"""What was asked of all items of a value before a loop goes through it: `all(price > 0 for price in prices)`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from accompanist.language.checks.raising.facts import (
    NOTHING,
    Fact,
    Facts,
    after,
    item_of,
    learnt,
    letter,
    names_in,
    origins,
    without,
)
from accompanist.language.checks.raising.own_names import binds, parts, renamed
from accompanist.language.types import STR, Type


def said(target: ast.expr, iterated: ast.expr, facts: Facts) -> Facts:
    """What a turn of a loop knows of its item."""
    target, iterated = item_of(target, iterated)
    forms = {ast.dump(one) for one in (iterated, *origins(iterated, facts))}
    found = {one for fact in facts for one in _of_item(fact, target, forms)}
    return frozenset(found.union(*(_of_others(fact, target, forms, facts) for fact in facts)))


def in_turns(generators: Iterable[ast.comprehension], facts: Facts) -> Facts:
    """What is known where the item of a comprehension is computed."""
    for one in generators:
        facts = without(facts, names_in(one.target))
        facts |= said(one.target, one.iter, facts)
        for condition in one.ifs:
            facts = after(facts, condition, True)
    return facts


def by_type(target: ast.expr, iterated: ast.expr, type_of: Callable[[ast.expr], Type]) -> Facts:
    """What a turn knows of its item by what it goes through: a letter of a text, a word of one that is split."""
    item, over = item_of(target, iterated)
    if not isinstance(item, ast.Name):
        return NOTHING
    match over:
        case ast.Call(func=ast.Attribute(value=text, attr="split"), args=[], keywords=[]) if type_of(text) == STR:
            return frozenset({Fact(ast.Name(item.id, ast.Load()), True)})
        case ast.Call(func=ast.Name(id="reversed"), args=[text], keywords=[]):
            over = text
    return frozenset({letter(item)}) if type_of(over) == STR else NOTHING


def _of_others(fact: Fact, target: ast.expr, forms: set[str], facts: Facts) -> Iterator[Fact]:
    """What is known where a list of those that are otherwise is empty; and of a letter of a text of digits."""
    match fact.node:
        case ast.Compare(
            left=ast.Name() as others,
            ops=[ast.Eq()],
            comparators=[ast.ListComp(generators=[ast.comprehension(target=each, iter=over, ifs=[asked])])],
        ) if fact.holds and Fact(others, False) in facts:
            names, own = parts(each), parts(target)
            same = isinstance(each, ast.Tuple) == isinstance(target, ast.Tuple) and len(names) == len(own)
            if ast.dump(over) in forms and names and same and not binds(asked):
                yield from learnt(renamed(asked, dict(zip(names, own, strict=True))), False)
        case ast.Call(func=ast.Attribute(value=over, attr="isdecimal"), args=[]):
            if fact.holds and isinstance(target, ast.Name) and ast.dump(over) in forms:
                asks = ast.Attribute(ast.Name(target.id, ast.Load()), "isdecimal", ast.Load())
                yield Fact(ast.Call(asks, [], []), True)


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
