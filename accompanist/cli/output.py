"""Output and exit codes of commands: results on standard output, errors on standard error.

    0  done          2  usage: the command line itself        4  ours: a bug
    1  the choreography, the arguments, or the peer           3  the deployment: configuration, database, ports
    5  unfinished: a saga still open, a search that           6  `verify` and `simulate`: nothing failed, but no run
       reached its bound                                         settled

With --json both are one JSON object on one line; an error is `{"error": {code, title, text, hint, fault}}`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from accompanist import limits, terminal
from accompanist.errors import AccompanistError

EXIT = {"author": 1, "peer": 1, "operator": 3, "ours": 4}

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turn an AccompanistError into a message and an exit code. Other exceptions are bugs, and pass."""
    try:
        yield
    except AccompanistError as problem:
        problem.advised()
        if as_json:
            print(encode({"error": problem.as_json()}), file=sys.stderr)
        else:
            print(terminal.lines(f"error {problem}"), file=sys.stderr)
        raise typer.Exit(EXIT[problem.fault]) from None


def show(result: Any, as_json: bool, text: str) -> None:
    """Print a result, as JSON or as text."""
    print(encode(result) if as_json else terminal.lines(text))


def encode(value: Any) -> str:
    import msgspec

    return terminal.json(msgspec.json.encode(value).decode())


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
