"""`accompanist doctor`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile
from accompanist.cli.output import Json, reporting


def doctor(
    service: Annotated[
        str, typer.Option("--service", help="Only this service; default: all of the configuration.")
    ] = "",
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address, e.g. as an administrator, who sees more.")
    ] = "",
    accept_server: Annotated[
        bool, typer.Option("--accept-server", help="Accept the present server as the right one, see ACC409.")
    ] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Diagnose the services' logs; exits with 0 if nothing is wrong, 1 for warnings, 3 for errors."""
    from accompanist.cli import doctor as command

    with reporting(as_json):
        raise typer.Exit(command.doctor(config, service, database, accept=accept_server, as_json=as_json))
