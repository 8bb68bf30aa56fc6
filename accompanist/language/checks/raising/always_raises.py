"""What raises whatever its values are: a value of another type than is wanted, a format that its type does not take.

A type checker finds most of it. Said here is only what is certain by the types that are known. It undoes each session,
or parks it. Calls whose arguments do not fit are judged by `misfits`.
"""

from __future__ import annotations

import ast
import itertools
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.language import types, waits
from accompanist.language.checks.raising import operands
from accompanist.language.checks.raising.written_out import computed
from accompanist.language.reading import library
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.names import Names
from accompanist.language.text.diagnostic import Write
from accompanist.language.text.formats import too_wide
from accompanist.language.types import Type

ALWAYS = catalogue(
    "ACC184",
    "raises each time",
    "By its types or its arguments this raises whenever it is computed. Each session that comes here is undone, or "
    "waits for a person.",
    "Convert the value, or give one of the type that is wanted: float(…), str(…), span.total_seconds(). Give a call "
    "the arguments that it takes.",
)
_FORMS = {"int": "number", "float": "number", "bool": "bool", "None": "None", "str": "text", "bytes": "text"}
_LOOKED_UP = frozenset({"dict", "list", "bytes"})
"""Of these, `%` looks up a part, or takes them though the format has no place for them."""
_SECONDS = Type("timedelta", "datetime")
_DECIMAL = Type("Decimal", "decimal")
_SAMPLES: dict[tuple[str, str], tuple[Any, ...]] = {
    ("", "int"): (0, 65),
    ("datetime", "timedelta"): (timedelta(1),),
    ("uuid", "UUID"): (UUID(int=0),),
}


@dataclass(frozen=True, slots=True)
class CertainError:
    """What is wrong, and what to write instead."""

    text: str
    hint: str


def given(messages: Messages, node: ast.expr, text: str, found: Type, wanted: Type, what: str) -> CertainError | None:
    """Whether a value is certainly none of what is wanted. `what`: in words, what it is given as."""
    if _may_change(node, found) or not _never(messages, found, wanted):
        return None
    said = f"{what} is of type {wanted.text()}, and {text} is of type {found.text()}"
    if wanted != types.FLOAT:
        return CertainError(said, f"a value of type {wanted.text()}")
    whole = text if isinstance(node, ast.Name | ast.Attribute | ast.Call) else f"({text})"
    if found == _SECONDS:
        return CertainError(said, Write(f"{whole}.total_seconds()"))
    return CertainError(said, Write(f"float({text})") if found == _DECIMAL else "a value of type float")


def _may_change(node: ast.expr, found: Type) -> bool:
    """Whether a value is None in the first turn of a loop, say, and is asked whether it is."""
    return types.NONE in (found, *found.arguments) and not isinstance(node, ast.Constant)


def timer(names: Names, node: ast.expr, text: str, operation: str) -> CertainError | None:
    """Whether a timer is certainly none that can run."""
    seconds = _number(names, node) if waits.is_timed(operation) else None
    if seconds is None or seconds <= limits.timer_seconds_max:  # no comparison with NaN is true
        return None
    most = f"{limits.timer_seconds_max:.0f}"
    return CertainError(f"a timer runs {most} seconds at most, which are ten years, and this is {text}", Write(most))


def _number(names: Names, node: ast.expr) -> float | None:
    match node:
        case ast.Name(id=name) if names.table.get(name) == ("math", "inf"):
            return math.inf
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))], keywords=[]):
            try:
                return float(text)
            except ValueError:
                return None
    return computed(node)


def _never(messages: Messages, found: Type, wanted: Type) -> bool:
    taken: set[str] = set()
    for one in types.unveiled(wanted).options:
        form = _form(messages, one)
        if not form:
            return False
        taken |= {form, "number"} if one == _DECIMAL else {form}
    forms = [_form(messages, one) for one in types.unveiled(found).options]
    return all(forms) and not taken & set(forms)


def _form(messages: Messages, type: Type) -> str:
    """The form of a value in JSON, for those types of which that is certain; empty for others."""
    type = types.unveiled(type)
    if not type.module and type.name in ("list", "tuple"):
        return "array"
    if not type.module and type.name == "dict":
        return "object"
    if not type.module:
        return _FORMS.get(type.name, "")
    if (type.module, type.name) in types.PORTABLE:
        return "text"
    message = messages.find(type)
    if message is None or message.kind != "data" or (message.struct is not None and message.struct.array):
        return ""
    return "object"


def formatted(messages: Messages, part: ast.FormattedValue, found: Type) -> CertainError | None:
    """Whether an f-string writes a value by a format that no value of its type takes."""
    match part.format_spec:
        case ast.JoinedStr(values=[ast.Constant(value=str(spec))]):
            pass
        case _:
            return None
    found = types.STR if part.conversion != -1 else types.unveiled(found)
    if _may_change(part.value, found) or not all(_refused(messages, one, spec) for one in found.options):
        return None
    text = f"no value of type {found.text()} takes the format {spec}"
    written = library.written_out("when", spec) if found in (types.INT, types.FLOAT) and "%" in spec else ""
    if written:
        return CertainError(text, f'when = datetime.fromtimestamp(…, UTC) before it, and f"{written}"')
    return CertainError(text, f"{{…!s:{spec}}}" if _formats("", spec) else "{…!s}")


def _refused(messages: Messages, type: Type, spec: str) -> bool:
    message = messages.find(type)
    if message is not None:
        return message.kind == "data" and message.plain and not _formats(object(), spec)
    samples = _samples(type)
    return bool(samples) and not any(_formats(one, spec) for one in samples)


def _samples(type: Type) -> tuple[Any, ...]:
    pair = (type.module, type.name)
    if type.module == "datetime" and type != _SECONDS:
        return ()  # the machine writes these
    if pair in _SAMPLES:
        return _SAMPLES[pair]
    if type == types.NONE:
        return (None,)
    sample = operands.sample(type)
    return () if sample is None else (sample,)


def _formats(sample: Any, spec: str) -> bool:
    if too_wide(spec):
        return True
    try:
        format(sample, spec)
    except (ValueError, TypeError):
        return False
    except OverflowError:
        return True
    return True


def percent(written: ast.expr, right: ast.expr, found: Type) -> CertainError | None:
    """Whether `"%d" % value` writes values that its format does not take."""
    if not isinstance(written, ast.Constant) or not isinstance(written.value, str):
        return None
    found = types.unveiled(found)
    if _may_change(right, found) or any(not one.module and one.name in _LOOKED_UP for one in found.options):
        return None
    parts = found.arguments if found.name == "tuple" and not found.module else (found,)
    if found.name == "tuple" and (types.ELLIPSIS in parts or not parts):
        return None
    kinds = [_each(one) for one in parts]
    if not all(kinds) or any(_written(written.value, way) for way in itertools.product(*kinds)):
        return None
    text = f"the format {ast.unparse(written)} takes no values of type {found.text()}"
    return CertainError(text, "an f-string")


def _each(type: Type) -> tuple[Any, ...]:
    """Samples of all that a value can be; none where that is not known."""
    kinds = [_samples(one) for one in types.unveiled(type).options]
    return tuple(itertools.chain(*kinds)) if all(kinds) else ()


def _written(spec: str, values: tuple[Any, ...]) -> bool:
    if too_wide(spec):
        return True
    try:
        spec % values
    except (ValueError, TypeError, KeyError):
        return False
    except OverflowError:
        return True
    return True
