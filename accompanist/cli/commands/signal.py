"""`accompanist signal SESSION NAME VALUE`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile, TokenFile
from accompanist.cli.output import Json, reporting


def signal(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    name: Annotated[str, typer.Argument(help="The event, as the choreography names it.")],
    value: Annotated[str, typer.Argument(help="What it says, as JSON of the event's type.")],
    role: Annotated[str, typer.Option("--role", help="The role that waits for it.")],
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Tell a session an event from outside. The first value counts; the same again is harmless."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.signal(config, session, command.Event(role, name, value), as_json)
