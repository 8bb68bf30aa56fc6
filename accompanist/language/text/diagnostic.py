"""What is wrong with a choreography, as a value, and how it is shown.

One shape for all: code and title, file and line, the source underlined, where each value lives, what to write instead.
A diagnostic speaks of what the author wrote, never of projected code.

There are two kinds of advice. `write:` is followed by a piece of program that mends the line when it is put there as it
stands; a test does that with every one. `instead:` is followed by words, or by a form with parts to fill in.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from accompanist.errors import CATALOGUE
from accompanist.language.text.source import Source, Span

Edit = tuple[Span, str]
"""A text, and the place in the file that it takes. A place of no width lies between two characters."""


class Write(str):
    """Advice that is a piece of program. Without edits of its own it takes the place of what is underlined. `said`: the
    advice is words all the same, such as to leave something out."""

    edits: tuple[Edit, ...]
    said: bool

    def __new__(cls, text: str, *edits: Edit, said: bool = False) -> Write:
        made = super().__new__(cls, text)
        made.edits, made.said = edits, said
        return made


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One cause. `owners` lists the values concerned, as written, with the roles that own them. `hint` is what to do:
    a piece of program if it is a Write, else words."""

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

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What the author would change to follow the advice; empty if the advice is words."""
        if not isinstance(self.hint, Write):
            return ()
        return self.hint.edits or ((self.span, str(self.hint)),)

    @property
    def advice(self) -> str:
        """What to do, with the word that says of which kind the advice is. Where the place has none of its own, it is
        what the catalogue says of the code."""
        if isinstance(self.hint, Write) and not self.hint.said:
            return f"write: {self.hint}"
        return f"instead: {self.hint or CATALOGUE[self.code].remedy}"

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
            "edits": [
                {
                    "file": span.file,
                    "line": span.line,
                    "column": span.column + 1,
                    "end_line": span.end_line,
                    "end_column": span.end_column + 1,
                    "text": text,
                }
                for span, text in self.edits
            ],
        }


class Findings:
    """The diagnostics of one run, each cause once, in the order of the source; without those of codes that are
    `passed` over."""

    def __init__(self, passed: Set[str] = frozenset()) -> None:
        self._passed = passed
        self._found: dict[tuple[str, Span, str], Diagnostic] = {}

    def fresh(self) -> Findings:
        """Findings that pass over the same codes, and have none yet."""
        return Findings(self._passed)

    def add(
        self,
        code: str,
        source: Source,
        span: Span,
        text: str,
        hint: str = "",
        owners: tuple[tuple[str, tuple[str, ...]], ...] = (),
    ) -> None:
        if code not in self._passed:
            found = Diagnostic(code, span, text, hint, owners, source.line(span.line))
            self._found.setdefault((code, span, text), found)

    def passes(self, code: str) -> bool:
        """Whether such findings are passed over: what they would refuse has its type, as any other program."""
        return code in self._passed

    def take(self, other: Findings) -> None:
        """What another run has found, too."""
        self._found |= {key: one for key, one in other._found.items() if key[0] not in self._passed}

    def take_new(self, other: Findings) -> None:
        """What another look at the same text has found, where nothing of the kind was found before."""
        known = {(code, span) for code, span, _ in self._found}
        told = {key: one for key, one in other._found.items() if key[0] not in self._passed}
        self._found |= {key: one for key, one in told.items() if key[:2] not in known}

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
    first, *more = found.advice.splitlines()
    lines.append(f"{margin} = {first}")
    lines += [f"{margin} =        {line}" for line in more]
    return "\n".join(lines)
