"""What the judges of expressions that may raise share: what a part that may is called, and the types of values."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from accompanist.language import types
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising import operands
from accompanist.language.checks.raising.comparable import Comparable
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.sizes import Sizes, Unknown
from accompanist.language.reading import kinds
from accompanist.language.reading.kinds import Env, TypeOf
from accompanist.language.reading.overrides import overrides
from accompanist.language.text.instead import shown
from accompanist.language.types import NONE, Type

Inside = Callable[[list[ast.comprehension], Env], Env]
After = Callable[[ast.expr, Env, bool], Env]
Called = Callable[[ast.Call, Env, Facts], "Partial | None"]
LARGE = "nothing bounds it: it may be larger than a Decimal can be"
QUOTIENT = "the quotient may have more digits than a Decimal keeps"
LONG = "it may have more digits than can be written"
_NO_CLASSES = Comparable()
UNENDED = "it may be no finite number"
SPAN = "a span of time may be larger than it can be"


@dataclass(frozen=True, slots=True)
class Partial:
    """A part of an expression that may raise: why, and what could be written instead of it. Empty where only another
    place helps, or an attempt. `untrue`: what it makes is of another type than is said of it, which raises elsewhere:
    no `try` around it helps."""

    node: ast.expr
    why: str
    instead: str = ""
    untrue: bool = False


@dataclass(frozen=True, slots=True)
class PartialContext:
    """What is asked about expressions. `called`: whether a call of a function or class may raise. `caught`: whether
    what it raises becomes a value. `runs`: why a property or a method of a message may raise, empty if it cannot;
    `special`: why what Python itself calls of a value may, as where it is compared or shown. `after`: the types of
    names where a condition holds, or does not. `owned`: whether what is called is a method of one of Python's own
    values. `endless`: whether a value may be no finite number, or hold one. `comparable`: which values have an order.
    `always`: what is known of constants. `sizes`: how large whole numbers may be."""

    type_of: TypeOf
    inside: Inside
    called: Called
    caught: Callable[[ast.Call], bool]
    runs: Callable[[ast.Attribute, Env], str] = lambda node, env: ""
    special: Callable[[Type], str] = lambda owner: ""
    after: After = lambda test, env, holds: env
    owned: Callable[[ast.Attribute, Env], bool] = lambda function, env: True
    endless: Callable[[ast.expr, Env], bool] = lambda node, env: False
    comparable: Comparable = _NO_CLASSES
    always: Facts = known.NOTHING
    sizes: Sizes = field(default_factory=lambda: Sizes({}, Unknown(), lambda node, env: types.UNKNOWN))

    def kind(self, node: ast.expr, env: Env) -> Type:
        """The type of a value; where nothing says it, its form may."""
        return types.unveiled(kinds.of(node, env, self.type_of))

    def options(self, node: ast.expr, env: Env, facts: Facts) -> tuple[Type, ...]:
        """The types that a value can be of, after what conditions have said of it."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):  # the others are given if they are true
            *others, last = (self.options(one, env, facts) for one in node.values)
            return (*(one for other in others for one in other if one != NONE), *last)
        return operands.options(node, self.type_of(node, env), facts)

    def kinds(self, node: ast.expr, env: Env, facts: Facts) -> tuple[Type, ...]:
        """The same; where nothing says it, by the form of the expression."""
        found = self.options(node, env, facts)
        return found if all(one.known for one in found) else self.kind(node, env).options

    def none(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        """Whether a value may be None."""
        return NONE in self.options(node, env, facts)

    def holds_none(self, node: ast.expr, env: Env) -> bool:
        """Whether something in a list may be None."""
        return NONE in operands.options(node, types.element(types.unveiled(self.type_of(node, env))), known.NOTHING)

    def has_default(self, node: ast.expr, env: Env) -> bool:
        """Whether there is a value of its type that can be written out: there is none of a message."""
        found = types.unveiled(self.type_of(node, env))
        return any(not one.known or operands.plain(one) for one in found.options)

    def misfit(self, found: tuple[Type, ...], wanted: Type, sent: bool = False) -> str:
        """Which type a value may be of that is none of what is wanted, or takes its place with code of its own."""
        messages = self.comparable.messages
        if (unfit := operands.unfit(found, wanted, sent)) or messages is None:
            return unfit
        return next(filter(None, (overrides(one, wanted, messages) for one in found)), "")

    def may_be(self, node: ast.expr, env: Env, wanted: tuple[str, ...]) -> bool:
        """Whether a value may be of one of these types, which are of one module."""
        found = types.unveiled(self.type_of(node, env)).options
        return any(one.module == wanted[0] and one.name in wanted[1:] for one in found)

    def length(self, node: ast.expr, env: Env, facts: Facts) -> int:
        """How many items it has at least."""
        found = self.kind(node, env)
        fixed = found.name == "tuple" and not found.module and found.arguments and types.ELLIPSIS not in found.arguments
        return max(known.length(node, facts, "" if found.module else found.name), len(found.arguments) if fixed else 0)


def nothing(node: ast.expr, value: ast.expr) -> Partial:
    """What is None where it must not be."""
    text = shown(value)
    simple = isinstance(value, ast.Name | ast.Attribute)
    return Partial(node, f"{text} may be None", f"{shown(node)} if {text} is not None else …" if simple else "")
