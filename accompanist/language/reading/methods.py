"""Methods of values that a choreography may call: those of the standard library's plain types that depend on nothing
but the value and the arguments, and change nothing.

What is not here is left out for a reason: it changes its object (`append`), depends on the machine's time zone or
language (`timestamp`, `strftime`), or calls code of its arguments (`format`). A method of a class of the project is
code that is not read; a @pure function calls it.
"""

from __future__ import annotations

from accompanist.language import types
from accompanist.language.types import BOOL, BYTES, FLOAT, INT, NONE, STR, UNKNOWN, Type

_TEXTS = Type("list", "", (STR,))
_THREE = Type("tuple", "", (STR, STR, STR))
_DATE, _TIME = Type("date", "datetime"), Type("time", "datetime")
_MOMENT, _DECIMAL = Type("datetime", "datetime"), Type("Decimal", "decimal")


def _each(names: str, result: Type) -> dict[str, Type]:
    return dict.fromkeys(names.split(), result)


_TEXT = {
    **_each("lower upper title capitalize casefold swapcase strip lstrip rstrip removeprefix removesuffix", STR),
    **_each("replace zfill ljust rjust center expandtabs join", STR),
    **_each("split rsplit splitlines", _TEXTS),
    **_each("partition rpartition", _THREE),
    **_each("startswith endswith isalpha isalnum isascii isdigit isdecimal isnumeric isspace islower isupper", BOOL),
    **_each("find rfind index rindex count", INT),
    "encode": BYTES,
}
_SEQUENCE = _each("index count", INT)
_CALENDAR = {**_each("weekday isoweekday toordinal", INT), "isoformat": STR}
_OF: dict[tuple[str, str], dict[str, Type]] = {
    ("", "str"): _TEXT,
    ("", "bytes"): {**_each("hex decode", STR), **_each("startswith endswith", BOOL), **_each("find count", INT)},
    ("", "int"): _each("bit_length bit_count", INT),
    ("", "float"): {"is_integer": BOOL},
    ("", "list"): _SEQUENCE,
    ("", "tuple"): _SEQUENCE,
    ("", "set"): _each("isdisjoint issubset issuperset", BOOL),
    ("", "frozenset"): _each("isdisjoint issubset issuperset", BOOL),
    ("datetime", "timedelta"): {"total_seconds": FLOAT},
    ("datetime", "date"): {**_CALENDAR, "replace": _DATE},
    ("datetime", "datetime"): {**_CALENDAR, "date": _DATE, "time": _TIME, "replace": _MOMENT},
    ("datetime", "time"): {"isoformat": STR, "replace": _TIME},
    ("decimal", "Decimal"): {
        **_each("quantize copy_abs copy_negate normalize to_integral_value", _DECIMAL),
        **_each("is_nan is_signed is_zero is_finite", BOOL),
    },
}
CHANGING = frozenset({"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"}) | frozenset(
    {"reverse", "setdefault", "sort", "update"}
)
"""Methods that change a list, a dict or a set in place."""
UNCHANGEABLE = frozenset(
    {
        *((("", name)) for name in ("int", "float", "str", "bool", "bytes", "tuple")),
        ("", "frozenset"),
        ("decimal", "Decimal"),
        *(("datetime", name) for name in ("datetime", "date", "timedelta")),
    }
)
"""Types whose `x += y` is `x = x + y` and nothing else."""


def result(owner: Type, method: str, arguments: list[Type]) -> Type | None:
    """What `owner.method(arguments)` gives; None if such values have no method that may be called here."""
    owner = types.unveiled(owner)
    if owner.name == "|":
        results = [result(option, method, arguments) for option in owner.arguments]
        known = [one for one in results if one is not None]
        return types.union(*known) if len(known) == len(results) else None
    if (owner.module, owner.name) == ("", "dict"):
        return _of_dict(owner, method, arguments)
    if owner.name in ("set", "frozenset") and method in ("union", "intersection", "difference") and not owner.module:
        return owner if all(one == owner for one in arguments) else None
    return _OF.get((owner.module, owner.name), {}).get(method)


def rebinds(owner: Type) -> bool:
    """Whether `x += y` on such a value only gives the name another value."""
    return all((option.module, option.name) in UNCHANGEABLE for option in map(types.unveiled, owner.options))


def _of_dict(owner: Type, method: str, arguments: list[Type]) -> Type | None:
    key, value = owner.arguments if len(owner.arguments) == 2 else (UNKNOWN, UNKNOWN)
    match method:
        case "get":
            return types.union(value, arguments[1] if len(arguments) > 1 else NONE)
        case "keys":
            return Type("iterator", "", (key,))
        case "values":
            return Type("iterator", "", (value,))
        case "items":
            return Type("iterator", "", (Type("tuple", "", (key, value)),))
    return None
