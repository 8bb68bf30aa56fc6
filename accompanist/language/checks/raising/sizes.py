"""Between which two numbers a whole number lies: by how it is computed, by what names were given, by conditions.

What a value holds counts as it does: a list is as large as its largest number. A name is followed through a whole text,
whatever way is taken. What a loop only adds to is added to no more often than anything could be counted; what it
multiplies has no bound. What is handed on to a function of the project is a sum or a product of a few numbers at most
(`too_large`), so a function takes its parameters, and the fields and items in them, to be as large as `LEAF`.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol

from accompanist.language import types
from accompanist.language.checks.raising import each, whole
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.whole import Ends
from accompanist.language.reading import kinds
from accompanist.language.reading.library import DECIMAL
from accompanist.language.text.nodes import defaults
from accompanist.language.types import BOOL, FLOAT, INT, STR, Type

Env = Mapping[str, Type]
MESSAGE = 2**64
LEAF = 2**512
HANDED = 2**192
"""What may be made of numbers that a message holds before it is handed on."""
_FLOAT = 2**1024
_TEXT = 10**4300 - 1
"""What Python reads from a text."""
_LENGTH = 2**31
_TURNS = 2**64
_ROUNDS = 6
_PUTS = frozenset({"append", "insert", "add", "extend", "update", "setdefault"})
_COUNTED = frozenset({"count", "find", "rfind", "index", "rindex", "bit_length"})
_SEARCHED = frozenset({"str", "bytes", "list", "tuple", "int", "bool", "?"})
_OTHERS = (STR, FLOAT, DECIMAL, types.BYTES, types.NONE)


class TypeInEnv(Protocol):
    """The type of a value, with the types of the names around it."""

    def __call__(self, node: ast.expr, env: Env) -> Type: ...


class SizeJudge(Protocol):
    """How large the numbers are that functions and members of the project give."""

    def size(self, module: str, name: str) -> int | None: ...

    def size_member(self, owner: Type, member: str) -> int | None: ...


class Unknown:
    """Where no function and no member of the project is known."""

    def size(self, module: str, name: str) -> int | None:
        return 0

    def size_member(self, owner: Type, member: str) -> int | None:
        return 0


class Sizes:
    """Asked of expressions of one text."""

    def __init__(
        self,
        table: Mapping[str, tuple[str, str]],
        judge: SizeJudge,
        kind: TypeInEnv,
        leaf: int = LEAF,
    ) -> None:
        self._table, self._judge, self._kind, self._leaf = table, judge, kind, leaf
        self.plain = Sizes(table, judge, kind, MESSAGE) if leaf != MESSAGE else self
        self._names: dict[str, int | None] = {}
        self._letters: frozenset[str] = frozenset()
        self._put: int | None = leaf

    def ends(self, node: ast.expr, env: Env, facts: Facts) -> Ends:
        """Between which numbers it lies. None: nothing bounds it on this side."""
        return whole.narrowed(node, self._computed(node, env, facts), facts)

    def size(self, node: ast.expr, env: Env, facts: Facts) -> int | None:
        """What it, and each number in it, does not exceed, below zero and above."""
        return whole.size(self.ends(node, env, facts))

    def too_large(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        """Whether it is more than what may be handed to a function of the project."""
        found = self._kind(node, env)
        if found in _OTHERS or found.module in ("datetime", "uuid"):
            return False
        size = self.plain.size(node, env, facts)
        return size is None or size > HANDED

    def gives(self, values: Iterable[ast.expr], env: Env) -> int | None:
        """How large what a function gives is; zero if it is no more than what may be handed on."""
        found = list(values)
        if not any(self.too_large(one, env, known.NOTHING) for one in found):
            return 0
        return self._larger([self.size(one, env, known.NOTHING) for one in found])

    def _computed(self, node: ast.expr, env: Env, facts: Facts) -> Ends:
        match node:
            case ast.Constant(value=bool() | int() as value):
                return int(value), int(value)
            case ast.Constant() | ast.JoinedStr():
                return 0, 0
            case ast.Name(id=name):
                return whole.around(self._named(name, env))
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return 0, 1
            case ast.BinOp(op=ast.Div()):
                return 0, 0
            case ast.BinOp(left=left, op=op, right=right):
                return whole.binary(op, self.ends(left, env, facts), self.ends(right, env, facts))
            case ast.UnaryOp(op=op, operand=operand):
                return whole.unary(op, self.ends(operand, env, facts))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                ways = ((body, known.after(facts, test, True)), (orelse, known.after(facts, test, False)))
                return whole.any_of([self.ends(one, env, inside) for one, inside in ways])
            case ast.NamedExpr(value=value) | ast.Starred(value=value) | ast.Subscript(value=value):
                return self.ends(value, env, facts)
            case ast.Attribute(value=owner, attr=attr):
                return whole.around(self._larger([self._judge.size_member(self._kind(owner, env), attr), self._leaf]))
            case ast.Call():
                return self._called(node, env, facts)
            case ast.ListComp(elt=elt) | ast.SetComp(elt=elt) | ast.GeneratorExp(elt=elt):
                return self._made(node.generators, [elt], env, facts)
            case ast.DictComp(key=key, value=value):
                return self._made(node.generators, [key, value], env, facts)
        below = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
        return whole.any_of([self.ends(one, env, facts) for one in below])

    def _made(self, turns: list[ast.comprehension], parts: list[ast.expr], env: Env, facts: Facts) -> Ends:
        """What a comprehension makes, with what is known in each turn."""
        for one in turns:
            outer = env
            env = {**env, **kinds.bound(one.target, kinds.item(self._kind(one.iter, outer)))}
            facts = known.without(facts, known.names_in(one.target)) | each.said(one.target, one.iter, facts)
            facts |= each.by_type(one.target, one.iter, partial(self._kind, env=outer))
            facts |= frozenset(known.turned(one.target, one.iter))
            for condition in one.ifs:
                facts = known.after(facts, condition, True)
        return whole.around(self._larger([self.size(one, env, facts) for one in parts]))

    def _named(self, name: str, env: Env) -> int | None:
        if name not in self._names and (pair := self._table.get(name)) is not None:
            return self._larger([self._judge.size(*pair), self._leaf])
        size = self._names.get(name, self._leaf)
        found = env.get(name, types.UNKNOWN)
        alone = found in (INT, BOOL, *_OTHERS)
        return size if alone else self._larger([size, self._put])

    def _called(self, node: ast.Call, env: Env, facts: Facts) -> Ends:
        args = [*node.args, *(one.value for one in node.keywords if one.arg != "key")]
        match node.func:
            case ast.Name(id=name) if (pair := self._table.get(name)) is not None:
                return self._of_module(pair, args, env, facts)
            case ast.Name(id=name):
                return self._builtin(name, node, args, env, facts)
            case ast.Attribute(value=owner, attr=attr) if attr in _COUNTED and self._kind(owner, env).name in _SEARCHED:
                return -1, _LENGTH
            case ast.Attribute(attr="as_integer_ratio"):
                return None, None
            case ast.Attribute(value=owner, attr=attr):
                sizes = [self.size(one, env, facts) for one in (owner, *args)]
                return whole.around(self._larger([*sizes, self._judge.size_member(self._kind(owner, env), attr)]))
        return None, None

    def _of_module(self, pair: tuple[str, str], args: list[ast.expr], env: Env, facts: Facts) -> Ends:
        match pair:
            case "math", "floor" | "ceil" | "trunc":
                return self._read(args[0], env, facts) if args else (None, None)
            case "math", "gcd" | "isqrt":
                return whole.around(self._larger([self.size(one, env, facts) for one in args]))
            case ("math", name):
                return whole.around(_computed(name, args))
            case "datetime" | "decimal" | "uuid", _:
                return 0, 0
        return whole.around(self._larger([self._judge.size(*pair), self._leaf]))

    def _builtin(self, name: str, node: ast.Call, args: list[ast.expr], env: Env, facts: Facts) -> Ends:
        found = [self.ends(one, env, facts) for one in args if not isinstance(one, ast.Lambda)]
        plain = len(node.args) > 1 and not any(isinstance(one, ast.Starred) for one in node.args)
        match name, args:
            case "len" | "ord", _:
                return 0, _LENGTH
            case "bool" | "isinstance" | "any" | "all", _:
                return 0, 1
            case "str" | "repr" | "float" | "bytes" | "chr", _:
                return 0, 0
            case "int", [value]:
                return self._read(value, env, facts)
            case "int", [ast.Constant(value=str(text)), ast.Constant(value=int(base))]:
                return whole.around(max(base, 10) ** len(text) if len(text) < _SHORT and 2 <= base <= _BASES else None)
            case "int" | "pow", _:
                return (None, None) if args else (0, 0)
            case "round", [value]:
                return self._read(value, env, facts)
            case "round", [value, places]:
                least = self.ends(places, env, facts)[0]
                more = None if least is None or least < -_SHORT else 10 ** max(0, -least)
                size = whole.size(self._read(value, env, facts))
                return whole.around(None if more is None or size is None else size + more)
            case "abs", [_]:
                return whole.absolute(found[0])
            case "min" | "max", _ if plain and not node.keywords:
                return whole.least(found) if name == "min" else whole.greatest(found)
            case "sum", _:
                return whole.around(whole.times(self._larger([whole.size(one) for one in found]), _TURNS))
            case "enumerate", _:
                return whole.any_of(
                    [*found, *(whole.binary(ast.Add(), one, (0, _TURNS)) for one in found[1:]), (0, _TURNS)]
                )
        bodies = [one.body for one in node.args if isinstance(one, ast.Lambda)]
        sizes = [whole.size(one) for one in found] + [self.size(one, env, known.NOTHING) for one in bodies]
        return whole.around(self._larger(sizes)) if sizes else (0, 0)

    def _read(self, value: ast.expr, env: Env, facts: Facts) -> Ends:
        """A whole number that is made of something."""
        found = self._kind(value, env)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return whole.around(10 ** len(value.value) if len(value.value) < _SHORT else None)
        if isinstance(value, ast.Name) and value.id in self._letters:
            return 0, 9
        if found in (INT, BOOL) or (found.module and found != DECIMAL):
            return self.ends(value, env, facts)
        if found == FLOAT:
            return whole.narrowed(value, whole.around(_FLOAT), facts)
        longest = known.highest(value, facts, of_length=True)
        if found == STR and longest is not None and longest < _SHORT:
            return whole.around(10 ** int(longest))
        return whole.narrowed(value, whole.around(_TEXT), facts) if found == DECIMAL else whole.around(_TEXT)

    def _larger(self, sizes: Iterable[int | None]) -> int | None:
        found = list(sizes)
        return None if None in found else max((one for one in found if one is not None), default=0)

    def follow(self, nodes: Iterable[ast.AST], env: Env) -> None:
        """Find how large the names get."""
        nodes = list(nodes)
        self._letters = self.plain._letters = _letters(nodes, partial(self._kind, env=env))
        self.follow_each([(*one, env) for node in nodes for one in given(node)])

    def follow_each(self, given: list[tuple[str, ast.expr, bool, Env]]) -> None:
        """The same, where each value has the types of the names around it. With each: whether it is added."""
        if self.plain is not self:
            self.plain.follow_each(given)
        for _ in range(len(given) + 1):
            changed: set[str] = set()
            for _ in range(_ROUNDS):
                changed = {name for one in given if (name := self._give(*one))}
                if not changed:
                    return
            for name in changed:
                self._set(name, None)
        for name, *_ in given:
            self._set(name, None)

    def _give(self, name: str, value: ast.expr, adds: bool, env: Env) -> str:
        """The name if it gets larger by what it is given."""
        if self._kind(value, env) in _OTHERS:
            return ""
        size = self.size(value, env, known.NOTHING)
        plain = self.plain.size(value, env, known.NOTHING)
        plain = whole.times(plain, _TURNS if adds else 1)
        if not name and plain is not None and plain <= HANDED:
            return ""  # its own name is known to hold it
        if adds:
            size = whole.times(size, _TURNS)
        before = self._names.get(name, 0) if name else self._put
        now = self._larger([before, size])
        self._set(name, now)
        return (name or _PUT) if now != before else ""

    def _set(self, name: str, size: int | None) -> None:
        if name in ("", _PUT):
            self._put = size
        else:
            self._names[name] = size


def _computed(name: str, args: list[ast.expr]) -> int | None:
    """What a function of `math` gives of what is written out."""
    try:
        found = getattr(math, name)(*(ast.literal_eval(one) for one in args))
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        return None
    return abs(found) if isinstance(found, int) else 0 if isinstance(found, float) else None


_PUT = "…put"
_SHORT = 4300
_BASES = 36


def given(node: ast.AST) -> Iterator[tuple[str, ast.expr, bool]]:
    """Names and what they are given; without a name, what is put into a value. Whether it is only added to it."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _bound(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield from _bound(target, value)
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=value):
            yield from ((name, value, True) for name in _names(target))
        case ast.AugAssign(target=target, op=op, value=value):
            now = ast.Name(target.id) if isinstance(target, ast.Name) else getattr(target, "value", value)
            yield from ((name, ast.BinOp(now, op, value), False) for name in _names(target))
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            yield from ((name, value, False) for name in _names(target))
        case ast.arguments():
            yield from ((one.arg, default, False) for one, default in defaults(node))
        case ast.Call(func=function, args=args):
            others = [one for one in args if not isinstance(one, ast.Lambda)]
            others += [function.value] if isinstance(function, ast.Attribute) else []
            for one in (*args, *(keyword.value for keyword in node.keywords)):
                for taken in one.args.args if isinstance(one, ast.Lambda) else ():
                    yield from ((taken.arg, other, False) for other in others)
            if isinstance(function, ast.Attribute) and function.attr in _PUTS:
                for one in others:
                    added = _more(one, function.value)
                    yield from ((name, added or one, added is not None) for name in ("", *_names(function.value)))


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr, bool]]:
    match target, value:
        case ast.Tuple(elts=targets) | ast.List(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                yield from _bound(one, other)
            return
        case ast.Name() | ast.Subscript(), ast.BinOp(left=now, op=ast.Add() | ast.Sub(), right=more) if _is_of(
            now, target
        ):
            yield from ((name, more, True) for name in _names(target))
        case ast.Name() | ast.Subscript(), ast.BinOp(left=more, op=ast.Add(), right=now) if _is_of(now, target):
            yield from ((name, more, True) for name in _names(target))
        case _:
            yield from ((name, value, False) for name in _names(target))


def _letters(nodes: list[ast.AST], type_of: Callable[[ast.expr], Type]) -> frozenset[str]:
    """The names that stand for the letters of texts, and for nothing else."""
    turns = [one for one in nodes if isinstance(one, ast.For)]
    said = (fact for one in turns for fact in each.by_type(one.target, one.iter, type_of))
    named = Counter(name for fact in said if isinstance(fact.node, ast.Compare) for name in fact.names - {"len"})
    stored = Counter(one.id for one in nodes if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load))
    taken = {one.arg for one in nodes if isinstance(one, ast.arg)}
    return frozenset(name for name, count in named.items() if stored[name] == count and name not in taken)


def _more(value: ast.expr, owner: ast.expr) -> ast.expr | None:
    """What is added to an item of a list where the sum becomes its next one."""
    match value:
        case ast.BinOp(left=ast.Subscript(value=of), op=ast.Add() | ast.Sub(), right=more):
            return more if ast.dump(of) == ast.dump(owner) else None
    return None


def _is_of(now: ast.expr, target: ast.expr) -> bool:
    """Whether what something is added to is what has its place there already, or else what is written out."""
    match now, target:
        case ast.Name(id=name), ast.Name(id=other):
            return name == other
        case (
            ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[_, ast.Constant()])
            | ast.Subscript(value=owner),
            ast.Subscript(value=of),
        ):
            return ast.dump(owner) == ast.dump(of)
    return False


def _names(target: ast.expr) -> list[str]:
    """The names that a target binds; of a part of a value, the value's, and what is put anywhere."""
    if isinstance(target, ast.Subscript):
        return ["", *_names(target.value)]
    match target:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [name for one in parts for name in _names(one)]
        case ast.Starred(value=value) | ast.Attribute(value=value):
            return _names(value)
        case ast.Name(id=name):
            return [name]
    return [""]
