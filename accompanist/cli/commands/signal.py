"""`accompanist signal SESSION NAME VALUE`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile, SessionId, TokenFile
from accompanist.cli.output import Json, reporting


def signal(
    session: SessionId,
    name: Annotated[str, typer.Argument(help="The event's name in the choreography.")],
    value: Annotated[str, typer.Argument(help="The event's value, as JSON of its type.")],
    role: Annotated[str, typer.Option("--role", help="The role that waits for it.")],
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Send an event from outside to a session. The first value counts; sending it again is harmless."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.signal(config, session, command.Event(role, name, value), as_json)
