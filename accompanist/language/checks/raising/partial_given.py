"""Which builtins and methods may refuse what they are given."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.checks.raising import decimals, digits, measured, total_methods
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.endless import may_hold
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.finite import bounded
from accompanist.language.checks.raising.looked_at import LONG, SPAN, UNENDED, Partial, PartialContext, nothing
from accompanist.language.checks.raising.written_out import computes, taken
from accompanist.language.reading import kinds
from accompanist.language.reading.enums import counted
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.library import DECIMAL
from accompanist.language.text.instead import in_brackets, shown
from accompanist.language.types import STR, Type

_NOT_COMPARED = "not all of them can be compared"
_HASHING = frozenset({"add", "discard", "setdefault", "get", "fromkeys", "remove", "pop"})
_OF_ITEMS = frozenset({"difference", "intersection", "symmetric_difference", "union", "isdisjoint", "issuperset"}) | {
    *("issubset", "fromkeys", "difference_update", "intersection_update", "symmetric_difference_update")
}
_TAKES_NO_NONE = frozenset({"center", "count", "endswith", "find", "index", "join", "ljust", "partition", "zfill"}) | {
    *("removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "startswith")
}
"""Methods of texts."""
_COUNTS = {
    "split": ("maxsplit", 1),
    "rsplit": ("maxsplit", 1),
    "replace": ("count", 2),
    "insert": ("index", 0),
} | dict.fromkeys(("ljust", "rjust", "center", "zfill"), ("width", 0))
"""What methods take that counts letters or items, by its name and its place."""
_ASKED = frozenset({"index", "rindex", "decode", "encode", "quantize", "to_integral_value", "normalize", "value"})
"""Methods of which `method` says why they may raise."""
_TRIED = {"hex": (b"ab",), "expandtabs": ("a",), "isoformat": (datetime.datetime.min, datetime.time.min)}
"""Methods whose arguments are tried, with what they are tried on."""
_SETS = ("set", "frozenset")
_WIDER = {DECIMAL: "Decimal", types.FLOAT: "float"}
_OF_NUMBERS = frozenset({"as_integer_ratio", "conjugate"})
"""The methods that numbers of all kinds have; whole numbers have `is_integer` from Python 3.12 on."""
_DAYS = (("datetime", "date"), ("datetime", "datetime"))


def builtin(node: ast.Call, name: str, env: Env, facts: Facts, looks: PartialContext) -> Iterator[Partial]:
    """What a builtin may refuse, beside what `partial_calls` knows of."""
    first = node.args[0] if node.args else None
    if first is None or looks.none(first, env, facts):
        return
    found, held = looks.kind(first, env), kinds.item(looks.kind(first, env))
    match name:
        case "sorted" | "min" | "max":
            yield from _compared(node, node.args, env, facts, looks)
        case "set" | "frozenset" if part := looks.comparable.unhashable(held):
            yield Partial(node, f"{part} can be in no set")
        case "dict" if found.known or isinstance(first, ast.GeneratorExp | ast.ListComp | ast.Call):
            yield from _pairs(node, first, env, looks)
        case "sum" if any(one.module == "datetime" for one in held.options):
            yield Partial(node, SPAN)
        case "round" if not _has_places(node, env, looks) and unended(first, env, facts, looks):
            yield Partial(node, UNENDED, finite_only(node, first))
        case "int" if len(node.args) == 1 and not node.keywords:
            if unended(first, env, facts, looks):
                yield Partial(node, UNENDED, finite_only(node, first))
            yield from _number(node, first, env, facts, looks)
        case "str" | "repr" if not digits.writable(first, env, facts, looks):
            yield Partial(node, LONG, digits.shorter(node, first))
        case "bool" if why := looks.special(found):
            yield Partial(node, why)


def unended(node: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> bool:
    """Whether a float may be NaN or infinite."""
    floats = any(one == types.FLOAT or not one.known for one in looks.kinds(node, env, facts))
    return floats and looks.endless(node, env) and not bounded(node, env, facts, looks)


def no_numbers(node: ast.expr, values: list[ast.expr], env: Env, looks: PartialContext) -> Iterator[Partial]:
    """A Decimal that is no number cannot be compared, and be no key."""
    if any(may_hold(looks.kind(one, env), (DECIMAL,)) and looks.endless(one, env) for one in values):
        yield Partial(node, UNENDED)


def unended_inside(node: ast.Call, env: Env, looks: PartialContext) -> Iterator[Partial]:
    """The same where what is called compares what it is given, or makes keys of it."""
    match node.func:
        case ast.Name(id="sorted" | "min" | "max" | "set" | "frozenset" | "dict"):
            keys = (one.value for one in node.keywords)
            values = [*node.args, *(one for one in keys if not isinstance(one, ast.Name) or one.id != "float")]
        case ast.Attribute(value=owner, attr=attr) if attr not in ("append", "insert", "extend"):
            values = [owner, *node.args] if attr == "sort" else node.args
        case _:
            return
    yield from no_numbers(node, values, env, looks)


def finite_only(node: ast.expr, value: ast.expr) -> str:
    """What is written instead."""
    asked = in_brackets(value, (ast.BinOp, ast.UnaryOp))
    return f"{shown(node)} if -1000000000 < {asked} < 1000000000 else …"


def _has_places(node: ast.Call, env: Env, looks: PartialContext) -> bool:
    """Whether `round` is told how many places are left: it gives a float then."""
    places = argument(node, "ndigits", 1)
    return places is not None and looks.kind(places, env) == types.INT


def _number(node: ast.Call, first: ast.expr, env: Env, facts: Facts, looks: PartialContext) -> Iterator[Partial]:
    text = shown(first)
    if not decimals.writable(first, env, facts, looks):
        yield Partial(node, LONG, f"int({text}) if -1000000000 < {in_brackets(first)} < 1000000000 else …")
    plain = counted(looks.type_of(first, env), looks.comparable.messages) in (
        types.INT,
        types.FLOAT,
        types.BOOL,
        DECIMAL,
    )
    if plain or computes(node):
        return
    longest = measured.longest(first, env, facts, looks)
    if not known.said(first, "isdecimal", facts) or longest is None or longest > 4300:
        asked = f"{in_brackets(first)}.isdecimal() and len({text}) < 19"
        why = f"{text} may be no text of a whole number{_but_digits(first, facts)}"
        yield Partial(node, why, f"int({text}) if {asked} else …")


def _but_digits(node: ast.expr, facts: Facts) -> str:
    """Why another question than `isdecimal` does not do."""
    asked = next((one for one in ("isdigit", "isnumeric") if known.said(node, one, facts)), "")
    return asked and f": {asked} is true of '²', too, which int refuses"


def _compared(
    node: ast.Call, values: list[ast.expr], env: Env, facts: Facts, looks: PartialContext
) -> Iterator[Partial]:
    """What is compared with one another: the items of the one value that is given, or else the values."""
    if len(values) == 1:
        together = kinds.item(looks.kind(values[0], env)).options
    else:
        together = tuple(part for one in values for part in looks.kinds(one, env, facts))
    for key in (one.value for one in node.keywords if one.arg == "key"):
        item = types.union(*together) if together else types.UNKNOWN
        together = _keyed(key, item, values, env, looks).options
    if looks.comparable.unordered(together, together):
        yield Partial(node, _NOT_COMPARED)


def _keyed(key: ast.expr, item: Type, values: list[ast.expr], env: Env, looks: PartialContext) -> Type:
    """What a key function gives for an item. `prices.get` gives a price for each key of `prices`."""
    match key:
        case ast.Attribute(value=prices, attr="get") if ast.dump(known.copied(values[0])) == ast.dump(prices):
            found = looks.kind(prices, env)
            return found.arguments[-1] if found.arguments else types.UNKNOWN
        case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)]), body=body):
            return looks.kind(body, {**env, name: item})
        case ast.Attribute(value=ast.Name(id="str"), attr=attr):
            called = ast.Call(ast.Attribute(ast.Name("_it", ast.Load()), attr, ast.Load()), [], [])
            return looks.kind(called, {**env, "_it": STR})
        case ast.Name() | ast.Attribute():
            return looks.kind(ast.Call(key, [ast.Name("_it", ast.Load())], []), {**env, "_it": item})
    return types.UNKNOWN


def _pairs(node: ast.Call, first: ast.expr, env: Env, looks: PartialContext) -> Iterator[Partial]:
    """What a dict is made of: another one, or pairs whose firsts can be keys."""
    found = looks.kind(first, env)
    if found.name == "dict" and not found.module:
        return
    pair = kinds.item(found)
    if pair.name != "tuple" or pair.module or len(pair.arguments) != 2 or types.ELLIPSIS in pair.arguments:
        yield Partial(node, f"not every item of {shown(first)} need be a pair")
    elif part := looks.comparable.unhashable(pair.arguments[0]):
        yield Partial(node, f"{part} can be no key")


def method(node: ast.Call, method: ast.Attribute, env: Env, facts: Facts, looks: PartialContext) -> Iterator[Partial]:
    first, owner = node.args[0] if node.args else None, looks.kind(method.value, env)
    if looks.none(method.value, env, facts):
        yield nothing(node, method.value)
    if method.attr in _TAKES_NO_NONE and looks.may_be(method.value, env, ("", "str", "bytes")):
        yield from (nothing(node, one) for one in node.args if looks.none(one, env, facts))
    if method.attr == "join" and first is not None and looks.holds_none(first, env):
        yield Partial(node, f"not every item of {shown(first)} need be a text")
    if not owner.module:
        yield from _of_python(node, method, owner, env, facts, looks)
    match method.attr:
        case "index" | "rindex" if first is not None:
            yield from _found(node, method, owner, facts)
        case "decode" | "encode":
            yield Partial(node, f"{shown(method.value)} may hold what cannot be written so")
        case "quantize" | "to_integral_value" | "normalize" if not decimals.rounds(
            method.value, argument(node, "exp", 0) if method.attr == "quantize" else None, env, facts, looks
        ):
            yield Partial(node, f"{shown(method.value)} may have more digits than a Decimal keeps")
        case "replace" if (node.keywords or owner.module == "datetime") and not _first_day(node, owner):
            yield Partial(node, "a moment may lie outside of what a calendar has")
        case "hex" | "isoformat" | "expandtabs" if (node.args or node.keywords) and not taken(
            node, method.attr, _TRIED[method.attr]
        ):
            yield Partial(node, f"{method.attr} does not take every value")
    made = next((made for one, made in _WIDER.items() if one in owner.options), "")
    if made and method.attr not in _OF_NUMBERS and not decimals.certain(method.value, env, facts, looks):
        yield _whole(node, method, made)


def _first_day(node: ast.Call, owner: Type) -> bool:
    """Whether it gives the first day of the same month, which every calendar has."""
    days = [one.value for one in node.keywords if one.arg == "day" and isinstance(one.value, ast.Constant)]
    alone = not node.args and len(node.keywords) == 1
    return (
        (owner.module, owner.name) in _DAYS
        and alone
        and any(1 <= day.value <= 28 for day in days if type(day.value) is int)
    )


def _found(node: ast.Call, method: ast.Attribute, owner: Type, facts: Facts) -> Iterator[Partial]:
    """What is looked for in a text or in a list."""
    text, first = shown(method.value), node.args[0]
    if len(node.args) == 1 and known.member(first, method.value, facts):
        return
    instead = f"{in_brackets(method.value)}.{method.attr.replace('index', 'find')}(…), which gives -1"
    if owner != STR:
        instead = f"{shown(node)} if {in_brackets(first)} in {in_brackets(method.value)} else …"
    alone = len(node.args) == 1 or owner == STR
    yield Partial(node, f"what is looked for may not be in {text}", instead if alone else "")


def _of_python(
    node: ast.Call, method: ast.Attribute, owner: Type, env: Env, facts: Facts, looks: PartialContext
) -> Iterator[Partial]:
    """What a method of a text, a list, a set or a dict may refuse."""
    name, first = method.attr, argument(node, "sep", 0)
    splits = name in ("split", "rsplit", "partition", "rpartition") and first is not None and not _is_none(first)
    if splits and first is not None and not looks.length(first, env, facts):
        yield Partial(node, "the text that it is split at may be empty")
    count = argument(node, *_COUNTS[name]) if name in _COUNTS else None
    if count is not None and not digits.small(count, env, facts, looks):
        guarded = digits.fewer(node, count) if name != "insert" else ""
        yield Partial(node, f"{shown(count)} may be too large a number", guarded)
    if name in ("ljust", "rjust", "center") and len(node.args) > 1 and not _letter(node.args[1]):
        yield Partial(node, "what it is filled up with may not be one letter")
    if name == "sort":
        yield from _compared(node, [method.value], env, facts, looks)
    if name in _HASHING and node.args and owner.name not in ("list", "tuple", "str", "bytes"):
        hashed = looks.kind(node.args[0], env)
        hashed = kinds.item(hashed) if name == "fromkeys" else hashed
        if part := looks.comparable.unhashable(hashed):
            yield Partial(
                node, f"{part} can be no key" if name in ("get", "setdefault") else f"{part} can be in no set"
            )
    if name in _OF_ITEMS or (name == "update" and owner.name in _SETS):
        parts = (looks.comparable.unhashable(kinds.item(looks.kind(one, env))) for one in node.args)
        yield from (Partial(node, f"{part} can be in no set") for part in parts if part)
    if name == "update" and owner.name == "dict" and node.args and looks.kind(node.args[0], env).known:
        yield from _pairs(node, node.args[0], env, looks)


def to_method(
    node: ast.Call, method: ast.Attribute, env: Env, facts: Facts, looks: PartialContext
) -> Iterator[Partial]:
    """What a method of the project is given takes part in what it computes: a number that is finite, a value of the
    type that is declared."""
    values = [*node.args, *(one.value for one in node.keywords)]
    for one in values:
        if may_hold(looks.kind(one, env)) and looks.endless(one, env) and not bounded(one, env, facts, looks):
            yield Partial(node, f"{shown(one)} may be no finite number", untrue=True)
    messages = looks.comparable.messages
    for owner in looks.kind(method.value, env).options if messages is not None else ():
        taken = messages.taken(types.unveiled(owner), method.attr) if messages is not None else []
        given = [*zip((name for name, _ in taken), node.args, strict=False)]
        given += [(one.arg or "", one.value) for one in node.keywords]
        for name, value in given:
            kind = looks.misfit(looks.options(value, env, facts), dict(taken).get(name, types.UNKNOWN), sent=True)
            if kind:
                why = f"it may be given a value of type {kind} as {name}, which is declared otherwise"
                yield Partial(node, why, f"a value of type {dict(taken)[name].text()}", untrue=True)


def _whole(node: ast.Call, method: ast.Attribute, made: str) -> Partial:
    """A whole number is taken where a Decimal or a float is declared, and the sum of nothing is one."""
    written = ast.Call(
        ast.Attribute(ast.Call(ast.Name(made), [method.value], []), method.attr), node.args, node.keywords
    )
    why = f"{shown(method.value)} may be a whole number, which has no {method.attr}"
    return Partial(node, why, shown(written))


def argument(node: ast.Call, name: str, at: int) -> ast.expr | None:
    """What is given for a parameter, by its name or in its place."""
    named = (one.value for one in node.keywords if one.arg == name)
    return next(named, node.args[at] if len(node.args) > at else None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _letter(node: ast.expr) -> bool:
    """Whether one letter is written out."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) == 1


def unknown(node: ast.Call, method: ast.Attribute, env: Env, facts: Facts, looks: PartialContext) -> Iterator[Partial]:
    """A method that is not known to take every value."""
    name = method.attr
    if name in total_methods.TOTAL or name in _ASKED:
        return
    if total_methods.takes_out(name, node, method.value, facts, looks.kind(method.value, env).name):
        return
    takes = name in ("pop", "popitem", "remove")
    yield Partial(node, f"{shown(method.value)} may have no such item" if takes else f"{name} is not known never to")
