"""`accompanist check FILE`: its options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from accompanist.cli.options import File
from accompanist.cli.output import Json, reporting


def check(
    file: File,
    format: Annotated[Literal["text", "json", "sarif"], typer.Option("--format", help="The output format.")] = "text",
    explain: Annotated[bool, typer.Option("--explain", help="Show what the compiler inserted, and why.")] = False,
    learns: Annotated[bool, typer.Option("--learns", help="Show which role learns what, and from whom.")] = False,
    as_json: Json = False,
) -> None:
    """Check a file's choreographies; nothing is executed."""
    from accompanist.cli import check as command

    with reporting(as_json or format != "text"):
        raise typer.Exit(command.check(file, "json" if as_json else format, explain=explain, learns=learns))
