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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from accompanist.language import facts as known
from accompanist.language import operands, total_methods, types
from accompanist.language.facts import Facts
from accompanist.language.instead import as_written, in_brackets
from accompanist.language.library import DECIMAL
from accompanist.language.names import BUILTINS
from accompanist.language.nodes import children
from accompanist.language.types import NONE, WORDS, Type

Env = Mapping[str, Type]
TypeOf = Callable[[ast.expr, Env], Type]
Inside = Callable[[list[ast.comprehension], Env], Env]
_TIMES = ("datetime", "date", "datetime", "timedelta")
After = Callable[[ast.expr, Env, bool], Env]
Called = Callable[[ast.Call, Env, Facts], "Partial | None"]


@dataclass(frozen=True, slots=True)
class Partial:
    """A part of an expression that may raise: why, and what could be written instead of it. Empty where only another
    place helps, or an attempt."""

    node: ast.expr
    why: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Partials:
    """Looks through expressions. `called`: whether a call of a function or class may raise. `caught`: whether what it
    raises becomes a value. `runs`: why a property or a method of a message may raise, empty if it cannot; `special`:
    why what Python itself calls of a value may, as where it is compared or shown. `after`: the types of names where a
    condition holds, or does not. `owned`: whether what is called is a method of one of Python's own values."""

    type_of: TypeOf
    inside: Inside
    called: Called
    caught: Callable[[ast.Call], bool]
    runs: Callable[[ast.Attribute, Env], str] = lambda node, env: ""
    special: Callable[[Type], str] = lambda owner: ""
    after: After = lambda test, env, holds: env
    owned: Callable[[ast.Attribute, Env], bool] = lambda function, env: True

    def first(self, node: ast.expr, env: Env, facts: Facts) -> Partial | None:
        """The first part that may raise."""
        return next(self._of(node, env, facts), None)

    def unfit(self, node: ast.expr, wanted: Type | None, env: Env, facts: Facts, sent: bool = False) -> Partial | None:
        """Why a value may be none of the type that it is wanted as. `sent`: it has to have its wire form."""
        kind = operands.misfit(self.options(node, env, facts), wanted, sent) if wanted is not None else ""
        if not kind or wanted is None:
            return None
        text = ast.unparse(node)
        known = kind == "None" and isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        instead = f"{text} if {text} is not None else …" if known else f"a value of type {wanted.text()}"
        return Partial(node, f"it may be of type {kind}, and {wanted.text()} is wanted", instead)

    def _all(self, nodes: Iterable[ast.expr | None], env: Env, facts: Facts) -> Iterator[Partial]:
        for node in nodes:
            if node is not None:
                yield from self._of(node, env, facts)

    def _of(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        match node:
            case ast.BoolOp(op=op, values=values):
                for value in values:
                    yield from self._of(value, env, facts)
                    facts = known.after(facts, value, isinstance(op, ast.And))
                    env = self.after(value, env, isinstance(op, ast.And))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                yield from self._of(test, env, facts)
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
                if isinstance(sign, ast.USub | ast.UAdd) and self._is(operand, env, _DECIMAL):
                    yield Partial(node, LARGE)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for first, op, second in zip((left, *others), ops, others, strict=False):
                    yield from self._fits(node, op, (first, second), env, facts)
                if any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in ops):
                    moments = [one for one in (left, *others) if self._is(one, env, ("datetime", "datetime", "time"))]
                    if moments:
                        yield Partial(node, "two moments cannot be compared if only one of them has a time zone")
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
            case ast.FormattedValue(value=value, format_spec=ast.JoinedStr(values=parts)):
                if not self._formats(value, parts, env):
                    instead = f"str({ast.unparse(value)}), without a format"
                    yield Partial(ast.JoinedStr([node]), "the value may not take this format", instead)
            case ast.Starred(value=value) if self.none(value, env, facts):
                yield nothing(value, value)

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp, env: Env, facts: Facts
    ) -> Iterator[Partial]:
        for at, generator in enumerate(node.generators):
            yield from self._of(generator.iter, env, facts)
            if self.none(generator.iter, env, facts):
                yield nothing(node, generator.iter)
            element = types.element(self.type_of(generator.iter, env))
            if isinstance(generator.target, ast.Tuple) and not _fits(generator.target, element):
                count = len(generator.target.elts)
                yield Partial(node, f"not every item need have {count} parts")
            env = self.inside(node.generators[: at + 1], env)
            facts = known.without(facts, known.names_in(generator.target))
            if isinstance(generator.target, ast.Name):
                counted = ast.Compare(ast.Name(generator.target.id, ast.Load()), [ast.In()], [generator.iter])
                facts |= {known.Fact(counted, True)}
            for condition in generator.ifs:
                yield from self._of(condition, env, facts)
                facts = known.after(facts, condition, True)
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        yield from self._all(parts, env, facts)

    def _index(self, node: ast.expr, value: ast.expr, index: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        if isinstance(value, ast.Name) and _iterated(value.id):
            return  # a `for` counts its own turns
        if self.none(value, env, facts):
            yield nothing(node, value)
        if isinstance(index, ast.Slice):
            yield from self._all((index.lower, index.upper, index.step), env, facts)
            if index.step is not None and not known.nonzero(index.step, facts):
                yield Partial(node, "the step of a slice may be zero")
            return
        yield from self._of(index, env, facts)
        text, place = in_brackets(value), known.number(index)
        owner = types.unveiled(self.type_of(value, env))
        if owner.name == "dict" and not owner.module:
            if not known.member(index, value, facts):
                key = in_brackets(index, (ast.BinOp, ast.UnaryOp))
                instead = f"{ast.unparse(node)} if {key} in {text} else …"
                yield Partial(node, f"{key} may not be in {text}", instead if self._has_default(node, env) else "")
            return
        least = known.length(value, facts)
        if owner.name == "tuple" and owner.arguments and types.ELLIPSIS not in owner.arguments:
            least = max(least, len(owner.arguments))
        if isinstance(place, int) and -least <= place < least:
            return
        if known.within(index, value, facts) or (not owner.known and known.member(index, value, facts)):
            return  # what may be a dict; an item of a list is no index of it
        if isinstance(value, ast.Name) and value.id[:1] == "_" and value.id[1:].isdigit():
            yield Partial(node, "there may be too few values for the names on the left")
            return
        at = in_brackets(index, (ast.BinOp, ast.UnaryOp))
        enough = text if place in (0, -1) else f"0 <= {at} < len({text})"
        if isinstance(place, int) and place not in (0, -1):
            enough = f"len({text}) > {place}" if place > 0 else f"len({text}) >= {-place}"
        instead = f"{ast.unparse(node)} if {enough} else …"
        yield Partial(node, f"{text} may have no such item", instead if self._has_default(node, env) else "")

    def _arithmetic(self, node: ast.BinOp, env: Env, facts: Facts) -> Iterator[Partial]:
        left, right, op = node.left, node.right, node.op
        yield from self._fits(node, op, (left, right), env, facts)
        if self._is(left, env, _DECIMAL) or self._is(right, env, _DECIMAL):
            yield Partial(node, LARGE)
        elif self._is(left, env, _TIMES) or self._is(right, env, _TIMES):
            yield Partial(node, "a moment may lie outside of what a calendar has")
        elif isinstance(op, ast.Mod) and self.type_of(left, env) == types.STR:
            yield Partial(node, "the values may not take the format", "an f-string")
        elif isinstance(op, ast.Div | ast.FloorDiv | ast.Mod) and not known.nonzero(right, facts):
            by = in_brackets(right, (ast.BinOp, ast.UnaryOp))
            yield Partial(node, f"{by} may be zero", f"{ast.unparse(node)} if {by} != 0 else …")
        elif isinstance(op, ast.Pow) and not (isinstance(power := known.number(right), int) and power >= 0):
            yield Partial(node, "a power may be one of zero, or too large")
        elif isinstance(op, ast.LShift | ast.RShift) and not known.counts(right):
            yield Partial(node, "the number of places may be negative")

    def _call(self, node: ast.Call, env: Env, facts: Facts) -> Iterator[Partial]:
        if isinstance(node.func, ast.Attribute):
            yield from self._of(node.func.value, env, facts)
        elif self.caught(node):
            return
        yield from self._all((*node.args, *(one.value for one in node.keywords)), env, facts)
        if (found := self.called(node, env, facts)) is not None:
            yield found
        elif isinstance(node.func, ast.Name) and node.func.id in BUILTINS - {"isinstance", "tuple", "list"}:
            yield from self._special(node, env)
        elif isinstance(node.func, ast.Attribute):
            why = self.runs(node.func, env)
            yield from [Partial(node, why)] if why else self._method(node, node.func, env, facts)
            if not why and self.owned(node.func, env):
                yield from self._unknown(node, node.func, facts)

    def _method(self, node: ast.Call, method: ast.Attribute, env: Env, facts: Facts) -> Iterator[Partial]:
        text, first = ast.unparse(method.value), node.args[0] if node.args else None
        if self.none(method.value, env, facts):
            yield nothing(node, method.value)
        if method.attr in _TAKES_NO_NONE and self._is(method.value, env, ("", "str", "bytes")):
            yield from (nothing(node, one) for one in node.args if self.none(one, env, facts))
        if method.attr == "join" and first is not None and self.holds_none(first, env):
            yield Partial(node, f"not every item of {ast.unparse(first)} need be a text")
        match method.attr:
            case "index" | "rindex":
                instead = f"{text}.{method.attr.replace('index', 'find')}(…), which gives -1"
                yield Partial(node, f"what is looked for may not be in {text}", instead)
            case "decode" | "encode":
                yield Partial(node, f"{text} may hold what cannot be written so")
            case "split" | "rsplit" | "partition" | "rpartition" if first is not None:
                if not known.length(first, facts):
                    yield Partial(node, "the text that it is split at may be empty")
            case "quantize" | "to_integral_value" | "normalize":
                yield Partial(node, f"{text} may have more digits than a Decimal keeps")
            case "replace" if node.keywords or types.unveiled(self.type_of(method.value, env)).module == "datetime":
                yield Partial(node, "a moment may lie outside of what a calendar has")
            case "ljust" | "rjust" | "center" if len(node.args) > 1 and not _letter(node.args[1]):
                yield Partial(node, "what it is filled up with may not be one letter")

    def _unknown(self, node: ast.Call, method: ast.Attribute, facts: Facts) -> Iterator[Partial]:
        """A method that is not known to take every value."""
        name, text = method.attr, ast.unparse(method.value)
        if name in total_methods.TOTAL or name in _ASKED or total_methods.takes_out(name, node, method.value, facts):
            return
        takes = name in ("pop", "popitem", "remove")
        yield Partial(node, f"{text} may have no such item" if takes else f"{name} is not known never to")

    def options(self, node: ast.expr, env: Env, facts: Facts) -> tuple[Type, ...]:
        """The types that a value can be of, after what conditions have said of it."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):  # the others are given if they are true
            *others, last = (self.options(one, env, facts) for one in node.values)
            return (*(one for other in others for one in other if one != NONE), *last)
        return operands.options(node, self.type_of(node, env), facts)

    def none(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        """Whether a value may be None."""
        return NONE in self.options(node, env, facts)

    def holds_none(self, node: ast.expr, env: Env) -> bool:
        """Whether something in a list may be None."""
        return NONE in operands.options(node, types.element(types.unveiled(self.type_of(node, env))), known.NOTHING)

    def _has_default(self, node: ast.expr, env: Env) -> bool:
        """Whether there is a value of its type that can be written out: there is none of a message."""
        found = types.unveiled(self.type_of(node, env))
        return any(not one.known or operands.plain(one) for one in found.options)

    def _fits(
        self, node: ast.expr, op: ast.AST, given: tuple[ast.expr, ...], env: Env, facts: Facts
    ) -> Iterator[Partial]:
        """What an operator does not take."""
        found = [self.options(one, env, facts) for one in given]
        empty = next((one for one, options in zip(given, found, strict=True) if NONE in options), None)
        if why := operands.refuses(op, *found):
            yield nothing(node, empty) if empty is not None else Partial(node, f"it does not take {why}")

    def _is(self, node: ast.expr, env: Env, wanted: tuple[str, ...]) -> bool:
        found = types.unveiled(self.type_of(node, env))
        return found.module == wanted[0] and found.name in wanted[1:]

    def _formats(self, value: ast.expr, parts: list[ast.expr], env: Env) -> bool:
        """Whether every value of its type takes a format that is written out."""
        found = types.unveiled(self.type_of(value, env))
        sample: Any = operands.sample(found) if found in (*_FORMATTED, DECIMAL) else None
        spec = "".join(str(one.value) for one in parts if isinstance(one, ast.Constant))
        if sample is None or "c" in spec or any(not isinstance(one, ast.Constant) for one in parts):
            return False
        try:
            format(sample, spec)
        except ValueError:
            return False
        return True


_FORMATTED = (types.INT, types.FLOAT, types.STR, types.BOOL)
_DECIMAL = ("decimal", "Decimal")
LARGE = "it may be larger than a Decimal can be"
_ASKED = frozenset({"index", "rindex", "decode", "encode", "quantize", "to_integral_value", "normalize", "value"})
"""Methods of which `_method` says why they may raise."""
_TAKES_NO_NONE = frozenset({"center", "count", "endswith", "find", "index", "join", "ljust", "partition", "zfill"}) | {
    *("removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "startswith")
}
"""Methods of texts."""


def nothing(node: ast.expr, value: ast.expr) -> Partial:
    """What is None where it must not be."""
    text = ast.unparse(value)
    simple = isinstance(value, ast.Name | ast.Attribute)
    return Partial(node, f"{text} may be None", f"{ast.unparse(node)} if {text} is not None else …" if simple else "")


def _letter(node: ast.expr) -> bool:
    """Whether one letter is written out."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) == 1


def _iterated(name: str) -> bool:
    """Whether it is what a `for` goes through; authors cannot write such a name."""
    return name.startswith("_") and name.endswith("_in") and name[1:2].isdigit()


def _fits(target: ast.Tuple, element: Type) -> bool:
    """Whether every value of a type has as many parts as there are names."""
    fixed = element.name == "tuple" and element.arguments and types.ELLIPSIS not in element.arguments
    return bool(fixed) and len(element.arguments) == len(target.elts)
