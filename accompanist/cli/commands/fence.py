"""`accompanist fence install`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.output import Json, reporting

group = typer.Typer(help="Install the fence, which makes a worker's effects exactly-once.", no_args_is_help=True)


@group.command("install")
def install(
    schema: Annotated[str, typer.Option("--schema", help="The worker's schema; created if it is missing.")],
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address, the worker's own; default: DATABASE_URL.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Install the fence in a worker's schema; installing it again changes nothing."""
    from accompanist.cli import fence as command

    with reporting(as_json):
        command.install(schema, database, as_json)
