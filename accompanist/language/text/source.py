"""Files as text and places in them. Nothing here reads a file: reading is a function that the caller gives."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

BOM = "\ufeff"
"""What some editors put at the beginning of a file; Python passes over it, too."""

Read = Callable[[str], str | None]
"""Path to text; None where there is no such file."""


Sources = Callable[[str], "Source"]
"""The text of a file that has been read, by its path."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of a file: lines count from 1, columns from 0 and in characters, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text, cut into lines once."""

    path: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, path: str, text: str) -> Source:
        # as `ast` counts lines: form feeds and other separators of str.splitlines are none
        return cls(path, tuple(text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n").split("\n")))

    def span(self, node: ast.AST) -> Span:
        """Where a node of this file's syntax tree stands. `ast` counts columns in bytes; people count characters."""
        line = getattr(node, "lineno", 1)
        end_line = getattr(node, "end_lineno", None) or line
        return Span(
            self.path,
            line,
            self._characters(line, getattr(node, "col_offset", 0)),
            end_line,
            self._characters(end_line, getattr(node, "end_col_offset", None) or 0),
        )

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def text(self, span: Span) -> str:
        """The text of a span on one line; of a longer one the first line, cut with an ellipsis."""
        first = self.line(span.line)
        if span.end_line == span.line:
            return first[span.column : span.end_column]
        return first[span.column :].rstrip() + " …"

    def _characters(self, line: int, offset: int) -> int:
        text = self.line(line)
        if text.isascii():
            return min(offset, len(text))
        return len(text.encode()[:offset].decode(errors="ignore"))
