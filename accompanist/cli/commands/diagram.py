"""`accompanist diagram FILE`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from accompanist.cli.options import File
from accompanist.cli.output import Json, reporting


def diagram(
    file: File,
    choreography: Annotated[str, typer.Option("--choreography", help="Which one, if the file has several.")] = "",
    format: Annotated[
        Literal["mermaid", "svg", "text"], typer.Option("--format", help="The output format.")
    ] = "mermaid",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw a choreography as a sequence diagram."""
    from accompanist.cli import diagram as command

    with reporting(as_json):
        raise typer.Exit(command.diagram(file, choreography, format, output, as_json))
