"""Which arguments a function takes: one of the project, one of Python's builtins, or a class of its library.

Not known here: types. Python's own signatures are written down, since not every version of Python tells them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from inspect import Parameter, Signature

_BUILTINS = """
def abs(x, /): ...
def all(iterable, /): ...
def any(iterable, /): ...
def bool(x=0, /): ...
def bytes(source=0, encoding=0, errors=0): ...
def chr(i, /): ...
def dict(iterable=0, /, **named): ...
def divmod(x, y, /): ...
def enumerate(iterable, start=0): ...
def float(x=0, /): ...
def frozenset(iterable=0, /): ...
def int(x=0, /, base=10): ...
def isinstance(value, types, /): ...
def len(x, /): ...
def list(iterable=0, /): ...
def max(value, /, *values, key=0, default=0): ...
def min(value, /, *values, key=0, default=0): ...
def ord(character, /): ...
def pow(base, exp, mod=0): ...
def range(start, stop=0, step=0, /): ...
def repr(x, /): ...
def reversed(sequence, /): ...
def round(number, ndigits=0): ...
def set(iterable=0, /): ...
def sorted(iterable, /, *, key=0, reverse=0): ...
def str(object=0, encoding=0, errors=0): ...
def sum(iterable, /, start=0): ...
def tuple(iterable=0, /): ...
def zip(*iterables, strict=0): ...
"""
_LIBRARY = {
    "datetime": """
def date(year, month, day): ...
def datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=0, *, fold=0): ...
def time(hour=0, minute=0, second=0, microsecond=0, tzinfo=0, *, fold=0): ...
def timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0): ...
""",
    "decimal": "def Decimal(value=0, context=0): ...",
    "uuid": "def UUID(hex=0, bytes=0, bytes_le=0, fields=0, int=0, version=0, *, is_safe=0): ...",
    "dataclasses": "def replace(value, /, **fields): ...",
}


def of_function(node: ast.FunctionDef) -> Signature | None:
    """What a function takes, as its head says it; None if Python would refuse the head."""
    try:
        return Signature(list(_parameters(node.args)))
    except ValueError:
        return None


def _parameters(taken: ast.arguments) -> Iterator[Parameter]:
    by_place = [*taken.posonlyargs, *taken.args]
    without = len(by_place) - len(taken.defaults)
    for at, one in enumerate(by_place):
        kind = Parameter.POSITIONAL_ONLY if at < len(taken.posonlyargs) else Parameter.POSITIONAL_OR_KEYWORD
        yield Parameter(one.arg, kind, default=Parameter.empty if at < without else ...)
    if taken.vararg is not None:
        yield Parameter(taken.vararg.arg, Parameter.VAR_POSITIONAL)
    for one, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
        yield Parameter(one.arg, Parameter.KEYWORD_ONLY, default=Parameter.empty if default is None else ...)
    if taken.kwarg is not None:
        yield Parameter(taken.kwarg.arg, Parameter.VAR_KEYWORD)


def _written_down(text: str) -> dict[str, Signature]:
    heads = [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)]
    return {one.name: taken for one in heads if (taken := of_function(one)) is not None}


BUILTIN = _written_down(_BUILTINS)
"""What Python's builtins take, by their names."""
OF_THE_LIBRARY = {
    (module, name): taken for module, text in _LIBRARY.items() for name, taken in _written_down(text).items()
}
"""What classes and functions of Python's library take, by module and name."""


def written(taken: Signature) -> str:
    """The parameters as a call writes them: `sku, count=…`."""
    parts = []
    for one in taken.parameters.values():
        if one.kind is Parameter.VAR_POSITIONAL:
            parts.append("…")
        elif one.kind is Parameter.VAR_KEYWORD:
            parts.append(f"{one.name}=…")
        else:
            named = one.kind is Parameter.KEYWORD_ONLY or one.default is not Parameter.empty
            parts.append(f"{one.name}=…" if named and one.kind is not Parameter.POSITIONAL_ONLY else one.name)
    return ", ".join(parts)


def misfit(taken: Signature, places: int, names: list[str]) -> str:
    """Why a call does not fit that gives so many values without a name, and these by their names; empty if it fits.
    What Python's `Signature.bind` takes fits."""
    by_name = [one.name for one in taken.parameters.values() if one.kind in _BY_NAME]
    if any(one.kind is Parameter.VAR_KEYWORD for one in taken.parameters.values()):
        names = [name for name in names if name in by_name]  # `bind` confuses the others with what has a place only
    try:
        taken.bind(*[None] * places, **dict.fromkeys(names))
    except TypeError:
        return _why(taken, places, names)
    return ""


def _why(taken: Signature, places: int, names: list[str]) -> str:
    all_of_them = list(taken.parameters.values())
    first = [one for one in all_of_them if one.kind in _BY_PLACE]
    by_name = {one.name for one in all_of_them if one.kind in _BY_NAME}
    if unknown := [name for name in names if name not in by_name]:
        return f"it has no {unknown[0]}"
    if twice := [one.name for one in first[:places] if one.name in names and one.name in by_name]:
        return f"{twice[0]} is given twice"
    if places > len(first) and all(one.kind is not Parameter.VAR_POSITIONAL for one in all_of_them):
        most = f"{len(first)} value{'s' * (len(first) > 1)}" if first else "no value"
        return f"it takes {most} without a name, and {places} {'is' if places == 1 else 'are'} given"
    given = {*names, *(one.name for one in first[:places])}
    needed = (one.name for one in all_of_them if one.default is Parameter.empty and one.kind not in _STARS)
    missing = [name for name in needed if name not in given]
    return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"


_BY_PLACE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_STARS = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
