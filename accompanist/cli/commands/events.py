"""`accompanist events VERB`: the verbs and their options."""

from __future__ import annotations

import typer

from accompanist.cli.options import ConfigFile, OneSession, RowsMax, TokenFile
from accompanist.cli.output import Json, reporting

group = typer.Typer(help="Show the events that were sent to sessions from outside.", no_args_is_help=True)


@group.command("list")
def list_(
    session: OneSession = "",
    limit: RowsMax = 100,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List events from outside, newest first; `sessions show` has their values."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.list_events(config, session, limit, as_json)
