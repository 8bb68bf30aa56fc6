"""`accompanist explain [CODE]`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.output import Json, reporting


def explain(
    code: Annotated[str, typer.Argument(help="An error code, e.g. ACC301; default: list all codes.")] = "",
    as_json: Json = False,
) -> None:
    """Explain why an error happens and what to do about it."""
    from accompanist.cli import explain as command

    with reporting(as_json):
        command.explain(code, as_json)
