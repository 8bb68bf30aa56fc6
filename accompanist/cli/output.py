"""Output of commands: results on standard output, errors on standard error, see `errors_told`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from accompanist import limits, terminal
from accompanist.cli.errors_told import encode, told
from accompanist.errors import AccompanistError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turn an AccompanistError into a message and an exit code. Other exceptions are bugs, and pass."""
    try:
        yield
    except AccompanistError as problem:
        raise typer.Exit(told(problem, as_json)) from None


def show(result: Any, as_json: bool, text: str) -> None:
    """Print a result, as JSON or as text."""
    print(encode(result) if as_json else terminal.lines(text))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table. Columns are as wide as their widest cell, but for the last one; no cell has a line break."""
    cells = [[*map(_cell, line[:-1]), terminal.line(line[-1])] for line in (head, *rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(text: str) -> str:
    seen = terminal.line(text)
    return seen if len(seen) <= limits.table_cell_chars_max else seen[: limits.table_cell_chars_max - 1] + "…"
