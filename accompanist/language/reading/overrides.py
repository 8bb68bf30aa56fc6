"""Values of classes of the project where one of Python's own types is declared. They take the place of its values, and
what such a class has of its own runs there: `class Words(list)` with a `__len__`, a StrEnum with an `upper`.
"""

from __future__ import annotations

import ast
import datetime
import decimal
import uuid

from accompanist.language import types
from accompanist.language.reading import annotation
from accompanist.language.reading.members import ENUMS
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.shadowed import bound_by, inside
from accompanist.language.types import Type

_PYTHON: dict[tuple[str, str], type] = {
    **{("", one.__name__): one for one in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple)},
    **{("datetime", one.__name__): one for one in (datetime.date, datetime.datetime, datetime.time)},
    ("datetime", "timedelta"): datetime.timedelta,
    ("decimal", "Decimal"): decimal.Decimal,
    ("uuid", "UUID"): uuid.UUID,
    ("", "None"): type(None),
}
_SAYS = frozenset({"__doc__", "__module__", "__slots__", "__init__", "__new__", "name", "value"})
"""What makes an object, and what has no code."""


def overrides(found: Type, wanted: Type, messages: Messages) -> str:
    """The name of a class that a value may be of, or hold; empty where nothing of its own runs."""
    wanted = types.unveiled(wanted)
    return next(filter(None, (_of(types.unveiled(one), wanted, messages) for one in found.options)), "")


def _of(found: Type, wanted: Type, messages: Messages) -> str:
    for option in wanted.options:
        if (found.name, found.module) == (option.name, option.module) and not found.module:
            parts = zip(found.arguments, option.arguments, strict=False)
            return next(filter(None, (overrides(one, other, messages) for one, other in parts)), "")
    if messages.definition(found) is None or any((one.module, one.name) not in _PYTHON for one in wanted.options):
        return ""
    own = {name for one in wanted.options for name in dir(_PYTHON[one.module, one.name])} - _SAYS
    return found.text() if _binds(found, own, messages) else ""


def _binds(found: Type, names: set[str], messages: Messages) -> bool:
    """Whether a class, or what it derives from, has one of these members, or may have."""
    waiting, seen = [found], set[Type]()
    while waiting:
        one = waiting.pop()
        definition = messages.definition(one)
        if definition is None or one in seen:
            continue
        seen.add(one)
        module, node = definition
        if node.keywords or {name for part in node.body for each in inside(part) for name in bound_by(each)} & names:
            return True
        for base in node.bases:
            above = annotation.reference(messages.modules, module, base)
            known = above is None or above.node is not None or (above.module, above.name) in ENUMS | set(_PYTHON)
            if not known or (above is None and not isinstance(base, ast.Name)):
                return True
            waiting += [Type(above.name, above.module)] if above is not None else []
    return False
