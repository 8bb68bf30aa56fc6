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
        case _:
            yield Fact(test, holds)


def after(facts: Facts, test: ast.expr, holds: bool) -> Facts:
    """What is known where a condition came out so, also of other names of the values that it asked about."""
    found = frozenset(learnt(test, holds))
    ways = ((fact, name, other) for fact in found for name in fact.names for other in _alike(name, facts))
    return facts | found | {made for way in ways if (made := _renamed(*way)) is not None}


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


def length(node: ast.expr, facts: Facts) -> int:
    """How many items it has at least."""
    match node:
        case ast.Set(elts=parts):
            return int(any(not isinstance(one, ast.Starred) for one in parts))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return sum(length(one.value, facts) if isinstance(one, ast.Starred) else 1 for one in parts)
        case ast.Constant(value=str() | bytes() as value):
            return len(value)
        case ast.Call(func=ast.Name(id="sorted" | "list" | "tuple" | "reversed"), args=[inner]):
            return length(inner, facts)
        case (
            ast.ListComp(generators=[ast.comprehension(iter=inner, ifs=[])])
            | ast.GeneratorExp(generators=[ast.comprehension(iter=inner, ifs=[])])
        ):
            return length(inner, facts)
    least = 0
    for op, other in _compared(node, facts, of_length=True):
        match op, other:
            case ast.Gt, ast.Constant(value=int(than)):
                least = max(least, than + 1)
            case ((ast.GtE | ast.Eq), ast.Constant(value=int(than))):
                least = max(least, than)
            case ast.NotEq, ast.Constant(value=0):
                least = max(least, 1)
    for op, other in _compared(node, facts, of_length=False):
        empty = isinstance(other, ast.List | ast.Tuple) and not other.elts
        if op is ast.NotEq and (empty or (isinstance(other, ast.Constant) and other.value in ("", b""))):
            least = max(least, 1)
        if op is ast.Eq and isinstance(other, ast.List | ast.Tuple):
            form = ast.dump(node)  # `x == [*x]` says nothing, and must not be asked for ever
            least = max(least, length(other, frozenset(fact for fact in facts if form not in fact.form)))
    counted = ast.Call(ast.Name("len", ast.Load()), [node], [])
    return max(least, int(true(node, facts) or true(counted, facts)))


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
        case ast.Call(func=ast.Name(id="max"), args=[_, _, *_] as parts):
            return any(positive(part, facts) for part in parts)
        case ast.BoolOp(op=ast.Or(), values=values):
            return nonzero(values[-1], facts)
    for op, other in _compared(node, facts, of_length=False):
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
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value > 0
    for op, other in _compared(node, facts, of_length=False):
        match op, number(other):
            case ast.Gt, float() | int() as value if value >= 0:
                return True
            case ast.GtE, float() | int() as value if value > 0:
                return True
    return False


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
    """Whether a key is certainly in a container."""
    form = ast.dump(container)
    return any(op is ast.In and ast.dump(other) == form for op, other in _compared(key, facts, of_length=False))


def within(index: ast.expr, container: ast.expr, facts: Facts) -> bool:
    """Whether an index is certainly one of `range(len(container))`."""
    form = ast.dump(container)
    above, below = False, False
    for op, other in _compared(index, facts, of_length=False):
        match op, other:
            case ast.In, ast.Call(func=ast.Name(id="range"), args=[ast.Call(func=ast.Name(id="len"), args=[of])]) if (
                ast.dump(of) == form
            ):
                return True
            case ast.Lt, ast.Call(func=ast.Name(id="len"), args=[of]) if ast.dump(of) == form:
                below = True
            case ((ast.GtE | ast.Eq), ast.Constant(value=int(least))) if least >= 0:
                above = True
            case ast.Gt, other if isinstance(than := number(other), int) and than >= -1:
                above = True
    return above and below


def said(node: ast.expr, method: str, facts: Facts) -> bool:
    """Whether `node.method()` was asked and is true."""
    return true(ast.Call(ast.Attribute(node, method, ast.Load()), [], []), facts)


def _compared(node: ast.expr, facts: Facts, of_length: bool) -> Iterator[tuple[type[ast.cmpop], ast.expr]]:
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
