"""What the conditions on the way to an expression say about its values: how long a list is at least, that a number is
not zero, that a key is in a dict.

A fact is a condition that was asked and came out true or false, in `if`, `and`, `or`, a conditional expression or a
comprehension. It holds as long as no name in it is assigned again; where ways join, only what all of them say holds.
That two names were bound to one value is a fact as well: what is asked of one is known of the other.

These are must-facts: what is asked here is answered with yes only where it certainly is so.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from accompanist import limits
from accompanist.language.checks.raising.own_names import alone


@dataclass(frozen=True, slots=True)
class Fact:
    """A condition and whether it is true."""

    node: ast.expr = field(compare=False)
    holds: bool
    form: str = field(init=False, default="")
    names: frozenset[str] = field(init=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "form", ast.dump(self.node))
        object.__setattr__(self, "names", names_in(self.node))


Facts = frozenset[Fact]
NOTHING: Facts = frozenset()
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}
_DENIED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


_BINDS = (ast.Slice, ast.comprehension, ast.Lambda, ast.NamedExpr)


def names_in(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def learnt(test: ast.expr, holds: bool) -> Iterator[Fact]:
    """The facts in a condition that came out so."""
    match test:
        case ast.BoolOp(op=ast.And(), values=parts) if holds:
            for part in parts:
                yield from learnt(part, True)
        case ast.BoolOp(op=ast.Or(), values=parts) if not holds:
            for part in parts:
                yield from learnt(part, False)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from learnt(operand, not holds)
        case ast.Compare(left=left, ops=[_, _, *_], comparators=others) if holds:
            for first, op, second in zip((left, *others), test.ops, others, strict=False):
                yield Fact(ast.Compare(first, [op], [second]), True)
        case ast.Compare(left=left, ops=[ast.NotIn()], comparators=others):
            yield Fact(test, holds)
            yield Fact(ast.Compare(left, [ast.In()], others), not holds)
        case ast.Call(func=ast.Name(id="all" | "any") as asks, args=[turns], keywords=[]):
            yield Fact(ast.Call(asks, [alone(turns)], []), holds)
        case _:
            yield Fact(test, holds)


def after(facts: Facts, test: ast.expr, holds: bool) -> Facts:
    """What is known where a condition came out so, also of other names of the values that it asked about."""
    found = frozenset(learnt(test, holds))
    ways = ((fact, name, other) for fact in found for name in fact.names for other in _alike(name, facts))
    lengths = [_lengths(fact, facts) for fact in found]
    return facts | found | {made for way in ways if (made := _renamed(*way)) is not None} | set().union(*lengths)


def _lengths(fact: Fact, facts: Facts) -> set[Fact]:
    """What a comparison of a name that stands for a length says of that length."""
    match fact.node:
        case ast.Compare(left=ast.Name() as name, ops=[op], comparators=[ast.Constant() as than]):
            return {Fact(ast.Compare(one, [op], [than]), fact.holds) for one in _counted(name, facts)}
        case ast.Compare(left=ast.Constant() as than, ops=[op], comparators=[ast.Name() as name]):
            return {Fact(ast.Compare(than, [op], [one]), fact.holds) for one in _counted(name, facts)}
        case ast.Name() as name:
            return {Fact(one, fact.holds) for one in _counted(name, facts)}
    return set()


def _counted(name: ast.Name, facts: Facts) -> list[ast.expr]:
    """The lengths that a name stands for."""
    return [other for op, other in compared(name, facts) if op is ast.Eq and length_of(other, NOTHING)]


def same(facts: Facts, target: str, name: str) -> Facts:
    """What is known where a name was bound to the value of another one. No condition has the form of this fact."""
    alike = Fact(ast.Slice(ast.Name(target, ast.Load()), ast.Name(name, ast.Load())), True)
    return facts | {alike} | {made for one in facts if (made := _renamed(one, name, target)) is not None}


def _alike(name: str, facts: Facts) -> list[str]:
    """Other names of its value, a few at most: each condition is kept for all of them."""
    pairs = [fact.names for fact in facts if isinstance(fact.node, ast.Slice)]
    found = [name]
    for one in found:
        found += [other for pair in pairs if one in pair for other in pair - {one} if other not in found]
        if len(found) > limits.names_alike_max:
            break
    return found[1 : limits.names_alike_max]


def _renamed(fact: Fact, one: str, other: str) -> Fact | None:
    """The fact with another name for one in it; None where it is not about that, or binds names itself."""
    if one not in fact.names or any(isinstance(part, _BINDS) for part in ast.walk(fact.node)):
        return None
    node = copy.deepcopy(fact.node)
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id == one:
            part.id = other
    return Fact(node, fact.holds)


def without(facts: Facts, assigned: Set[str]) -> Facts:
    """What still holds when these names have been assigned."""
    return frozenset(fact for fact in facts if not fact.names & assigned)


def length(node: ast.expr, facts: Facts, kind: str = "") -> int:
    """How many items it has at least. `kind`: the name of its type: no tuple is a list, so `values != []` says nothing
    of a tuple."""
    least = _written(node, facts, kind)
    for op, other in compared(node, facts, of_length=True):
        match op, other:
            case ast.Gt, ast.Constant(value=int(than)):
                least = max(least, than + 1)
            case ((ast.GtE | ast.Eq), ast.Constant(value=int(than))):
                least = max(least, than)
            case ast.NotEq, ast.Constant(value=0):
                least = max(least, 1)
    for op, other in compared(node, facts):
        if op is ast.NotEq and _empty(other) == kind != "":
            least = max(least, 1)
        if op is ast.Eq and isinstance(other, ast.List | ast.Tuple | ast.Call | ast.ListComp):
            form = ast.dump(node)  # `x == [*x]` says nothing, and must not be asked for ever
            least = max(least, length(other, frozenset(fact for fact in facts if form not in fact.form)))
    counted = ast.Call(ast.Name("len", ast.Load()), [node], [])
    return max(least, int(true(node, facts) or true(counted, facts)))


def _written(node: ast.expr, facts: Facts, kind: str) -> int:
    """How many items it has at least by how it is written."""
    match node:
        case ast.Set(elts=parts):
            return int(any(not isinstance(one, ast.Starred) for one in parts))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return sum(length(one.value, facts) if isinstance(one, ast.Starred) else 1 for one in parts)
        case ast.Constant(value=str() | bytes() as value):
            return len(value)
        case ast.Call(func=ast.Attribute(value=owner, attr="keys" | "values" | "items"), args=[]) if kind == "iterator":
            return length(owner, facts)
        case ast.Call(func=ast.Name(id="sorted" | "list" | "tuple" | "reversed"), args=[inner]):
            return length(inner, facts)
        case (
            ast.ListComp(generators=[ast.comprehension(iter=inner, ifs=[])])
            | ast.GeneratorExp(generators=[ast.comprehension(iter=inner, ifs=[])])
        ):
            return length(inner, facts)
    return 0


def _empty(node: ast.expr) -> str:
    """The type of an empty list, tuple or text that is written out."""
    match node:
        case ast.List(elts=[]):
            return "list"
        case ast.Tuple(elts=[]):
            return "tuple"
        case ast.Constant(value=("" | b"") as value):
            return type(value).__name__
    return ""


def true(node: ast.expr, facts: Facts) -> bool:
    """Whether it is certainly true as a condition."""
    return Fact(node, True) in facts


def nonzero(node: ast.expr, facts: Facts) -> bool:
    """Whether a number is certainly not zero."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return bool(value)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return nonzero(operand, facts)
        case ast.Call(func=ast.Name(id="len"), args=[inner]):
            return length(inner, facts) > 0
        case ast.Call(func=ast.Name(id="max"), args=[_, _, *_] as parts, keywords=[]):
            return any(positive(part, facts) for part in parts)
        case ast.BoolOp(op=ast.Or(), values=values):
            return nonzero(values[-1], facts)
    for op, other in compared(node, facts):
        match op, number(other):
            case ast.NotEq, 0:
                return True
            case ast.Eq, float() | int() as value if value:
                return True
            case ast.Lt, float() | int() as value if value <= 0:
                return True
            case ast.LtE, float() | int() as value if value < 0:
                return True
    return positive(node, facts) or true(node, facts)


def positive(node: ast.expr, facts: Facts) -> bool:
    """Whether a number is certainly above zero."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value > 0
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return any(positive(one, facts) and natural(other, facts) for one, other in ((left, right), (right, left)))
        case ast.Call(func=ast.Name(id="len"), args=[inner]):
            return length(inner, facts) > 0
    for op, other in compared(node, facts):
        match op, number(other):
            case ast.Gt, float() | int() as value if value >= 0:
                return True
            case ((ast.GtE | ast.Eq), float() | int() as value) if value > 0:
                return True
    return False


def natural(node: ast.expr, facts: Facts) -> bool:
    """Whether a number is certainly not below zero."""
    match node:
        case ast.Call(func=ast.Name(id="abs" | "len")):
            return True
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if ast.dump(left) == ast.dump(right):
            return True
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult(), right=right):
            return natural(left, facts) and natural(right, facts)
        case ast.Call(func=ast.Name(id="max"), args=[_, _, *_] as parts, keywords=[]):
            return any(natural(part, facts) for part in parts)
    for op, other in compared(node, facts):
        match op, number(other):
            case ((ast.Gt | ast.GtE | ast.Eq), float() | int() as value) if value >= 0:
                return True
            case ast.Gt, int(value) if value == -1:
                return True
    starts = (_start(other) for op, other in compared(node, facts) if op is ast.In)
    if any(one is not None and one >= 0 for one in starts):
        return True
    return below(node, facts) is not None or positive(node, facts) or number(node) == 0


def _start(node: ast.expr) -> float | None:
    """The number that a range begins with, going up."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[_], keywords=[]):
            return 0
        case ast.Call(func=ast.Name(id="range"), args=[start, _], keywords=[]):
            return number(start)
    return None


def below(node: ast.expr, facts: Facts) -> int | None:
    """What a number is certainly below, and not negative: it is a rest of a division, or some of the bits of one."""
    match node:
        case ast.BinOp(op=ast.Mod(), right=right) if (by := _whole(right, facts)) is not None and by > 0:
            return by
        case ast.BinOp(op=ast.BitAnd(), left=left, right=right):
            masks = (mask for one in (left, right) if (mask := _whole(one, facts)) is not None and mask >= 0)
            return min((mask + 1 for mask in masks), default=None)
    return None


def _whole(node: ast.expr, facts: Facts) -> int | None:
    """A whole number that is written out, or the value of a constant."""
    values = [node, *(other for op, other in compared(node, facts) if op is ast.Eq)]
    return next((found for one in values if isinstance(found := number(one), int)), None)


def highest(node: ast.expr, facts: Facts, of_length: bool = False) -> float | None:
    """What a number, or the length of a text, certainly does not exceed, as far as a condition says it."""
    found: list[float] = []
    for op, other in compared(node, facts, of_length):
        if op in (ast.Lt, ast.LtE, ast.Eq) and (value := number(other)) is not None:
            found.append(value)
    return min(found, default=None)


def lowest(node: ast.expr, facts: Facts) -> float | None:
    """What a number certainly is not below, as far as a condition says it."""
    found: list[float] = []
    for op, other in compared(node, facts):
        if op in (ast.Gt, ast.GtE, ast.Eq) and (value := number(other)) is not None:
            found.append(value)
    return max(found, default=None)


def number(node: ast.expr) -> int | float | None:
    """A number that is written out."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None


def counts(node: ast.expr) -> bool:
    """Whether it is a number written out that can be one of places."""
    found = number(node)
    return isinstance(found, int) and found >= 0


def member(key: ast.expr, container: ast.expr, facts: Facts) -> bool:
    """Whether a key is certainly in a container. What sorts or copies the container has the same keys."""
    if isinstance(container, ast.Dict) and any(one is not None and _same(one, key) for one in container.keys):
        return True
    form = ast.dump(container)
    found = (other for op, other in compared(key, facts) if op is ast.In)
    return any(ast.dump(one) == form for other in found for one in origins(other, facts))


def origins(node: ast.expr, facts: Facts) -> list[ast.expr]:
    """What something has its items from: what it sorts, copies or picks from, also where that has a name."""
    found = [copied(node)]
    for one in found:
        if isinstance(one, ast.Name) and len(found) < limits.names_alike_max:
            made = (copied(other) for op, other in compared(one, facts) if op is ast.Eq and other is not copied(other))
            found += [other for other in made if one.id not in names_in(other)]
    return found


def _same(one: ast.expr, other: ast.expr) -> bool:
    return isinstance(one, ast.Constant | ast.Attribute) and ast.dump(one) == ast.dump(other)


def copied(node: ast.expr) -> ast.expr:
    """What something has its items from."""
    match node:
        case ast.Call(
            func=ast.Name(id="sorted" | "list" | "tuple" | "set" | "frozenset" | "reversed"), args=[inner, *_]
        ):
            return copied(inner.value if stepped(inner) and isinstance(inner, ast.Subscript) else inner)
        case ast.Call(func=ast.Attribute(value=value, attr="keys"), args=[]):
            return value
        case ast.ListComp(
            elt=ast.Name(id=name), generators=[ast.comprehension(target=ast.Name(id=bound), iter=inner)]
        ) if name == bound:
            return copied(inner)
        case ast.Subscript(value=value, slice=ast.Slice()) if not stepped(node):
            return copied(value)
    return node


def stepped(node: ast.expr) -> bool:
    """Whether it picks every second item, say, or goes backwards. Letters that follow each other in such a part of a
    text need not do so in the text."""
    match node:
        case ast.Subscript(slice=ast.Slice(step=ast.expr())):
            return True
    return False


def turned(target: ast.expr, iterated: ast.expr) -> Iterator[Fact]:
    """What is known of the names that a turn of a loop binds."""
    match target, iterated:
        case ast.Name(id=name), _:
            yield Fact(ast.Compare(ast.Name(name, ast.Load()), [ast.In()], [iterated]), True)
            if stepped(iterated) and isinstance(iterated, ast.Subscript):  # one letter, or one item
                yield from turned(target, iterated.value)
        case (
            ast.Tuple(elts=[ast.Name(id=name), *_]),
            ast.Call(func=ast.Name(id="enumerate"), args=[of], keywords=[]),
        ):
            counted = ast.Call(ast.Name("len", ast.Load()), [of], [])
            ranged = ast.Call(ast.Name("range", ast.Load()), [counted], [])
            yield Fact(ast.Compare(ast.Name(name, ast.Load()), [ast.In()], [ranged]), True)
            yield from turned(*item_of(target, iterated))
        case ast.Tuple(), ast.Call(func=ast.Name(id="enumerate")) if item_of(target, iterated)[1] is not iterated:
            yield from turned(*item_of(target, iterated))
        case (
            ast.Tuple(elts=[ast.Name(id=name), _]),
            ast.Call(func=ast.Attribute(value=of, attr="items"), args=[]),
        ):
            yield Fact(ast.Compare(ast.Name(name, ast.Load()), [ast.In()], [of]), True)
        case _, ast.Call(func=ast.Name(id="sorted" | "list" | "tuple" | "reversed"), args=[inner]) if not isinstance(
            inner, ast.Name
        ):
            yield from turned(target, inner)


def item_of(target: ast.expr, iterated: ast.expr) -> tuple[ast.expr, ast.expr]:
    """The item and what it is of, where a loop counts its turns, too."""
    match target, iterated:
        case ast.Tuple(elts=[_, item]), ast.Call(func=ast.Name(id="enumerate"), args=[of, *_]):
            return item, of
    return target, iterated


def letter(target: ast.Name) -> Fact:
    """That what a loop over a text goes through is one letter."""
    counted = ast.Call(ast.Name("len", ast.Load()), [ast.Name(target.id, ast.Load())], [])
    return Fact(ast.Compare(counted, [ast.Eq()], [ast.Constant(1)]), True)


def length_of(node: ast.expr, facts: Facts) -> str:
    """The form of what `len` is asked of, here or where a name was bound."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[of]):
            return ast.dump(of)
        case ast.Name():
            return next((length_of(one, NOTHING) for one in _counted(node, facts)), "")
    return ""


def said(node: ast.expr, method: str, facts: Facts) -> bool:
    """Whether `node.method()` was asked and is true."""
    return true(ast.Call(ast.Attribute(node, method, ast.Load()), [], []), facts)


def compared(node: ast.expr, facts: Facts, of_length: bool = False) -> Iterator[tuple[type[ast.cmpop], ast.expr]]:
    """What a value, or its length, was compared with, and how it came out."""
    form = ast.dump(ast.Call(ast.Name("len", ast.Load()), [node], []) if of_length else node)
    for fact in facts:
        match fact.node:
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                kind: type[ast.cmpop] | None = type(op) if fact.holds else _DENIED.get(type(op))
                if kind is not None and ast.dump(left) == form:
                    yield kind, right
                elif kind in _TURNED and ast.dump(right) == form:
                    yield _TURNED[kind], left
