"""`accompanist diff OLD NEW`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.output import Json, reporting


def diff(
    old: Annotated[str, typer.Argument(help="The deployed version: a file or directory, or REVISION:PATH of git.")],
    new: Annotated[str, typer.Argument(help="The version to be deployed, in the same form.")],
    as_json: Json = False,
) -> None:
    """Show what a change does to open sessions; exits with 1 if any could not go on."""
    from accompanist.cli import diff as command

    with reporting(as_json):
        raise typer.Exit(command.compare(old, new, as_json))
