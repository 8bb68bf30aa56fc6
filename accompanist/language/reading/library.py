"""What of Python's own library a choreography may name beside its types: functions that give the same answer on every
machine, and constants.

Left out is what is rounded as the machine's own mathematics do it (`sin`, `exp`, `log`): two roles on two machines
could get two results from one value. Such a thing is asked of one role, by a @query.
"""

from __future__ import annotations

import ast

from accompanist.language.types import BOOL, FLOAT, INT, STR, UNKNOWN, Type

_UTC = Type("timezone", "datetime")
_DATE, _TIME = Type("date", "datetime"), Type("time", "datetime")
_MOMENT, _SPAN = Type("datetime", "datetime"), Type("timedelta", "datetime")
DECIMAL = Type("Decimal", "decimal")
FUNCTIONS: dict[tuple[str, str], Type] = {
    **{("math", name): INT for name in ("ceil", "floor", "trunc", "gcd", "lcm", "isqrt", "comb", "perm", "factorial")},
    **{("math", name): FLOAT for name in ("sqrt", "fabs", "fmod", "copysign", "fsum", "remainder")},
    **{("math", name): BOOL for name in ("isclose", "isfinite", "isinf", "isnan")},
    ("math", "prod"): UNKNOWN,
    ("datetime", "date.fromisoformat"): _DATE,
    ("datetime", "date.fromordinal"): _DATE,
    ("datetime", "time.fromisoformat"): _TIME,
    ("datetime", "datetime.fromisoformat"): _MOMENT,
    ("datetime", "datetime.combine"): _MOMENT,
    ("datetime", "datetime.fromtimestamp"): _MOMENT,
}
"""With what they give."""
USE_UP = frozenset({("math", "fsum"), ("math", "prod")})
"""Those of them that go through what they are given, at once."""
TOTAL = frozenset(
    ("math", name)
    for name in ("ceil", "copysign", "fabs", "floor", "gcd", "isclose", "isfinite", "isinf", "isnan", "lcm")
) | {("math", "trunc")}
"""Those of them that take every value of their types."""
CONSTANTS: dict[tuple[str, str], Type] = {
    **{("math", name): FLOAT for name in ("pi", "e", "tau", "inf")},
    **{("string", name): STR for name in ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits")},
    **{("decimal", f"ROUND_{way}"): STR for way in ("HALF_UP", "HALF_EVEN", "HALF_DOWN", "UP", "DOWN")},
    **{("decimal", f"ROUND_{way}"): STR for way in ("CEILING", "FLOOR", "05UP")},
    ("datetime", "UTC"): _UTC,
    ("datetime", "timezone.utc"): _UTC,
}


def rounded(module: str, name: str) -> str:
    """Why a function of `math` is none that may be called; empty for others."""
    if module != "math" or (module, name) in FUNCTIONS:
        return ""
    return "may be rounded otherwise on another machine"


_FIELDS: dict[Type, dict[str, Type]] = {
    _DATE: dict.fromkeys(("year", "month", "day"), INT),
    _TIME: dict.fromkeys(("hour", "minute", "second", "microsecond"), INT),
    _MOMENT: dict.fromkeys(("year", "month", "day", "hour", "minute", "second", "microsecond"), INT),
    _SPAN: dict.fromkeys(("days", "seconds", "microseconds"), INT),
    Type("UUID", "uuid"): {"hex": STR, "int": INT},
}
_TIMES = (_MOMENT, _DATE)
_NUMBERS = (INT, FLOAT)


def is_moment(found: Type) -> bool:
    """Whether it may be a date, a time or both."""
    return any(one in (_DATE, _TIME, _MOMENT) for one in found.options)


def written_out(value: str, spec: str) -> str:
    """The parts of a date as an f-string writes them, which `strftime` would write by this format; empty if what it
    writes depends on the machine's language or on more than the date."""
    if "%" not in spec and not set(spec) & set('{}"\\\n'):
        return f"{{{value}!s:{spec}}}"  # a width, which a date takes for its text
    made, at = "", 0
    while at < len(spec):
        if spec[at] == "%":
            part = _DIRECTIVES.get(spec[at + 1 : at + 2])
            if part is None:
                return ""
            made, at = made + part.replace("…", value), at + 2
        else:
            if spec[at] in '{}"\\\n':
                return ""
            made, at = made + spec[at], at + 1
    return made


def same_everywhere(part: ast.FormattedValue) -> bool:
    """Whether a date in an f-string is written alike on every machine: without a format, or with one that is written
    out and has digits of a fixed width and signs of ASCII."""
    return part.format_spec is None or part.conversion != -1 or in_digits(part.format_spec)


def in_digits(spec: ast.expr) -> bool:
    match spec:
        case ast.JoinedStr(values=[ast.Constant(value=str(text))]):
            directives = text.replace("%%", "").split("%")[1:]
            plain = text.isascii() and text.isprintable()
            return plain and bool(directives) and all(one[:1] in _DIGITS for one in directives)
    return False


_DIGITS = frozenset("dmHMSf")
"""A year of three digits is written in three on some machines, a month's name in the machine's language."""

_DIRECTIVES = {
    "d": "{….day:02}",
    "m": "{….month:02}",
    "Y": "{….year:04}",
    "y": "{….year % 100:02}",
    "H": "{….hour:02}",
    "M": "{….minute:02}",
    "S": "{….second:02}",
    "f": "{….microsecond:06}",
    "F": "{….year:04}-{….month:02}-{….day:02}",
    "T": "{….hour:02}:{….minute:02}:{….second:02}",
}


def field(owner: Type, name: str) -> Type:
    """The type of an attribute of a value of the library's."""
    return _FIELDS.get(owner, {}).get(name, UNKNOWN)


def arithmetic(left: Type, op: ast.operator, right: Type) -> Type:
    """What is computed of dates, spans of time and Decimals; unknown for anything else."""
    if DECIMAL in (left, right) and {left, right} <= {DECIMAL, INT}:
        return DECIMAL
    match op:
        case ast.Add() if right == _SPAN and left in (*_TIMES, _SPAN):
            return left
        case ast.Add() if left == _SPAN and right in _TIMES:
            return right
        case ast.Sub() if left == right and left in (*_TIMES, _SPAN):
            return _SPAN
        case ast.Sub() if right == _SPAN and left in _TIMES:
            return left
        case ast.Mult() if _SPAN in (left, right) and (left in _NUMBERS or right in _NUMBERS):
            return _SPAN
        case ast.Div() | ast.FloorDiv() | ast.Mod() if left == _SPAN:
            return _of_span(op, right)
    return UNKNOWN


def _of_span(op: ast.operator, right: Type) -> Type:
    if right == _SPAN:
        return FLOAT if isinstance(op, ast.Div) else INT if isinstance(op, ast.FloorDiv) else _SPAN
    if right == INT or (right == FLOAT and isinstance(op, ast.Div)):
        return UNKNOWN if isinstance(op, ast.Mod) else _SPAN
    return UNKNOWN
