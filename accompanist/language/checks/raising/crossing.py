"""Which numbers may be too large where they cross: are sent, or given to an operation.

A whole number crosses in 64 bits, a float has to be finite, a timer has an end. What is read from a message crosses
again. What is multiplied may not, nor what is added up or made of a float. `x + 1` is taken to cross: it takes a number
that is as large as there is, and asking each time would be noise. So does `x * 100`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from accompanist import limits
from accompanist.language import types
from accompanist.language.checks.raising import decimals, each, finite, measured
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.looked_at import Partial, PartialContext
from accompanist.language.reading.kinds import Env
from accompanist.language.text.instead import in_brackets, shown
from accompanist.language.text.nodes import every_node

_LARGEST = 18
"""The largest power of ten that is below 2 to the 63."""
_OF_WHOLE = 24
"""The same of what is computed of whole numbers of messages, which are taken to be below 10 to the 20."""
_MANY = 1_000
"""Bits of what nothing bounds."""
_MESSAGE = 63
_SMALL = 32
"""The bits of a number by which another one may be multiplied without a question."""
_WHOLE = ("floor", "ceil", "trunc")
_ITEM = ast.Name("?item", ast.Load())


@dataclass(frozen=True, slots=True)
class Crossing:
    """`pair`: what an alias stands for. `makes`: whether a call makes a message of what it is given. `large`: the names
    that were given such a number somewhere."""

    looks: PartialContext
    pair: Callable[[str], tuple[str, str] | None]
    makes: Callable[[ast.Call], bool]
    large: set[str] = field(default_factory=set)

    def of(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        """The parts of a value that may be too large to cross."""
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                for side, holds in ((body, True), (orelse, False)):
                    yield from self.of(side, self.looks.after(test, env, holds), known.after(facts, test, holds))
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                yield from (one for part in parts for one in self.of(part, env, facts))
            case ast.Dict(keys=keys, values=values):
                yield from (one for part in (*keys, *values) if part is not None for one in self.of(part, env, facts))
            case ast.ListComp(elt=elt, generators=turns) | ast.SetComp(elt=elt, generators=turns):
                yield from self.of(elt, self.looks.inside(turns, env), each.in_turns(turns, facts))
            case ast.DictComp(key=key, value=value, generators=turns):
                inside, told = self.looks.inside(turns, env), each.in_turns(turns, facts)
                yield from (*self.of(key, inside, told), *self.of(value, inside, told))
            case ast.Call() if self.looks.caught(node):
                return  # whether it can be sent, the attempt asks
            case ast.Call(args=args, keywords=named) if self.makes(node):
                given = [*args, *(one.value for one in named)]
                yield from (one for part in given for one in self.of(part, env, facts))
            case _:
                yield from self._number(node, env, facts)

    def _number(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        found, text = self.looks.kind(node, env), shown(node)
        asked = in_brackets(node, (ast.BinOp,))
        if found == types.INT and self._bits(node, env, facts) > _MESSAGE:
            why = "it may be a whole number of more than 64 bits, which cannot be sent"
            yield Partial(node, why, f"{text} if -10**{_LARGEST} < {asked} < 10**{_LARGEST} else …")
        elif found == types.FLOAT and self._overflows(node, env, facts):
            yield Partial(node, "it may be too large for a float", f"{text} if -1e200 < {asked} < 1e200 else …")

    def _bits(self, node: ast.expr, env: Env, facts: Facts) -> int:
        """How many bits a whole number has: about 63 where it is no larger than what a message holds."""
        if isinstance(node, ast.BinOp | ast.Call | ast.Name) and self._is_within(node, env, facts):
            ends = decimals.ends(node, env, facts, self.looks)
            return max(int(abs(Decimal(one))).bit_length() for one in ends)
        power = decimals.power(node, env, facts, self.looks)
        if power is not None and power <= _LARGEST:
            return power * 10 // 3 + 1
        if (computed := _computed(node, facts)) is not None:
            return self._bits(computed, env, facts)
        match node:
            case ast.Constant(value=int() as value):
                return value.bit_length()
            case ast.Name(id=name) if name in self.large:
                return _MANY
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                sizes = sorted(self._bits(one, env, facts) for one in (left, right))
                return sizes[1] if sizes[0] <= _SMALL else sum(sizes)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._bits(left, env, facts) * self._count(right)
            case ast.BinOp(left=left, op=ast.LShift(), right=right):
                return self._bits(left, env, facts) + self._count(right)
            case ast.BinOp(left=left, op=ast.FloorDiv() | ast.RShift()):
                return self._bits(left, env, facts)
            case ast.BinOp(op=ast.Mod(), right=right):
                return self._bits(right, env, facts)
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
                return min(self._bits(one, env, facts) for one in (left, right))
            case ast.BinOp(left=left, right=right):
                return max(self._bits(one, env, facts) for one in (left, right))
            case ast.UnaryOp(operand=operand):
                return self._bits(operand, env, facts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return max(
                    self._bits(side, self.looks.after(test, env, holds), known.after(facts, test, holds))
                    for side, holds in ((body, True), (orelse, False))
                )
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._called(name, args, env, facts)
        return _MESSAGE

    def _called(self, name: str, args: list[ast.expr], env: Env, facts: Facts) -> int:
        pair = self.pair(name)
        made = pair[1] if pair is not None and pair[0] == "math" and pair[1] in _WHOLE else name
        match made, args:
            case "len", [_]:
                return _SMALL
            case (("abs" | "min" | "max"), [_, *others]) if others or made == "abs":
                return max(self._bits(one, env, facts) for one in args)
            case "sum", [over, *_]:
                return self._bits(*self._item(over, env, facts)) + _SMALL - 1
            case (("int" | "round" | "floor" | "ceil" | "trunc"), [value]) if self.looks.kind(value, env) != types.INT:
                return self._made(value, env, facts)
        return _MESSAGE

    def _made(self, value: ast.expr, env: Env, facts: Facts) -> int:
        """The bits of a whole number that is made of a float, a Decimal or a text."""
        found = self.looks.kind(value, env)
        if found == types.STR:
            longest = measured.longest(value, env, facts, self.looks)
            return _MESSAGE if longest is not None and longest <= _LARGEST else _MANY
        if self._is_within(value, env, facts):
            return _MESSAGE
        of = finite.power if found == types.FLOAT else decimals.power
        power = of(value, env, facts, self.looks)
        leaves = (one for one in every_node(value) if isinstance(one, ast.Name | ast.Attribute))
        whole = not any(self.looks.kind(one, env) == types.FLOAT for one in leaves)
        most = _OF_WHOLE if whole and found == types.FLOAT else _LARGEST  # `round(cents * 0.19)`
        return _MESSAGE if found == types.BOOL or (power is not None and power <= most) else _MANY

    def _is_within(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        """Whether a condition has said that a number has 64 bits at most, whatever it is computed of."""
        ends = decimals.ends(node, env, frozenset(fact for fact in facts if fact.holds), self.looks)
        return bool(ends) and all(abs(Decimal(one)) <= 10**_LARGEST for one in ends)

    def _count(self, node: ast.expr) -> int:
        """How often a number is multiplied by itself, or how many places it is moved."""
        found = known.number(node)
        return found if isinstance(found, int) and 0 <= found < _MANY else _MANY

    def _item(self, over: ast.expr, env: Env, facts: Facts) -> tuple[ast.expr, Env, Facts]:
        """An item of what is added up, with what is known of it."""
        match over:
            case ast.GeneratorExp(elt=elt, generators=turns) | ast.ListComp(elt=elt, generators=turns):
                return elt, self.looks.inside(turns, env), each.in_turns(turns, facts)
        inside = {**env, _ITEM.id: types.element(self.looks.kind(over, env))}
        return _ITEM, inside, facts | each.said(_ITEM, over, facts)

    def _overflows(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        """Whether a float may get too large where it is computed."""
        if self._is_bounded(node, env, facts):
            return False
        match node:
            case ast.Name(id=name):
                return name in self.large
            case ast.BinOp(left=left, op=op, right=right):
                if any(self._overflows(one, env, facts) for one in (left, right)):
                    return True
                free = [not self._is_bounded(one, env, facts) for one in (left, right)]
                if isinstance(op, ast.Add | ast.Sub):
                    return all(free)
                if isinstance(op, ast.Mult):
                    return not any(self._is_part(one, env, facts) for one in (left, right))
                if isinstance(op, ast.Div):
                    return not self._is_large(right, env, facts)
                return isinstance(op, ast.Pow)
            case ast.UnaryOp(operand=operand):
                return self._overflows(operand, env, facts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return any(
                    self._overflows(side, self.looks.after(test, env, holds), known.after(facts, test, holds))
                    for side, holds in ((body, True), (orelse, False))
                )
            case ast.Call(func=ast.Name(id="sum"), args=[over, *_]):
                return not self._is_bounded(*self._item(over, env, facts))
            case ast.Call(func=ast.Name(id="abs" | "min" | "max" | "round"), args=args):
                return any(self._overflows(one, env, facts) for one in args)
        return False

    def _is_bounded(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        return finite.power(node, env, facts, self.looks) is not None

    def _is_part(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        """Whether what is multiplied by it gets no larger."""
        written = decimals.number(node, env, facts, self.looks)
        ends = [written] if written is not None else decimals.ends(node, env, facts, self.looks)
        return bool(ends) and all(abs(Decimal(one)) <= 1 for one in ends)

    def _is_large(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        """Whether what is divided by it gets no larger."""
        written = decimals.number(node, env, facts, self.looks)
        return self.looks.kind(node, env) == types.INT or (written is not None and abs(Decimal(written)) >= 1)

    def timer(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        """Seconds that may be more than a timer runs for."""
        most = self._most(node, env, facts)
        if most is None or most > limits.timer_seconds_max:
            why = f"{shown(node)} may be more seconds than ten years have, and no timer runs longer"
            yield Partial(node, why, f"min({shown(node)}, {limits.timer_seconds_max:.0f})")

    def _most(self, node: ast.expr, env: Env, facts: Facts) -> float | None:
        """What a number certainly does not exceed."""
        if (written := decimals.number(node, env, facts, self.looks)) is not None:
            return float(written)
        told = [
            decimals.number(than, env, facts, self.looks) for op, than in known.compared(node, facts) if op in _UPPER
        ]
        told += [max(ends)] if (ends := decimals.ends(node, env, facts, self.looks)) else []
        if any(one is not None for one in told):
            return min(float(one) for one in told if one is not None)
        if (computed := _computed(node, facts)) is not None:
            return self._most(computed, env, facts)
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                first, other = self._most(left, env, facts), self._most(right, env, facts)
                return self._of_two(node, op, first, other, facts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                sides = [
                    self._most(side, self.looks.after(test, env, holds), known.after(facts, test, holds))
                    for side, holds in ((body, True), (orelse, False))
                ]
                return None if None in sides else max(one for one in sides if one is not None)
            case ast.Call(func=ast.Name(id="min"), args=[_, _, *_] as args, keywords=[]):
                return min((one for part in args if (one := self._most(part, env, facts)) is not None), default=None)
            case ast.Call(func=ast.Name(id="max"), args=[_, _, *_] as args, keywords=[]):
                most = [self._most(one, env, facts) for one in args]
                return None if None in most else max(one for one in most if one is not None)
            case ast.Call(func=ast.Name(id="float" | "int" | "round"), args=[value], keywords=[]):
                inner = self._most(value, env, facts)
                return None if inner is None else inner + 1
        return 1.0 if self.looks.kind(node, env) == types.BOOL else None

    def _of_two(
        self, node: ast.BinOp, op: ast.operator, first: float | None, other: float | None, facts: Facts
    ) -> float | None:
        if isinstance(op, ast.Mod) and other is not None and other > 0:
            return other
        if first is None:
            return None
        match op:
            case ast.Sub() if known.natural(node.right, facts):
                return first
            case ast.Div() | ast.FloorDiv() if isinstance(than := known.number(node.right), int) and than > 0:
                return max(0.0, first)
            case ast.Add() if other is not None:
                return first + other
            case ast.Mult() if other is not None and any(known.positive(one, facts) for one in (node.left, node.right)):
                return max(0.0, first) * max(0.0, other)
        return None


def _computed(node: ast.expr, facts: Facts) -> ast.expr | None:
    """What a constant is computed of: `DAY = 24 * 3600`."""
    if not isinstance(node, ast.Name):
        return None
    given = (than for op, than in known.compared(node, facts) if op is ast.Eq and isinstance(than, ast.BinOp))
    return next((than for than in given if node.id not in known.names_in(than)), None)


_UPPER = (ast.Lt, ast.LtE, ast.Eq)
