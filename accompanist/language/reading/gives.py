"""What builtins give, and what comes of several types, for types that are told from annotations alone."""

from __future__ import annotations

from collections.abc import Mapping

from accompanist.language import types
from accompanist.language.reading import held_sets, library
from accompanist.language.types import BOOL, FLOAT, INT, STR, UNKNOWN, Type

FIXED = {
    "len": INT,
    "str": STR,
    "int": INT,
    "float": FLOAT,
    "bool": BOOL,
    "bytes": types.BYTES,
    "any": BOOL,
    "all": BOOL,
    "isinstance": BOOL,
    "repr": STR,
    "chr": STR,
    "ord": INT,
    "range": Type("iterator", "", (INT,)),
}


def either(*options: Type) -> Type:
    """What is one of several. What may be a set, or something that is not known, may be a set all the same."""
    found = types.union(*options)
    sets = [one for one in options if held_sets.names_set(one)] if found == UNKNOWN else []
    return Type("|", "", (*dict.fromkeys(sets), UNKNOWN)) if sets else found


def part_of(container: Type) -> Type:
    """What going through something gives; of several, what any of them gives."""
    if container.name == "|" and held_sets.names_set(container):
        return either(*map(part_of, container.arguments))
    return member(container)


def is_plain_set(type: Type) -> bool:
    return type.name in ("set", "frozenset") and not type.module


def builtin(name: str, first: Type, arguments: list[Type], named: Mapping[str, Type]) -> Type:
    """What a builtin gives. `arguments` are those without a name."""
    second = arguments[1] if len(arguments) > 1 else None
    match name:
        case "min" | "max" if second is not None:
            return types.union(*arguments)
        case "min" | "max":
            default = [named["default"]] if "default" in named else []
            return types.union(member(first), *default)
        case "sorted" if is_plain_set(first):
            return types.listed(member(first))
        case "set" | "frozenset":
            return Type(name, "", (member(first) if arguments else UNKNOWN,))
        case "sorted" | "list":
            return types.listed(types.element(first)) if arguments else UNKNOWN
        case "tuple":
            return Type("tuple", "", (types.element(first), types.ELLIPSIS)) if arguments else Type("tuple")
        case "reversed":
            return Type("iterator", "", (types.element(first),))
        case "enumerate":
            return Type("iterator", "", (Type("tuple", "", (INT, types.element(first))),))
        case "zip":
            return Type("iterator", "", (Type("tuple", "", tuple(types.element(one) for one in arguments)),))
        case "sum":
            return _total(member(first), second or named.get("start", INT))
        case "abs":
            return INT if first == BOOL else first
        case "round":
            digits = second or named.get("ndigits", types.NONE)
            return INT if digits == types.NONE or first == BOOL else first
        case "divmod":
            whole = [INT if one == BOOL else one for one in arguments]
            if len(whole) == 2 and set(whole) <= {INT, FLOAT}:
                return Type("tuple", "", (FLOAT, FLOAT) if FLOAT in whole else (INT, INT))
            return UNKNOWN
        case "pow" if len(arguments) == 3:
            return INT
    return UNKNOWN


def member(container: Type) -> Type:
    """The type of what a container holds, a set included."""
    return container.arguments[0] if is_plain_set(container) and container.arguments else types.element(container)


def _total(inner: Type, start: Type) -> Type:
    """What a sum is. Of nothing it is its start, an integer as a rule, which a receiver reads as such a number."""
    inner = INT if inner == BOOL else inner
    if start == inner or (start == INT and inner in (FLOAT, library.DECIMAL)):
        return inner
    return FLOAT if (inner, start) == (INT, FLOAT) else UNKNOWN
