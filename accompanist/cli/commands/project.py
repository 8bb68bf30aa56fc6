"""`accompanist project FILE`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import File
from accompanist.cli.output import Json, reporting


def project(
    file: File,
    role: Annotated[str, typer.Option("--role", help="The role whose program to show.")],
    choreography: Annotated[str, typer.Option("--choreography", help="Which one, if the file has several.")] = "",
    as_json: Json = False,
) -> None:
    """Show the program of one role, as the Python that its sidecar runs."""
    from accompanist.cli import project as command

    with reporting(as_json):
        raise typer.Exit(command.project(file, role, choreography, as_json))
