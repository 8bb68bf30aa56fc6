"""Which calls in a local expression may raise: builtins, constructors of messages, @pure functions.

Whether a function or a class of the project may, `judged` says.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Protocol

from accompanist.language import types
from accompanist.language.checks.raising import decimals, digits, known_constants, operands, partial_given, spans
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.comparable import Comparable
from accompanist.language.checks.raising.endless import Endless, may_hold
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.finite import bounded
from accompanist.language.checks.raising.partial import (
    LARGE,
    QUOTIENT,
    After,
    Env,
    Inside,
    Partial,
    Partials,
    TypeOf,
    nothing,
)
from accompanist.language.checks.raising.sizes import Sizes
from accompanist.language.checks.raising.written_out import computes, makes
from accompanist.language.reading import annotation, kinds, library
from accompanist.language.reading.enums import counted
from accompanist.language.reading.names import Names
from accompanist.language.text.instead import in_brackets, shown
from accompanist.language.types import ATTEMPTED, PORTABLE, Type

Signatures = Callable[[str, str], Type | None]
"""What @pure functions give, by module and name."""
_PLAIN = (types.INT, types.FLOAT, types.BOOL)


class RaisingJudge(Protocol):
    """What is known of the functions and classes of the project: why they may raise, empty if they cannot."""

    def why(self, module: str, name: str) -> str: ...

    def member_of(self, owner: Type, member: str) -> str: ...

    def special(self, owner: Type) -> str: ...

    def has(self, owner: Type, member: str) -> bool: ...

    def endless(self, module: str, name: str) -> bool: ...

    def endless_member(self, owner: Type, member: str) -> bool: ...

    def size(self, module: str, name: str) -> int | None: ...

    def size_member(self, owner: Type, member: str) -> int | None: ...


class PartialCalls:
    """Looks at the calls in expressions that have their names from `names`."""

    def __init__(self, names: Names, judge: RaisingJudge, type_of: TypeOf, inside: Inside, after: After) -> None:
        self._names, self._table, self._judge = names, names.table, judge
        self._type_of = type_of
        self.endless = Endless(names, judge, type_of, inside)
        self.sizes = Sizes(names.table, judge, lambda node, env: types.unveiled(kinds.of(node, env, type_of)))
        self.partials = Partials(
            *(type_of, inside, self._named, self._caught, self._member, judge.special, after, self._owned),
            endless=self.endless.of,
            comparable=Comparable(names.messages),
            sizes=self.sizes,
        )

    def _member(self, node: ast.Attribute, env: Env) -> str:
        """Why a property or a @pure method of a message may raise; empty if it cannot, or is none."""
        return self._judge.member_of(self._type_of(node.value, env), node.attr)

    def _owned(self, function: ast.Attribute, env: Env) -> bool:
        """Whether it is a method of one of Python's own values, and none that was read."""
        return not self._judge.has(types.unveiled(self._type_of(function.value, env)), function.attr)

    def _caught(self, node: ast.Call) -> bool:
        return isinstance(node.func, ast.Name) and self._table.get(node.func.id) == ATTEMPTED

    def _named(self, node: ast.Call, env: Env, facts: Facts) -> Partial | None:
        """A call in the normal form, whose names are aliases."""
        if not isinstance(node.func, ast.Name):
            return None
        pair = self._table.get(node.func.id)
        if pair is None:
            return builtin(node.func.id, node, self.partials, env, facts)
        if pair in library.FUNCTIONS:
            empty = (one for one in node.args if self.partials.none(one, env, facts))
            total = nothing(node, one) if (one := next(empty, None)) is not None else None
            return total if pair in library.TOTAL else Partial(node, f"{pair[1]} does not take every value")
        if pair == ("dataclasses", "replace"):
            if len(node.args) != 1:
                return Partial(node, "replace takes the one value that it is made of, and fields by their names")
            made = types.unveiled(self._type_of(node.args[0], env))
            pair = (made.module, made.name)
        for one in (*node.args, *(keyword.value for keyword in node.keywords)):
            if may_hold(self._type_of(one, env)) and self.endless.of(one, env) and not self._bounded(one, env, facts):
                return Partial(node, f"{shown(one)} may be no finite number", untrue=True)
            if self.sizes.too_large(one, env, facts) and self._names.modules.find(pair[0]) is not None:
                return Partial(node, f"{shown(one)} may have too many digits", digits.shorter(node, one))
        wanted = self._wanted(pair)
        given = [*zip(wanted, node.args, strict=False)]
        given += [(one.arg or "", one.value) for one in node.keywords]
        for name, value in given:
            found = self.partials.unfit(value, wanted.get(name), env, facts, sent=True)
            if found is not None:
                return found
        if pair == ("datetime", "timedelta") and spans.fits(node, env, facts, self.partials):
            return None
        return self._made(node, pair, [self._type_of(one, env) for one in node.args])

    def _bounded(self, node: ast.expr, env: Env, facts: Facts) -> bool:
        return bounded(node, env, facts | known_constants.facts(self._names.constants), self.partials)

    def _wanted(self, pair: tuple[str, str]) -> dict[str, Type]:
        """The types of what a message or a @pure function takes, by name, in the order of its parameters."""
        message = self._names.messages.find(Type(pair[1], pair[0]))
        if message is not None:
            return dict(message.fields) if message.kind in ("data", "model") and not message.parameters else {}
        home = self._names.modules.find(pair[0])
        node = home.bound[pair[1]][-1] if home is not None and pair[1] in home.bound else None
        made: dict[str, Type] = {}
        if home is None or not isinstance(node, ast.FunctionDef):
            return made
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            try:
                found = annotation.type_of(self._names.modules, home, argument.annotation or ast.Name("Any"))
            except annotation.Unresolved:
                found = types.UNKNOWN
            made[argument.arg] = found
        return made

    def _made(self, node: ast.Call, pair: tuple[str, str], given: list[Type]) -> Partial | None:
        why = self._judge.why(*pair)
        if pair in PORTABLE and node.args + [one.value for one in node.keywords]:
            exact = bool(given) and all(one in (types.INT, library.DECIMAL) for one in given[0].options)
            plain = pair == ("decimal", "Decimal") and exact
            if not plain and not makes(pair, node):
                span = pair == ("datetime", "timedelta")
                why = "it may be longer than a timedelta can be" if span else f"what is given may be no {pair[1]}"
        return Partial(node, why) if why else None


def builtin(name: str, node: ast.Call, partials: Partials, env: Env, facts: Facts) -> Partial | None:
    """Why a call of a builtin may raise."""
    if (unfit := _unfit(name, node, partials, env, facts)) is not None:
        return unfit
    given = [counted(partials.type_of(one, env), partials.comparable.messages) for one in node.args]
    first = node.args[0] if node.args else None
    if first is None:
        return None
    text, keywords = shown(first), {one.arg for one in node.keywords}
    match name:
        case "int" if given[0] == library.DECIMAL:
            return None
        case "float" if given[0] == library.DECIMAL:
            return Partial(node, f"{text} may be too large for a float")
        case "int" | "float" if len(node.args) > 1 or keywords:
            if not computes(node):
                return Partial(node, f"{text} may be no text of a whole number in this base")
        case "int" | "float" if given[0] not in _PLAIN and not computes(node):
            if known.said(first, "isdecimal", facts):
                return None
            if name == "int":
                return None  # `partial_given` says it
            return Partial(
                node, f"{text} may be no text of a number", f"float({text}) if {in_brackets(first)}.isdecimal() else …"
            )
        case "min" | "max" if len(node.args) == 1 and "default" not in keywords:
            if not partials.length(first, env, facts):
                return Partial(node, f"{text} may be empty", f"{name}({text}, default=…)")
        case "divmod" if not known.nonzero(node.args[-1], facts):
            return Partial(node, f"{shown(node.args[-1])} may be zero")
        case "str" if len(node.args) > 1 or keywords:
            return Partial(node, f"{text} may hold what is no text")
        case "chr" | "ord" if not computes(node):
            return Partial(node, f"{text} may be none that {name} takes")
        case "pow":
            return Partial(node, "a power may be one of zero, or too large")
        case "range" if len(node.args) == 3 and not known.nonzero(node.args[2], facts):
            return Partial(node, "the step may be zero")
        case "bytes" if not isinstance(first, ast.Constant):
            return Partial(node, "what is given may be no bytes")
        case "zip" if "strict" in keywords:
            return Partial(node, "they may not be of one length", "zip without strict")
    return None


def _unfit(name: str, node: ast.Call, partials: Partials, env: Env, facts: Facts) -> Partial | None:
    """What a builtin is given that it does not take: None, what cannot be compared, Decimals that it may add up to too
    large a one."""
    if name in operands.TAKES_NONE or name == "next" or not node.args:
        return None
    for one in node.args[:1] if name == "round" else node.args:
        if partials.none(one, env, facts):
            return nothing(node, one)
    found = [partials.options(one, env, facts) for one in node.args]
    held = types.element(types.unveiled(partials.type_of(node.args[0], env))).options
    keyed = any(one.arg == "key" for one in node.keywords)
    if name in operands.COMPARES and not keyed:
        together = held if len(node.args) == 1 else tuple(part for parts in found for part in parts)
        if operands.unordered(together):
            return Partial(node, "not all of them can be compared")
    if name == "sum" and types.NONE in held:
        return Partial(node, f"not every item of {shown(node.args[0])} need be a number")
    added = (*held, *(part for parts in found[1:] for part in parts))
    if library.DECIMAL in (added if name == "sum" else found[0] if name in ("abs", "round", "divmod") else ()):
        rounded = name == "round" and decimals.rounds(
            node.args[0], partial_given.argument(node, "ndigits", 1), env, facts, partials
        )
        if not rounded and not (name in ("abs", "sum") and decimals.fits(node, env, facts, partials)):
            return Partial(node, QUOTIENT if name == "divmod" else LARGE)
    return None
