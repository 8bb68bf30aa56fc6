"""Which local expressions may raise: an index, a key, a division, a number read from a text.

Taken for granted is that the program is well typed: that `a + b` are things that can be added is for a type checker to
say. What is left are operations that types allow and some values do not. Each counts as raising unless what is written
says otherwise: a constant, a fixed length, or a condition that was asked on the way (`facts`).

Not looked at, and so never said to raise: memory, numbers too large for a float, the recursion limit, and what a value
has to be to cross between roles.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from accompanist.language import facts as known
from accompanist.language import types
from accompanist.language.facts import Facts
from accompanist.language.names import BUILTINS
from accompanist.language.types import WORDS, Type

Env = Mapping[str, Type]
TypeOf = Callable[[ast.expr, Env], Type]
Inside = Callable[[list[ast.comprehension], Env], Env]
_TIMES = ("datetime", "date", "datetime", "timedelta")
Called = Callable[[ast.Call, Env, Facts], "Partial | None"]


@dataclass(frozen=True, slots=True)
class Partial:
    """A part of an expression that may raise: why, and what could be written instead of it."""

    node: ast.expr
    why: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Partials:
    """Looks through expressions. `called`: whether a call of a function or class may raise. `caught`: whether what it
    raises becomes a value. `runs`: why a property or a method of a message may raise, empty if it cannot; `special`:
    why what Python itself calls of a value may, as where it is compared or shown."""

    type_of: TypeOf
    inside: Inside
    called: Called
    caught: Callable[[ast.Call], bool]
    runs: Callable[[ast.Attribute, Env], str] = lambda node, env: ""
    special: Callable[[Type], str] = lambda owner: ""

    def first(self, node: ast.expr, env: Env, facts: Facts) -> Partial | None:
        """The first part that may raise."""
        return next(self._of(node, env, facts), None)

    def _all(self, nodes: Iterable[ast.expr | None], env: Env, facts: Facts) -> Iterator[Partial]:
        for node in nodes:
            if node is not None:
                yield from self._of(node, env, facts)

    def _of(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        match node:
            case ast.BoolOp(op=op, values=values):
                for value in values:
                    yield from self._of(value, env, facts)
                    facts |= frozenset(known.learnt(value, isinstance(op, ast.And)))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                yield from self._of(test, env, facts)
                yield from self._of(body, env, facts | frozenset(known.learnt(test, True)))
                yield from self._of(orelse, env, facts | frozenset(known.learnt(test, False)))
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
                children = (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr))
                yield from self._all(children, env, facts)
                yield from self._special(node, env)
                yield from self._form(node, env, facts)

    def _special(self, node: ast.expr, env: Env) -> Iterator[Partial]:
        """Where code of an operand's class runs that nobody calls by its name."""
        match node:
            case ast.Compare(left=left, comparators=others):
                operands = [left, *others]
            case ast.BinOp(left=left, right=right):
                operands = [left, right]
            case ast.UnaryOp(operand=value) | ast.FormattedValue(value=value):
                operands = [value]
            case ast.Call(func=ast.Name(), args=operands):
                pass
            case _:
                return
        why = next(filter(None, (self.special(self.type_of(one, env)) for one in operands)), "")
        if why:
            yield Partial(node, why)

    def _form(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        match node:
            case ast.BinOp():
                yield from self._arithmetic(node, env, facts)
            case ast.Compare(left=left, ops=ops, comparators=others):
                if any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in ops):
                    moments = [one for one in (left, *others) if self._is(one, env, ("datetime", "datetime", "time"))]
                    if moments:
                        yield Partial(node, "two moments cannot be compared if only one of them has a time zone")
            case ast.Attribute(value=value, attr="value"):
                outcome = self.type_of(value, env)
                ok = ast.Attribute(value, "ok", ast.Load())
                if (outcome.module, outcome.name) == (WORDS, "Outcome") and not known.true(ok, facts):
                    text = ast.unparse(value)
                    yield Partial(node, f"{text} has no value if it was declined", f"{text}.value if {text}.ok else …")
            case ast.Attribute() if why := self.runs(node, env):
                yield Partial(node, why)
            case ast.FormattedValue(value=value, format_spec=ast.JoinedStr(values=parts)):
                if not self._formats(value, parts, env):
                    yield Partial(node, "the value may not take this format")

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp, env: Env, facts: Facts
    ) -> Iterator[Partial]:
        for at, generator in enumerate(node.generators):
            yield from self._of(generator.iter, env, facts)
            element = types.element(self.type_of(generator.iter, env))
            if isinstance(generator.target, ast.Tuple) and not _fits(generator.target, element):
                count = len(generator.target.elts)
                yield Partial(generator.target, f"not every item need have {count} parts")
            env = self.inside(node.generators[: at + 1], env)
            facts = known.without(facts, known.names_in(generator.target))
            if isinstance(generator.target, ast.Name):
                counted = ast.Compare(ast.Name(generator.target.id, ast.Load()), [ast.In()], [generator.iter])
                facts |= {known.Fact(counted, True)}
            for condition in generator.ifs:
                yield from self._of(condition, env, facts)
                facts |= frozenset(known.learnt(condition, True))
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        yield from self._all(parts, env, facts)

    def _index(self, node: ast.expr, value: ast.expr, index: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        if isinstance(value, ast.Name) and _iterated(value.id):
            return  # a `for` counts its own turns
        if isinstance(index, ast.Slice):
            yield from self._all((index.lower, index.upper, index.step), env, facts)
            if index.step is not None and not known.nonzero(index.step, facts):
                yield Partial(node, "the step of a slice may be zero")
            return
        yield from self._of(index, env, facts)
        text, place = ast.unparse(value), known.number(index)
        owner = types.unveiled(self.type_of(value, env))
        if owner.name == "dict" and not owner.module:
            if not known.member(index, value, facts):
                key = ast.unparse(index)
                yield Partial(node, f"{key} may not be in {text}", f"{ast.unparse(node)} if {key} in {text} else …")
            return
        least = known.length(value, facts)
        if owner.name == "tuple" and owner.arguments and types.ELLIPSIS not in owner.arguments:
            least = max(least, len(owner.arguments))
        if isinstance(place, int) and -least <= place < least:
            return
        if known.within(index, value, facts) or known.member(index, value, facts):
            return
        if isinstance(value, ast.Name) and value.id[:1] == "_" and value.id[1:].isdigit():
            yield Partial(node, "there may be too few values for the names on the left")
            return
        enough = text if place in (0, -1) else f"len({text}) > {ast.unparse(index)}"
        yield Partial(node, f"{text} may have no such item", f"{ast.unparse(node)} if {enough} else …")

    def _arithmetic(self, node: ast.BinOp, env: Env, facts: Facts) -> Iterator[Partial]:
        left, right, op = node.left, node.right, node.op
        if self._is(left, env, _TIMES) or self._is(right, env, _TIMES):
            yield Partial(node, "a moment may lie outside of what a calendar has")
        elif isinstance(op, ast.Mod) and self.type_of(left, env) == types.STR:
            yield Partial(node, "the values may not take the format", "an f-string")
        elif isinstance(op, ast.Div | ast.FloorDiv | ast.Mod) and not known.nonzero(right, facts):
            by = ast.unparse(right)
            yield Partial(node, f"{by} may be zero", f"{ast.unparse(node)} if {by} != 0 else …")
        elif isinstance(op, ast.Pow) and not (isinstance(power := known.number(right), int) and power >= 0):
            yield Partial(node, "a power may be one of zero, or too large")
        elif isinstance(op, ast.LShift | ast.RShift) and not isinstance(known.number(right), int):
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

    def _method(self, node: ast.Call, method: ast.Attribute, env: Env, facts: Facts) -> Iterator[Partial]:
        text, first = ast.unparse(method.value), node.args[0] if node.args else None
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
            case "ljust" | "rjust" | "center" if len(node.args) > 1 and not isinstance(node.args[1], ast.Constant):
                yield Partial(node, "what it is filled up with may not be one letter")

    def _is(self, node: ast.expr, env: Env, wanted: tuple[str, ...]) -> bool:
        found = types.unveiled(self.type_of(node, env))
        return found.module == wanted[0] and found.name in wanted[1:]

    def _formats(self, value: ast.expr, parts: list[ast.expr], env: Env) -> bool:
        """Whether every value of its type takes a format that is written out."""
        found = types.unveiled(self.type_of(value, env))
        sample: Any = _SAMPLES.get(found.name) if not found.module else None
        spec = "".join(str(one.value) for one in parts if isinstance(one, ast.Constant))
        if sample is None or "c" in spec or any(not isinstance(one, ast.Constant) for one in parts):
            return False
        try:
            format(sample, spec)
        except ValueError:
            return False
        return True


_SAMPLES: Mapping[str, object] = {"int": 1, "float": 1.5, "str": "a", "bool": True}


def _iterated(name: str) -> bool:
    """Whether it is what a `for` goes through; authors cannot write such a name."""
    return name.startswith("_") and name.endswith("_in") and name[1:2].isdigit()


def _fits(target: ast.Tuple, element: Type) -> bool:
    """Whether every value of a type has as many parts as there are names."""
    fixed = element.name == "tuple" and element.arguments and types.ELLIPSIS not in element.arguments
    return bool(fixed) and len(element.arguments) == len(target.elts)
