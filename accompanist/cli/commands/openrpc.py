"""`accompanist openrpc FILE`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accompanist.cli.output import Json, reporting


def openrpc(
    file: Annotated[Path, typer.Argument(help="A Python file with role classes.")],
    role: Annotated[str, typer.Option("--role", help="Which one, if the file has several.")] = "",
    as_json: Json = False,
) -> None:
    """Print what a role's worker has to serve, as OpenRPC; imports the file's module."""
    from accompanist.cli import openrpc as command

    with reporting(as_json):
        command.openrpc(file, role)
