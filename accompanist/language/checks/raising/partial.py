"""Which local expressions may raise: an index, a key, a division, a number read from a text.

Three kinds are looked for. A value may be None, or of another type that an operator does not take (`operands`). An
operation may refuse some values of its types. And arithmetic of Decimals may leave what a Decimal can hold. Each counts
as raising unless what is written says otherwise: a constant, a fixed length, or a condition that was asked on the way
(`facts`). Where a type is not known, the program is taken to be well typed.

Not looked at, and so never said to raise: memory, numbers too large for a float, the recursion limit, and what a value
has to be to cross between roles.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from accompanist import limits
from accompanist.language import types
from accompanist.language.checks.raising import decimals, digits, each, few, measured, operands, partial_given, spans
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.indexes import within
from accompanist.language.checks.raising.looked_at import (
    LARGE,
    LONG,
    QUOTIENT,
    SPAN,
    After,
    Called,
    Inside,
    Partial,
    PartialContext,
    nothing,
)
from accompanist.language.checks.raising.written_out import calculates
from accompanist.language.reading import kinds, library
from accompanist.language.reading.enums import counted, formatted
from accompanist.language.reading.kinds import Env, TypeOf
from accompanist.language.reading.library import DECIMAL
from accompanist.language.text.formats import too_wide
from accompanist.language.text.instead import among, as_written, in_brackets, shown
from accompanist.language.text.nodes import children
from accompanist.language.types import BYTES, NONE, STR, WORDS, Type
from accompanist.language.vocabulary import BUILTINS

__all__ = ["LARGE", "QUOTIENT", "After", "Called", "Env", "Inside", "Partial", "Partials", "TypeOf", "nothing"]
_TIMES = ("datetime", "date", "datetime", "timedelta")
_DECIMAL = ("decimal", "Decimal")
_FORMATTED = (types.INT, types.FLOAT, types.STR, types.BOOL)
_MAKES = frozenset({"bool", "float", "int", "len", "repr", "str"})
_SPAN = Type("timedelta", "datetime")
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_REPEATED = ("list", "tuple", "str", "bytes")


class Partials(PartialContext):
    """Looks through expressions."""

    __slots__ = ()

    def first(self, node: ast.expr, env: Env, facts: Facts) -> Partial | None:
        """The first part that may raise."""
        return next(self._of(node, env, facts | self.always), None)

    def every(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        """All the parts that may raise."""
        return self._of(node, env, facts | self.always)

    def untrue(self, node: ast.expr, env: Env, facts: Facts) -> Partial | None:
        """The first part that makes what is of another type than is said of it."""
        return next((one for one in self._of(node, env, facts | self.always) if one.untrue), None)

    def some(self, node: ast.expr, env: Env, facts: Facts) -> tuple[Partial, ...]:
        """The first few parts that may raise."""
        return tuple(islice(self._of(node, env, facts | self.always), limits.partials_told_max))

    def unfit(self, node: ast.expr, wanted: Type | None, env: Env, facts: Facts, sent: bool = False) -> Partial | None:
        """Why a value may be none of the type that it is wanted as. `sent`: it has to have its wire form."""
        found = self.options(node, env, facts)
        kind = self.misfit(found, wanted, sent) if wanted is not None else ""
        if not kind or wanted is None:
            return None
        text = shown(node)
        known = kind == "None" and isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        instead = f"{text} if {text} is not None else …" if known else f"a value of type {wanted.text()}"
        return Partial(node, f"it may be of type {kind}, and {wanted.text()} is wanted", instead, untrue=True)

    def _all(self, nodes: Iterable[ast.expr | None], env: Env, facts: Facts) -> Iterator[Partial]:
        for node in nodes:
            if node is not None:
                yield from self._of(node, env, facts)

    def _of(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        match node:
            case ast.BoolOp(op=op, values=values):
                for value in values:
                    yield from self._of(value, env, facts)
                    yield from self.condition(value, env)
                    facts = known.after(facts, value, isinstance(op, ast.And))
                    env = self.after(value, env, isinstance(op, ast.And))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                yield from self._of(test, env, facts)
                yield from self.condition(test, env)
                for side, holds in ((body, True), (orelse, False)):
                    yield from self._of(side, self.after(test, env, holds), known.after(facts, test, holds))
            case ast.ListComp() | ast.GeneratorExp() | ast.DictComp() | ast.SetComp():
                yield from self._comprehension(node, env, facts)
            case ast.Lambda(args=arguments, body=body):
                names = {one.arg for one in arguments.args}
                hidden = {**env, **dict.fromkeys(names, types.UNKNOWN)}
                yield from self._of(body, hidden, known.without(facts, names))
            case ast.Subscript(value=value, slice=index):
                yield from self._of(value, env, facts)
                yield from self._index(node, value, index, env, facts)
            case ast.Call():
                yield from self._call(node, env, facts)
            case _:
                below = (one for one in children(node) if isinstance(one, ast.expr))
                yield from self._all(below, env, facts)
                yield from self._special(node, env)
                yield from self._form(node, env, facts)

    def condition(self, node: ast.expr, env: Env) -> Iterator[Partial]:
        """Where a value is asked whether it is true, code of its class may run."""
        if why := self.special(self.type_of(node, env)):
            yield Partial(ast.Call(ast.Name("bool", ast.Load()), [node], []), why)

    def _special(self, node: ast.expr, env: Env) -> Iterator[Partial]:
        """Where code of an operand's class runs that nobody calls by its name."""
        match node:
            case ast.Compare(left=left, comparators=others):
                values = [left, *others]
            case ast.BinOp(left=left, right=right):
                values = [left, right]
            case ast.UnaryOp(operand=value) | ast.FormattedValue(value=value):
                values = [value]
            case ast.Call(func=ast.Name(), args=values):
                pass
            case _:
                return
        why = next(filter(None, (self.special(self.type_of(one, env)) for one in values)), "")
        if why:
            yield Partial(node, why)

    def _form(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        match node:
            case ast.BinOp():
                yield from self._arithmetic(node, env, facts)
            case ast.UnaryOp(op=sign, operand=operand):
                yield from self._fits(node, sign, (operand,), env, facts)
                if isinstance(sign, ast.USub | ast.UAdd) and self.may_be(operand, env, _DECIMAL):
                    yield from self._large(node, "", env, facts)
                if isinstance(sign, ast.USub) and self.kind(operand, env) == _SPAN and not _made(operand):
                    yield Partial(node, SPAN)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for first, op, second in zip((left, *others), ops, others, strict=False):
                    yield from self._fits(node, op, (first, second), env, facts)
                    yield from self._compares(node, op, first, second, env, facts)
            case ast.Set(elts=parts):
                yield from self._hashes(node, parts, env)
            case ast.Dict(keys=keys):
                yield from self._hashes(node, [one for one in keys if one is not None], env)
            case ast.Attribute(value=value) if self.none(value, env, facts):
                yield nothing(node, value)
            case ast.Attribute(value=value, attr="value"):
                outcome = self.type_of(value, env)
                ok = ast.Attribute(value, "ok", ast.Load())
                if (outcome.module, outcome.name) == (WORDS, "Outcome") and not known.true(ok, facts):
                    text = in_brackets(as_written(value))
                    yield Partial(node, f"{text} has no value if it was declined", f"{text}.value if {text}.ok else …")
            case ast.Attribute() if why := self.runs(node, env):
                yield Partial(node, why)
            case ast.FormattedValue(value=value) if not digits.writable(value, env, facts, self):
                whole = ast.JoinedStr([node])
                yield Partial(whole, LONG, digits.shorter(whole, value))
            case ast.FormattedValue(value=value, conversion=conversion, format_spec=ast.JoinedStr() as spec):
                found = STR if conversion != -1 else self._written(value, env)
                if not _formats(found, spec):
                    instead = f"str({shown(value)}), without a format"
                    yield Partial(ast.JoinedStr([node]), "the value may not take this format", instead)
            case ast.Starred(value=value) if self.none(value, env, facts):
                yield nothing(value, value)

    def _written(self, value: ast.expr, env: Env) -> Type:
        """The type whose formats a value takes."""
        return formatted(types.unveiled(self.type_of(value, env)), self.comparable.messages)

    def _compares(
        self, node: ast.expr, op: ast.cmpop, left: ast.expr, right: ast.expr, env: Env, facts: Facts
    ) -> Iterator[Partial]:
        if not isinstance(op, ast.Is | ast.IsNot):
            yield from partial_given.no_numbers(node, [left, right], env, self)
        sides = (self.kinds(left, env, facts), self.kinds(right, env, facts)) if isinstance(op, _ORDER) else ((), ())
        if why := self.comparable.unordered(*sides):
            yield Partial(node, why)
        if isinstance(op, ast.In | ast.NotIn):
            inside, sought = self.kind(right, env), self.kind(left, env)
            if inside == BYTES and sought != BYTES and known.number(left) not in range(256):
                yield Partial(node, f"{shown(left)} may be no number from 0 to 255")
            part = self.comparable.unhashable(sought) if inside.name not in (*_REPEATED, "range") else ""
            if part and not (inside.module or isinstance(right, ast.List | ast.Tuple)):
                yield Partial(node, f"{part} can be in no set and be no key")

    def _hashes(self, node: ast.expr, parts: list[ast.expr], env: Env) -> Iterator[Partial]:
        """What is put into a set, or is a key."""
        yield from partial_given.no_numbers(node, parts, env, self)
        found = (
            kinds.item(self.kind(one.value, env)) if isinstance(one, ast.Starred) else self.kind(one, env)
            for one in parts
        )
        if part := next(filter(None, map(self.comparable.unhashable, found)), ""):
            yield Partial(node, f"{part} can be in no set and be no key")

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp, env: Env, facts: Facts
    ) -> Iterator[Partial]:
        for at, generator in enumerate(node.generators):
            yield from self._of(generator.iter, env, facts)
            if self.none(generator.iter, env, facts):
                yield nothing(node, generator.iter)
            element, outer = kinds.item(self.kind(generator.iter, env)), partial(self.kind, env=env)
            if not kinds.fits(generator.target, element):
                yield Partial(node, f"not every item need have {_counted(generator.target, element)} parts")
            bound = kinds.bound(generator.target, element)
            env = self.inside(node.generators[: at + 1], env)
            env = {**env, **{name: one for name, one in bound.items() if not env.get(name, types.UNKNOWN).known}}
            facts = known.without(facts, known.names_in(generator.target))
            facts |= each.said(generator.target, generator.iter, facts)
            facts |= frozenset(known.turned(generator.target, generator.iter))
            facts |= each.by_type(generator.target, generator.iter, outer)
            for condition in generator.ifs:
                yield from self._of(condition, env, facts)
                yield from self.condition(condition, env)
                facts = known.after(facts, condition, True)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        yield from self._all(parts, env, facts)
        if isinstance(node, ast.DictComp | ast.SetComp):
            yield from self._hashes(node, parts[:1], env)

    def _index(self, node: ast.expr, value: ast.expr, index: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        if isinstance(value, ast.Name) and _iterated(value.id):
            return  # a `for` counts its own turns
        if self.none(value, env, facts):
            yield nothing(node, value)
        if (taken := among(node)) is not None:
            yield from self._taken(node, *taken, env, facts)
            return
        if isinstance(index, ast.Slice):
            yield from self._all((index.lower, index.upper, index.step), env, facts)
            if index.step is not None and not known.nonzero(index.step, facts):
                yield Partial(node, "the step of a slice may be zero")
            return
        yield from self._of(index, env, facts)
        owner, place = self.kind(value, env), known.number(index)
        if (owner.name == "dict" and not owner.module) or isinstance(getattr(index, "value", None), str):
            if not known.member(index, value, facts) and not few.all_members(index, value, env, self):
                text, key = in_brackets(value), in_brackets(index, (ast.BinOp, ast.UnaryOp))
                instead = f"{shown(node)} if {key} in {text} else …"
                yield Partial(node, f"{key} may not be in {text}", instead if self.has_default(node, env) else "")
            return
        least = max(self.length(value, env, facts), int(measured.split(value, env, self)))
        if isinstance(place, int) and -least <= place < least:
            return
        beyond = known.below(index, facts) or few.below(index, env, self)
        if beyond and beyond <= least:
            return
        if within(index, value, facts) or (not owner.known and known.member(index, value, facts)):
            return  # what may be a dict; an item of a list is no index of it
        text = in_brackets(value)
        instead = f"{shown(node)} if {_enough(index, text)} else …"
        yield Partial(node, f"{text} may have no such item", instead if self.has_default(node, env) else "")

    def _taken(self, node: ast.expr, text: str, least: int, env: Env, facts: Facts) -> Iterator[Partial]:
        """A part of `first, *rest = values`."""
        whole = next(part for part in ast.walk(node) if isinstance(part, ast.Name))
        if isinstance(getattr(node, "slice", None), ast.Slice) or self.length(whole, env, facts) >= least:
            return
        why = f"{text} may have too few values for the names on the left"
        yield Partial(node, why, f"if len({text}) >= {least}: … around it")

    def _arithmetic(self, node: ast.BinOp, env: Env, facts: Facts) -> Iterator[Partial]:
        left, right, op = node.left, node.right, node.op
        if isinstance(op, ast.Mod) and self.kind(left, env) == STR:
            yield Partial(node, "the values may not take the format", "an f-string")
            return
        yield from self._fits(node, op, (left, right), env, facts)
        nonzero = known.nonzero(right, facts) or decimals.nonzero(right, env, facts, self)
        divides = isinstance(op, ast.Div | ast.FloorDiv | ast.Mod) and not nonzero
        by = in_brackets(right, (ast.BinOp, ast.UnaryOp))
        if self.may_be(left, env, _DECIMAL) or self.may_be(right, env, _DECIMAL):
            yield from self._large(node, by if divides else "", env, facts)
        elif self.may_be(left, env, _TIMES) or self.may_be(right, env, _TIMES):
            yield from spans.arithmetic(node, env, facts, self)
        elif divides:
            yield Partial(node, f"{by} may be zero", f"{shown(node)} if {by} != 0 else …")
        elif isinstance(op, ast.Pow) and not (isinstance(power := known.number(right), int) and power >= 0):
            yield Partial(node, "a power may be one of zero, or too large")
        elif isinstance(op, ast.LShift | ast.RShift) and not (
            known.counts(right) or known.below(right, facts) is not None
        ):
            yield Partial(node, "the number of places may be negative")
        elif isinstance(op, ast.Pow | ast.LShift) and not digits.computes(node, env, facts, self):
            yield Partial(node, LONG, "a smaller power, or fewer places")
        elif isinstance(op, ast.Mult):
            yield from self._repeats(node, env, facts)

    def _large(self, node: ast.expr, by: str, env: Env, facts: Facts) -> Iterator[Partial]:
        """Arithmetic of Decimals. `by`: a divisor that may be zero."""
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        whole = isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv | ast.Mod)
        large = "" if not power and decimals.fits(node, env, facts, self) else QUOTIENT if whole else LARGE
        if by:
            instead = "" if large else f"{shown(node)} if {by} != 0 else …"
            yield Partial(node, f"{by} may be zero{large and f', and {large}'}", instead)
        elif large:
            yield Partial(node, large)

    def _repeats(self, node: ast.BinOp, env: Env, facts: Facts) -> Iterator[Partial]:
        """A text or a list so many times."""
        for whole, times in ((node.left, node.right), (node.right, node.left)):
            found = self.kind(whole, env)
            if found.name in _REPEATED and not found.module and not digits.small(times, env, facts, self):
                yield Partial(node, f"{shown(times)} may be too large a number", digits.fewer(node, times))

    def _call(self, node: ast.Call, env: Env, facts: Facts) -> Iterator[Partial]:
        if isinstance(node.func, ast.Attribute):
            yield from self._of(node.func.value, env, facts)
        elif self.caught(node):
            yield from self._attempted(node, env, facts)
            return
        yield from self._all(node.args, env, facts)
        for one in node.keywords:
            yield from self._keyed(node, one, env, facts)
            if one.arg in ("rel_tol", "abs_tol") and not isinstance(one.value, ast.Constant):
                yield Partial(node, "a tolerance may be negative")
        yield from partial_given.unended_inside(node, env, self)
        if isinstance(node.func, ast.Name) and node.func.id in BUILTINS and node.func.id not in env:
            yield from partial_given.builtin(node, node.func.id, env, facts, self)
        if (found := self.called(_without_strict(node), env, facts)) is not None and not calculates(node):
            yield found
        elif isinstance(node.func, ast.Name) and node.func.id in BUILTINS - {"isinstance", "tuple", "list"}:
            yield from self._special(node, env)
        elif isinstance(node.func, ast.Attribute):
            why = self.runs(node.func, env)
            given = partial_given.method(node, node.func, env, facts, self)
            yield from [Partial(node, why)] if why else given
            if not why:
                asked = partial_given.unknown if self.owned(node.func, env) else partial_given.to_method
                yield from asked(node, node.func, env, facts, self)

    def _attempted(self, node: ast.Call, env: Env, facts: Facts) -> Iterator[Partial]:
        """What an attempt gives may be of another type than is said of it; a text, a number or a truth that it makes
        itself is not. Whether a number is finite the attempt asks."""
        for one in node.args:
            body = one.body if isinstance(one, ast.Lambda) else one
            called = body.func.id if isinstance(body, ast.Call) and isinstance(body.func, ast.Name) else ""
            if not isinstance(body, ast.JoinedStr | ast.Compare) and called not in _MAKES:
                yield from (part for part in self._of(body, env, facts) if part.untrue and part.instead)

    def _keyed(self, node: ast.Call, keyword: ast.keyword, env: Env, facts: Facts) -> Iterator[Partial]:
        """What is given by its name; a function that is given as a key is called with each item."""
        match keyword.value:
            case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)], defaults=[]), body=body) if (
                keyword.arg == "key"
            ):
                whole = node.func.value if isinstance(node.func, ast.Attribute) else (node.args or [body])[0]
                alone = isinstance(node.func, ast.Attribute) or len(node.args) == 1
                item = kinds.item(self.kind(whole, env)) if alone else types.UNKNOWN
                facts = known.without(facts, {name})
                if alone:
                    turn = ast.Name(name, ast.Load())
                    facts |= each.said(turn, whole, facts) | frozenset(known.turned(turn, whole))
                yield from self._of(body, {**env, name: item}, facts)
            case _:
                yield from self._of(keyword.value, env, facts)

    def _fits(
        self, node: ast.expr, op: ast.AST, given: tuple[ast.expr, ...], env: Env, facts: Facts
    ) -> Iterator[Partial]:
        """What an operator does not take."""
        messages = self.comparable.messages
        found = [tuple(counted(option, messages) for option in self.options(one, env, facts)) for one in given]
        empty = next((one for one, options in zip(given, found, strict=True) if NONE in options), None)
        if why := operands.refuses(op, *found):
            yield nothing(node, empty) if empty is not None else Partial(node, f"it does not take {why}")


def _formats(found: Type, written: ast.JoinedStr) -> bool:
    """Whether every value of a type takes a format that is written out."""
    if all(library.is_moment(one) for one in found.options):
        return library.in_digits(written)
    sample: Any = operands.sample(found) if found in (*_FORMATTED, DECIMAL) else None
    spec = "".join(str(one.value) for one in written.values if isinstance(one, ast.Constant))
    if (
        sample is None
        or "c" in spec
        or too_wide(spec)
        or any(not isinstance(one, ast.Constant) for one in written.values)
    ):
        return False
    try:
        format(sample, spec)
    except ValueError:
        return False
    return True


def _enough(index: ast.expr, text: str) -> str:
    """The condition under which something has an item at a place."""
    place = known.number(index)
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub) and place is None:
        return f"0 < {in_brackets(index.operand)} <= len({text})"
    if place in (0, -1):
        return text
    if isinstance(place, int):
        return f"len({text}) > {place}" if place > 0 else f"len({text}) >= {-place}"
    return f"0 <= {in_brackets(index, (ast.BinOp, ast.UnaryOp))} < len({text})"


def _without_strict(node: ast.Call) -> ast.Call:
    """`zip(a, b, strict=False)` is `zip(a, b)`."""
    match node:
        case ast.Call(func=ast.Name(id="zip"), keywords=[ast.keyword(arg="strict", value=ast.Constant(value=False))]):
            return ast.copy_location(ast.Call(node.func, node.args, []), node)
    return node


def _made(node: ast.expr) -> bool:
    """Whether a value is written out in a call."""
    return isinstance(node, ast.Call) and all(isinstance(one, ast.Constant) for one in node.args)


def _counted(target: ast.expr, found: Type) -> int:
    """How many parts an item need not have."""
    if not isinstance(target, ast.Tuple | ast.List) or not kinds.fits(target, found, deep=False):
        return len(getattr(target, "elts", ()))
    pairs = zip(target.elts, found.arguments, strict=True)
    return next((_counted(part, one) for part, one in pairs if not kinds.fits(part, one)), 0)


def _iterated(name: str) -> bool:
    """Whether it is what a `for` goes through; authors cannot write such a name."""
    return name.startswith("_") and name.endswith("_in") and name[1:2].isdigit()
