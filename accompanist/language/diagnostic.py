"""What is wrong with a choreography, as a value, and how it is shown.

One shape for all: code and title, file and line, the source underlined, where each value lives, what to write instead.
A diagnostic speaks of what the author wrote, never of projected code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accompanist.errors import CATALOGUE
from accompanist.language.source import Source, Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One cause. `owners` lists the values concerned, as written, with the roles that own them."""

    code: str
    span: Span
    text: str
    hint: str = ""
    owners: tuple[tuple[str, tuple[str, ...]], ...] = ()
    source: str = ""

    @property
    def title(self) -> str:
        return CATALOGUE[self.code].title

    @property
    def file(self) -> str:
        return self.span.file

    @property
    def line(self) -> int:
        return self.span.line

    @property
    def column(self) -> int:
        return self.span.column + 1

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "title": self.title,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "source": self.source,
            "text": self.text,
            "owners": {value: list(roles) for value, roles in self.owners},
            "hint": self.hint,
        }


class Findings:
    """The diagnostics of one run, each cause once, in the order of the source."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span, str], Diagnostic] = {}

    def add(
        self,
        code: str,
        source: Source,
        span: Span,
        text: str,
        hint: str = "",
        owners: tuple[tuple[str, tuple[str, ...]], ...] = (),
    ) -> None:
        found = Diagnostic(code, span, text, hint, owners, source.line(span.line))
        self._found.setdefault((code, span, text), found)

    def take(self, other: Findings) -> None:
        """What another run has found, too."""
        self._found = {**self._found, **other._found}

    def take_new(self, other: Findings) -> None:
        """What another look at the same text has found, where nothing of the kind was found before."""
        known = {(code, span) for code, span, _ in self._found}
        self._found |= {key: one for key, one in other._found.items() if key[:2] not in known}

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found.values(), key=lambda found: (found.span, found.code, found.text)))

    def __len__(self) -> int:
        return len(self._found)


def render(found: Diagnostic) -> str:
    """A diagnostic for a terminal."""
    number = str(found.line)
    margin = " " * len(number)
    end = found.span.end_column if found.span.end_line == found.line else len(found.source.rstrip())
    marks = " " * found.span.column + "^" * max(1, end - found.span.column)
    lines = [
        f"{found.code} {found.title}",
        f"{margin}--> {found.span.place}",
        f"{margin} |",
        f"{number} | {found.source.rstrip()}",
        f"{margin} | {marks}",
        f"{margin} = {found.text}",
    ]
    lines += [f"{margin} =   {value} is at {' and '.join(roles) or 'no role'}" for value, roles in found.owners]
    if found.hint:
        lines.append(f"{margin} = write: {found.hint}")
    return "\n".join(lines)
