"""Which values of a type the cases of a `match` leave out.

A type is taken apart into what its values can be: the members of an enum, the truths, the literals, the classes of a
union, the parts of these. A value that no case takes is shown as the pattern that would take it. Types without an end
(numbers, texts, lists) are one part, which only a class pattern or a name takes. A case with a guard may take nothing.

The search is the textbook one for patterns, column by column; it is exponential at worst, so it has a bound.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.language import types
from accompanist.language.normal.patterns import irrefutable
from accompanist.language.reading.names import Names
from accompanist.language.types import BOOL, INT, NONE, Type

LEFT_OUT = catalogue(
    "ACC149",
    "match leaves values out",
    "A name that only the cases assign, and a result that only they return, are missing where no case takes the value. "
    "Cases that take every member of an enum, both truths, every literal or every part of a union need no `case _`.",
    "Add the cases that are named, or `case _:`.",
)

_ANY = ast.MatchAs()


class _TooMany(Exception):
    """The search passes its bound."""


@dataclass(frozen=True, slots=True)
class CasePart:
    """One thing that a value can be. `kind`: "constant", "member", "class", "tuple" or "open"; `text`: the pattern for
    it; `inner`: the types of what is in it, `fields`: their names."""

    kind: str
    type: Type
    text: str
    inner: tuple[Type, ...] = ()
    fields: tuple[str, ...] = ()

    def written(self, inner: Sequence[str]) -> str:
        """The pattern with patterns for what is in it."""
        if self.kind == "tuple":
            return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
        if self.kind != "class":
            return self.text
        given = [f"{name}={text}" for name, text in zip(self.fields, inner, strict=True) if text != "_"]
        return f"{self.text}({', '.join(given)})"


def left_out(subject: Type, cases: Sequence[ast.match_case], names: Names) -> tuple[str, ...] | None:
    """What the cases of a match leave out, as patterns: the first few; None where its subject's type is not known, or
    the search is too long. Of what has been refused nothing more is said: they leave out nothing."""
    subject = types.unveiled(subject)
    if subject.refused:
        return ()
    if not subject.known:
        return None
    try:
        return _Search(names).left(subject, cases)
    except _TooMany:
        return None


class _Search:
    def __init__(self, names: Names) -> None:
        self._names, self._messages = names, names.messages
        self._steps = 0

    def left(self, subject: Type, cases: Sequence[ast.match_case]) -> tuple[str, ...]:
        """The first patterns for values that no case takes."""
        rows = [[case.pattern] for case in cases if case.guard is None]
        return tuple(text for (text,) in islice(self._left([subject], rows), limits.cases_told_max))

    def _left(self, columns: list[Type], rows: list[list[ast.pattern]]) -> Iterator[list[str]]:
        self._steps += 1
        if self._steps > limits.match_steps_max:
            raise _TooMany
        if not columns:
            if not rows:
                yield []
            return
        first, *others = columns
        if all(irrefutable(row[0]) for row in rows):
            yield from (["_", *rest] for rest in self._left(others, [row[1:] for row in rows]))
            return
        for part in self._parts(first):
            inner = [[*found, *row[1:]] for row in rows for found in self._inside(row[0], part)]
            size = len(part.inner)
            for texts in self._left([*part.inner, *others], inner):
                yield [part.written(texts[:size]), *texts[size:]]

    def _parts(self, type: Type) -> list[CasePart]:
        """What a value of a type can be."""
        if type.name == "|":
            return [part for one in type.arguments for part in self._parts(one)]
        if type in (BOOL, NONE):
            return [CasePart("constant", type, text) for text in (("True", "False") if type == BOOL else ("None",))]
        if (type.module, type.name) == ("typing", "Literal"):
            return [CasePart("constant", _literal(one.name), one.name) for one in type.arguments]
        if type.name == "tuple" and not type.module and types.ELLIPSIS not in type.arguments:
            return [CasePart("tuple", type, "", type.arguments)]
        message = self._messages.find(type)
        if message is None:
            return [CasePart("open", type, "_")]
        if message.kind == "enum":
            own = (member for member in message.members if member not in dict(message.aliases))
            return [CasePart("member", type, f"{type.name}.{member}") for member in own]
        names, kinds = [name for name, _ in message.fields], [kind for _, kind in message.fields]
        return [CasePart("class", type, type.name, tuple(kinds), tuple(names))]

    def _inside(self, pattern: ast.pattern, part: CasePart) -> list[list[ast.pattern]]:
        """The patterns for what is in a part, once for each way in which a pattern takes it."""
        everything: list[list[ast.pattern]] = [[_ANY] * len(part.inner)]
        match pattern:
            case ast.MatchAs(pattern=None):
                return everything
            case ast.MatchAs(pattern=inner) if inner is not None:
                return self._inside(inner, part)
            case ast.MatchOr(patterns=patterns):
                return [found for one in patterns for found in self._inside(one, part)]
            case ast.MatchSingleton(value=value):
                return everything if part.kind == "constant" and part.text == str(value) else []
            case ast.MatchValue(value=value):
                return everything if self._is(value, part) else []
            case ast.MatchClass():
                return self._class(pattern, part)
            case ast.MatchSequence(patterns=patterns) if part.kind == "tuple" and len(patterns) == len(part.inner):
                return [list(patterns)]
        return []

    def _is(self, value: ast.expr, part: CasePart) -> bool:
        """Whether a constant, or a dotted name, is the one value of a part."""
        if part.kind == "member" and isinstance(value, ast.Attribute):
            found, message = self._names.resolve(value.value), self._messages.find(part.type)
            named = value.attr if message is None else dict(message.aliases).get(value.attr, value.attr)
            there = (part.type.module, part.type.name, part.text.rpartition(".")[2])
            return found is not None and (found.module, found.name, named) == there
        return part.kind == "constant" and part.text == ast.unparse(value)

    def _class(self, pattern: ast.MatchClass, part: CasePart) -> list[list[ast.pattern]]:
        found = self._names.resolve(pattern.cls)
        if found is None and isinstance(pattern.cls, ast.Name) and pattern.cls.id in types.CLASSES:
            wanted = Type(pattern.cls.id)
            taken = (part.type.name == wanted.name and not part.type.module) or (part.type, wanted) == (BOOL, INT)
            inner = pattern.patterns[0] if pattern.patterns else _ANY
            return self._inside(inner, part) if taken else []
        if found is None or not self._messages.derives(part.type, Type(found.name, found.module)):
            return []
        base = self._messages.find(Type(found.name, found.module))
        order = [name for name, _ in base.fields] if base is not None else []
        given = {**dict(zip(order, pattern.patterns, strict=False))}
        given |= dict(zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True))
        return [[given.get(name, _ANY) for name in part.fields]]


def _literal(text: str) -> Type:
    return Type(type(ast.literal_eval(text)).__name__) if text[:1] in "'\"0123456789-" else Type("")
