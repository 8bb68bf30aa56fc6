"""`accompanist migrate`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile
from accompanist.cli.output import Json, reporting


def migrate(
    service: Annotated[str, typer.Option("--service", help="Only this service; else all of the file.")] = "",
    down: Annotated[bool, typer.Option("--down", help="Take the log away again, with all that is in it.")] = False,
    bootstrap: Annotated[bool, typer.Option("--bootstrap", help="Create roles and schemas first.")] = False,
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address; else DATABASE_URL or the file's.")
    ] = "",
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Bring the services' logs in Postgres to the revision of this program."""
    from accompanist.cli import migrate as command

    with reporting(as_json):
        command.migrate(config, service, database, down=down, bootstrap=bootstrap, as_json=as_json)
