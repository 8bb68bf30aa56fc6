"""`accompanist doctor`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile
from accompanist.cli.output import Json, reporting


def doctor(
    service: Annotated[str, typer.Option("--service", help="Only this service; else all of the file.")] = "",
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address, an administrator's sees more; else the file's.")
    ] = "",
    accept_server: Annotated[
        bool, typer.Option("--accept-server", help="Take the server as it is for the right one, see ACC409.")
    ] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with the services' logs: 0 nothing, 1 warnings, 3 errors."""
    from accompanist.cli import doctor as command

    with reporting(as_json):
        raise typer.Exit(command.doctor(config, service, database, accept=accept_server, as_json=as_json))
