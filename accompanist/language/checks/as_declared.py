"""Names that are declared with a type, and what else they are given.

`best: Bid | None = None` says of all values of `best` what they are. A value of a wider type, of which conditions have
said that it is a Bid, is a Bid there. A message that the declaration has not is refused where the name is given it.
"""

from __future__ import annotations

import re

from accompanist.errors import catalogue
from accompanist.language import types
from accompanist.language.ir import Block, Let, walk
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Modules
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.source import Span
from accompanist.language.types import Type

OTHERWISE = catalogue(
    "ACC179",
    "declared with another type",
    "What is known of a name later is what its declaration says. A message of another class would be read there as one "
    "that it is not.",
    "Ask first which message it is, with `match` or `isinstance`, or declare the name with all that it may hold.",
)


class AsDeclared:
    """The declared names of one choreography."""

    def __init__(self, modules: Modules, messages: Messages, body: Block) -> None:
        self._sources, self._messages = modules.source, messages
        self._declared = _declared(body)

    def held(self, target: str | None, wide: Type, found: Type) -> Type:
        """The type of a name that is given a value of type `wide`, and of type `found` by what conditions have said:
        the declared one where only that tells what the name holds."""
        declared = self.type_of(target)
        if declared is None or wide == found or not found.known:
            return wide
        return declared if self._strange(wide, declared) and self._within(found, declared) else wide

    def type_of(self, target: str | None) -> Type | None:
        """What a name is declared; None if it is not, or with more than one type."""
        point = self._declared.get(target or "")
        return None if point is None else point.declared

    def refuses(self, target: str | None, found: Type, span: Span, findings: Findings) -> bool:
        """Whether a name is given a message that it is not declared with; then that is reported."""
        declared = self.type_of(target)
        if declared is None or not self._strange(found, declared):
            return False
        point = self._declared[target or ""]
        written = re.match(r"\w*", self._sources(point.span.file).text(point.span))
        name = written.group() if written is not None else str(target)
        line = f" in line {point.span.line}" if point.span.line != span.line else ""
        text = f"{name} is declared {declared.text()}{line}, and is given {found.text()} here"
        other = next(one for one in found.options if self._strange(one, declared))
        wider = f"{name}: {types.union(declared, other).text()} where it is declared"
        fits = next((one for one in found.options if self._within(one, declared) and one.module), None)
        hint = f"ask first: case {fits.text()}() as …, or {wider}" if fits is not None else wider
        findings.add(OTHERWISE, self._sources(span.file), span, text, hint)
        return True

    def _within(self, found: Type, declared: Type) -> bool:
        """Whether each part of a type is one of the declared ones."""
        return all(any(self._is(one, other) for other in declared.options) for one in found.options)

    def _strange(self, found: Type, declared: Type) -> bool:
        """Whether a part of a type is a message that the declaration certainly has not."""
        if not (found.known and declared.known and all(map(self._plain, declared.options))):
            return False
        return any(self._is_record(one) and not self._within(one, declared) for one in found.options)

    def _is(self, one: Type, other: Type) -> bool:
        return one == other or (not other.arguments and self._messages.derives(one, other))

    def _is_record(self, type: Type) -> bool:
        message = self._messages.find(type)
        return message is not None and message.kind != "enum" and not type.arguments

    def _plain(self, type: Type) -> bool:
        """Whether it is clear of which classes the values of a type are."""
        return type in map(Type, types.SCALARS) or (type.module, type.name) in types.PORTABLE or self._is_record(type)


def _declared(body: Block) -> dict[str, Let]:
    """The declaration of each name that has one, in the words of the type system: each says the same."""
    found: dict[str, Let] = {}
    differ: set[str] = set()
    for point in walk(body):
        if isinstance(point, Let) and point.declared is not None and len(point.targets) == 1:
            first = found.setdefault(point.targets[0], point)
            if first.declared != point.declared:
                differ.add(point.targets[0])
    return {name: point for name, point in found.items() if name not in differ}
