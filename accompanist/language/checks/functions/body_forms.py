"""Which expressions of a @pure function are read exactly. Behind the commit point any other may raise.

Each form that is read is here, with the types that it is read for. What is taken of such types may still be refused: a
division by zero, say. That is for `partial` to find. A value whose type is not known can be handed on, and nothing else
can be done with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Set
from typing import Protocol

from accompanist.language import types
from accompanist.language.checks.functions.body_parts import changes_itself
from accompanist.language.checks.functions.body_types import NEVER, SETS, Exact, is_lazy, item, join, kind
from accompanist.language.checks.raising import operands
from accompanist.language.checks.raising.comparable import ZONES
from accompanist.language.checks.raising.facts import Facts, names_in, without
from accompanist.language.checks.raising.partial import Partial, Partials
from accompanist.language.reading.enums import counted
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.messages import Messages, missing
from accompanist.language.text.instead import shown
from accompanist.language.types import BOOL, FLOAT, INT, NONE, STR, Type

_NUMBERS = (INT, FLOAT, BOOL, NEVER)
_INDEXES = (INT, BOOL)
_MOMENT = Type("datetime", "datetime")
_GONE_THROUGH = frozenset({"list", "tuple", "dict", "str", "bytes", "iterator", *SETS})
_SIGNED = (INT, FLOAT, BOOL, NONE, Type("Decimal", "decimal"))
_ORDERED = frozenset(
    {INT, FLOAT, BOOL, STR, types.BYTES, NEVER, Type("Decimal", "decimal")}
    | {Type("date", "datetime"), Type("timedelta", "datetime")}
)


class Aliases(Protocol):
    """What the names of a text stand for: a function's, or a choreography's. `own`: those that it binds."""

    @property
    def own(self) -> Set[str]: ...

    def is_class(self, alias: str) -> bool: ...

    def is_foreign(self, alias: str) -> bool: ...


class Forms:
    """Looks through the expressions of one body."""

    def __init__(self, exact: Exact, messages: Messages, partials: Partials, text: Aliases) -> None:
        self.exact, self.messages, self.partials = exact, messages, partials
        self.own, self.is_class, self.is_foreign = text.own, text.is_class, text.is_foreign
        self._hashable: dict[Type, bool] = {}

    def held(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        """Why a value may raise where it is kept: what is lazy raises where it is gone through."""
        yield from self.of(node, env, facts)
        if is_lazy(self.exact.type_of(node, env)) and not _is_range(node):
            yield Partial(node, f"{shown(node)} is computed where it is gone through")

    def gone_through(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        """Why what is gone through at once may raise."""
        yield from self.of(node, env, facts)
        options = self.options(node, env, facts)
        if types.UNKNOWN in options:
            yield Partial(node, f"the type of {shown(node)} is not known exactly")
        if not all(kind(one) in _GONE_THROUGH or one == NONE for one in options):
            yield unread(node)

    def fits(self, target: ast.expr, found: Type) -> bool:
        """Whether a value of a type certainly has the parts that it is unpacked into."""
        match target:
            case ast.Name():
                return True
            case ast.Tuple(elts=parts):
                found = types.unveiled(found)
                fixed = found.name == "tuple" and types.ELLIPSIS not in found.arguments
                same = fixed and len(found.arguments) == len(parts)
                return same and all(map(self.fits, parts, found.arguments))
        return False

    def of(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        """The parts that are not read exactly."""
        match node:
            case ast.Constant():
                return
            case ast.Name(id=name):
                if name not in env and not self.exact.type_of(node, env).known:
                    yield Partial(node, f"{name} {'may have no value' if name in self.own else 'is not known here'}")
            case ast.Attribute():
                yield from self._attribute(node, env, facts)
            case ast.BoolOp(op=op, values=values):
                for value in values:
                    yield from self.of(value, env, facts)
                    if value is not values[-1]:
                        yield from self.asked(value, env)
                    env = self.exact.after(value, env, isinstance(op, ast.And))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                yield from self.of(test, env, facts)
                yield from self.asked(test, env)
                yield from self.of(body, self.exact.after(test, env, True), facts)
                yield from self.of(orelse, self.exact.after(test, env, False), facts)
            case ast.JoinedStr(values=values):
                yield from self.all(values, env, facts)
            case ast.FormattedValue(value=value, conversion=how, format_spec=spec):
                if how != -1 and spec is not None:
                    yield unread(node)
                yield from self.held(value, env, facts)
                yield from self.known(value, env)
                if isinstance(spec, ast.JoinedStr):
                    yield from self.all(spec.values, env, facts)
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                yield from self._parts(parts, env, facts)
                if isinstance(node, ast.Set):
                    yield from self.hashable(node, item(self.exact.type_of(node, env)))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp() | ast.Dict():
                yield from self._made(node, env, facts)
            case ast.Call():
                yield from self.call(node, env, facts)
            case _:
                yield from self._operation(node, env, facts)

    def all(self, nodes: Iterable[ast.expr], env: Env, facts: Facts) -> Iterator[Partial]:
        for node in nodes:
            yield from self.held(node, env, facts)

    def _parts(self, nodes: Iterable[ast.expr], env: Env, facts: Facts) -> Iterator[Partial]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.gone_through(node.value, env, facts)
            else:
                yield from self.held(node, env, facts)

    def options(self, node: ast.expr, env: Env, facts: Facts) -> tuple[Type, ...]:
        return self.partials.options(node, env, facts)

    def known(self, node: ast.expr, env: Env) -> Iterator[Partial]:
        """Python may call code of a value's class; of one that is not known it may be any."""
        found = self.exact.type_of(node, env)
        if why := self.partials.special(found):
            yield Partial(node, why)
        if not found.known:
            yield Partial(node, f"the type of {shown(node)} is not known exactly")
        if (other := next(self._unread(found), None)) is not None:
            yield Partial(node, f"what Python asks of {other.text()} is not read")

    def _unread(self, found: Type) -> Iterator[Type]:
        """The parts of a type that are classes of the project, and none of whose values are known."""
        if self.messages.find(found) is None and self.messages.definition(found) is not None:
            yield found
        yield from (part for one in found.arguments for part in self._unread(one))

    asked = known

    def hashable(self, node: ast.expr, found: Type) -> Iterator[Partial]:
        if not self._is_hashable(found):
            yield Partial(node, f"{shown(node)} may have what cannot be a key")

    def _is_hashable(self, found: Type) -> bool:
        if found not in self._hashable:
            self._hashable[found] = True  # as long as nothing else is known: it may hold itself
            self._hashable[found] = self._hashes(found)
        return self._hashable[found]

    def _hashes(self, found: Type) -> bool:
        message = self.messages.find(found)
        if message is not None:
            fields = (one for _, one in message.fields)
            plain = message.kind == "enum" or (message.frozen and all(map(self._is_hashable, fields)))
            return plain and not self.partials.special(found)
        if found.name in ("|", "tuple", "frozenset") and not found.module:
            return all(map(self._is_hashable, found.arguments))
        if found.module:
            return (found.module, found.name) in types.PORTABLE or found.module == "literal" or found.name == "Literal"
        return found.name in types.SCALARS or found in (NEVER, types.ELLIPSIS)

    def _attribute(self, node: ast.Attribute, env: Env, facts: Facts) -> Iterator[Partial]:
        value, attr = node.value, node.attr
        if isinstance(value, ast.Name) and value.id not in env and self.is_class(value.id):
            message = self.messages.find(self.exact.type_of(node, env))
            if message is None or attr not in message.members:
                yield unread(node)
            return
        yield from self.of(value, env, facts)
        for one in self.options(value, env, facts):
            own = self.messages.find(types.unveiled(one)) is not None and not missing(self.messages, one, attr)
            if one != NONE and not own and not self.exact.type_of(node, env).known:
                yield unread(node)

    def _made(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp | ast.Dict, env: Env, facts: Facts
    ) -> Iterator[Partial]:
        if changes_itself(node):
            yield unread(node)
        if isinstance(node, ast.Dict):
            yield from self._parts((one for one in node.keys if one is not None), env, facts)
            for key, value in zip(node.keys, node.values, strict=True):
                yield from self.held(value, env, facts)
                if key is None and kind(self.exact.type_of(value, env)) != "dict":
                    yield unread(value)
        else:
            for one in node.generators:
                yield from self.gone_through(one.iter, env, facts)
                if not self.fits(one.target, item(self.exact.type_of(one.iter, env))):
                    yield Partial(node, f"not every item need have the parts of {shown(one.target)}")
                env = self.exact.inside([ast.comprehension(one.target, one.iter, [], one.is_async)], env)
                facts = without(facts, names_in(one.target))
                for condition in one.ifs:
                    yield from self.of(condition, env, facts)
                    yield from self.asked(condition, env)
                    env = self.exact.after(condition, env, True)
            parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
            yield from self.all(parts, env, facts)
        found = self.exact.type_of(node, env)
        if found.name in ("dict", "set"):
            yield from self.hashable(node, item(found))

    def _operation(self, node: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield from self.of(operand, env, facts)
                yield from self.asked(operand, env)
            case ast.UnaryOp(operand=operand):
                yield from self.held(operand, env, facts)
                yield from self._plain(node, (operand,), env, facts)
            case ast.BinOp(left=left, op=op, right=right):
                yield from self.all((left, right), env, facts)
                together = isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.Sub)
                if not (together and all(kind(self.exact.type_of(one, env)) in SETS for one in (left, right))):
                    yield from self._plain(node, (left, right), env, facts)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for first, sign, second in zip((left, *others), ops, others, strict=False):
                    yield from self._compared(node, first, sign, second, env, facts)
            case ast.Subscript(value=ast.Name(id=name), slice=index) if name not in env and self.is_class(name):
                yield from self.held(index, env, facts)
                yield Partial(node, f"{shown(index)} may be the name of no member of {shown(node.value)}")
            case ast.Subscript(value=value, slice=index):
                yield from self.held(value, env, facts)
                yield from self._item(node, value, index, env, facts)
            case _:
                yield unread(node)

    def _plain(self, node: ast.expr, given: tuple[ast.expr, ...], env: Env, facts: Facts) -> Iterator[Partial]:
        """An operator takes what is laid beside it: values of types that are known."""
        both = isinstance(node, ast.BinOp)
        options = [self.counted(one, env, facts) if both else self.options(one, env, facts) for one in given]
        others = [option for one in options for option in one if not operands.plain(option)]
        if own := next((option for option in others if option.known), None):
            yield Partial(node, f"what an operator does with {own.text()} is not read")
        for one, found in zip(given, options, strict=True):
            if isinstance(node, ast.UnaryOp) and not all(option in _SIGNED for option in found):
                yield unread(node)
            if not all(operands.plain(option) for option in found):
                yield Partial(node, f"the type of {shown(one)} is not known exactly")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.MatMult):
            rests = (*_NUMBERS, STR, NONE, Type("Decimal", "decimal"), Type("timedelta", "datetime"))
            first = self.exact.type_of(given[0], env)
            if isinstance(node.op, ast.MatMult) or not all(one in rests for one in first.options):
                yield unread(node)
            if first != STR and STR in first.options:
                yield unread(node)

    def _compared(
        self, node: ast.expr, first: ast.expr, op: ast.cmpop, second: ast.expr, env: Env, facts: Facts
    ) -> Iterator[Partial]:
        yield from self.held(first, env, facts)
        if isinstance(op, ast.Is | ast.IsNot):
            yield from self.held(second, env, facts)
            return
        inside = isinstance(op, ast.In | ast.NotIn)
        yield from (self.gone_through if inside else self.held)(second, env, facts)
        for one in (first, second):
            yield from self.known(one, env)
            if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                yield from self.ordered(node, self.counted(one, env, facts))
        options = self.options(second, env, facts)
        if inside and any(kind(one) in ("dict", *SETS) for one in options):
            yield from self.hashable(first, self.exact.type_of(first, env))
        texts = inside and any(kind(one) in ("str", "bytes") for one in options)
        if texts and self.exact.type_of(first, env) not in options:
            yield unread(node)

    def counted(self, node: ast.expr, env: Env, facts: Facts) -> tuple[Type, ...]:
        """The types that a value can be of; a member of an enum that is a number counts as one."""
        return tuple(counted(one, self.messages) for one in self.options(node, env, facts))

    def ordered(self, node: ast.expr, found: Iterable[Type]) -> Iterator[Partial]:
        others = [one for one in found if one != NONE and not _has_order(counted(one, self.messages))]
        if others:
            zones = all(one == _MOMENT for one in others)
            yield Partial(node, ZONES if zones else "not all of them can be compared")

    def _item(self, node: ast.expr, value: ast.expr, index: ast.expr, env: Env, facts: Facts) -> Iterator[Partial]:
        kinds = {kind(one) for one in self.options(value, env, facts) if one != NONE}
        if len(kinds) != 1 or not kinds <= {"list", "tuple", "dict", "str", "bytes"}:
            yield unread(node)
            return
        yield from self.known(value, env)
        if isinstance(index, ast.Slice):
            parts = [one for one in (index.lower, index.upper, index.step) if one is not None]
            if kinds == {"dict"}:
                yield unread(node)
        else:
            parts = [index]
        yield from self.all(parts, env, facts)
        for part in parts:
            found = self.exact.type_of(part, env)
            if kinds == {"dict"}:
                yield from self.hashable(part, found)
            elif found not in _INDEXES:
                yield unread(node)

    def put(self, node: ast.expr, held: Type, value: Type) -> Iterator[Partial]:
        """What is put into a value has to be of the type of what is in it."""
        if held.known and join(held, value) != held:
            yield Partial(node, "it may hold values of another type then", untrue=True)

    def value_of(self, owner: Type) -> Type:
        """The type of the values of a dict."""
        return owner.arguments[1] if kind(owner) == "dict" and len(owner.arguments) == 2 else types.UNKNOWN

    def call(self, node: ast.Call, env: Env, facts: Facts) -> Iterator[Partial]:
        """See `body_calls`."""
        raise NotImplementedError


def unread(node: ast.expr) -> Partial:
    return Partial(node, f"{shown(node)} is of a form that is not read")


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"


def _has_order(found: Type) -> bool:
    if kind(found) in ("list", "tuple"):
        parts = (option for one in found.arguments if one != types.ELLIPSIS for option in one.options)
        return all(one == NONE or _has_order(one) for one in parts)  # of None `operands` knows
    return found in _ORDERED or (kind(found) in SETS and found.known)
