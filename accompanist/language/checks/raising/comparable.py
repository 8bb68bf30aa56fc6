"""Which values have an order, and which can be in a set or be a key.

A type that is known is taken to have neither unless it is one of those here. Where a type is not known, the program is
taken to be well typed.
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass

from accompanist.language import types
from accompanist.language.reading.enums import counted
from accompanist.language.reading.messages import MessageClass, Messages
from accompanist.language.types import NONE, Type

_NUMBERS = frozenset({("", "int"), ("", "bool"), ("", "float")})
_TOGETHER = (_NUMBERS, (_NUMBERS - {("", "float")}) | {("decimal", "Decimal")})
"""Types whose values are compared with one another."""
_ORDERED = frozenset({("", "str"), ("", "bytes"), ("datetime", "date"), ("datetime", "timedelta"), ("uuid", "UUID")})
_MOMENTS = frozenset({("datetime", "datetime"), ("datetime", "time")})
_SETS = frozenset({("", "set"), ("", "frozenset")})
_HASHED = _ORDERED | _NUMBERS | _MOMENTS | {("decimal", "Decimal"), ("", "None"), ("", "range"), ("", "frozenset")}
ZONES = "two moments cannot be compared if only one of them has a time zone"


@dataclass(frozen=True, slots=True)
class Comparable:
    """Without `messages`, no class of a project is known to have an order, or to be one that can be a key."""

    messages: Messages | None = None

    def unordered(self, left: tuple[Type, ...], right: tuple[Type, ...]) -> str:
        """Why a value of one of these types may not be compared with one of those; empty if it can be."""
        ways = itertools.product(_plain(left), _plain(right))
        return next(filter(None, (self._apart(*way) for way in ways)), "")

    def unhashable(self, found: Type, seen: set[Type] | None = None) -> str:
        """The type of a part that can be in no set and be no key; empty if there is none."""
        found, seen = types.unveiled(found), set() if seen is None else seen
        pair = (found.module, found.name)
        if _open(found) or found in seen or pair in _HASHED:
            return ""
        if found.name in ("|", "tuple") and not found.module:
            return next(filter(None, (self.unhashable(one, seen) for one in _plain(found.arguments))), "")
        message = self.messages.find(found) if self.messages is not None else None
        if message is None:
            return found.text()
        if message.kind == "enum":
            return ""
        seen.add(found)
        below = (self.unhashable(one, seen) for one in (*(type for _, type in message.fields), *message.bases))
        return next(filter(None, below), "") if message.frozen else found.text()

    def _apart(self, left: Type, right: Type) -> str:
        left, right = (counted(one, self.messages) for one in (left, right))
        pairs = {(left.module, left.name), (right.module, right.name)}
        if _open(left) or _open(right) or any(pairs <= together for together in _TOGETHER):
            return ""
        if pairs <= _MOMENTS and len(pairs) == 1:
            return ZONES
        if pairs <= _SETS or (len(pairs) == 1 and pairs <= _ORDERED):
            return ""
        if len(pairs) == 1 and not left.module and left.name in ("list", "tuple"):
            return self._of_parts(left, right)
        ordered = left == right and self._has_order(left)
        return "" if ordered else f"{left.text()} and {right.text()} cannot be compared"

    def _of_parts(self, left: Type, right: Type) -> str:
        """Of two lists or tuples the first parts that differ are compared; two that are None do not differ."""
        for one, other in zip(*_laid_beside(left, right), strict=False):
            for way in itertools.product(_plain((one,)), _plain((other,))):
                if way != (NONE, NONE) and (why := self._apart(*way)):
                    return why
        return ""

    def _has_order(self, found: Type) -> bool:
        definition = self.messages.definition(found) if self.messages is not None else None
        message = self.messages.find(found) if self.messages is not None else None
        if definition is None or message is None:
            return False
        node = definition[1]
        names = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        if names & {"IntEnum", "StrEnum"} or any(getattr(part, "name", "") == "__lt__" for part in node.body):
            return True
        return _says_order(node) and not message.bases and not self._fields_apart(message)

    def _fields_apart(self, message: MessageClass) -> str:
        fields = Type("tuple", "", tuple(type for _, type in message.fields))
        return self._of_parts(fields, fields)


def _says_order(node: ast.ClassDef) -> bool:
    """Whether a class is declared with `order=True`."""
    calls = [one.keywords for one in node.decorator_list if isinstance(one, ast.Call)]
    said = (one for keywords in (node.keywords, *calls) for one in keywords if one.arg == "order")
    return any(isinstance(one.value, ast.Constant) and one.value.value is True for one in said)


def _plain(found: tuple[Type, ...]) -> list[Type]:
    """The types that a value can be of, with no secret, no union and no value in the place of a type."""
    made: list[Type] = []
    for one in found:
        for part in types.unveiled(one).options:
            part = types.unveiled(part)
            if part == types.ELLIPSIS:
                continue
            if (part.module, part.name) == ("typing", "Literal"):
                values = (ast.literal_eval(value.name) for value in part.arguments if value.module == "literal")
                made += [Type(type(value).__name__) if value is not None else NONE for value in values]
            else:
                made.append(part)
    return list(dict.fromkeys(made))


def _open(found: Type) -> bool:
    """Whether it is not known what a value is."""
    return found.name in ("?", "!", "Any", "object") or found.module == "parameter"


def _laid_beside(left: Type, right: Type) -> tuple[tuple[Type, ...], tuple[Type, ...]]:
    """The parts of two lists or tuples that are compared: each once, where there may be any number of them."""
    parts = [one.arguments if _is_fixed(one) else (types.element(one),) for one in (left, right)]
    count = max(map(len, parts))
    one, other = (found if _is_fixed(side) else found * count for found, side in zip(parts, (left, right), strict=True))
    return one, other


def _is_fixed(found: Type) -> bool:
    return found.name == "tuple" and types.ELLIPSIS not in found.arguments
