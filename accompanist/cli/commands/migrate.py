"""`accompanist migrate`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile
from accompanist.cli.output import Json, reporting


def migrate(
    service: Annotated[
        str, typer.Option("--service", help="Only this service; default: all of the configuration.")
    ] = "",
    down: Annotated[bool, typer.Option("--down", help="Remove the log, with all data in it.")] = False,
    bootstrap: Annotated[bool, typer.Option("--bootstrap", help="Create roles and schemas first.")] = False,
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address; default: DATABASE_URL or the configuration's.")
    ] = "",
    sql: Annotated[
        bool, typer.Option("--sql", help="Print what the log of one service is, as SQL to read, and change nothing.")
    ] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Migrate the services' logs in Postgres to the revision of this program."""
    from accompanist.cli import migrate as command

    if sql and (down or bootstrap or database):
        raise typer.BadParameter(
            "it asks no database: leave --down, --bootstrap and --database out", param_hint="--sql"
        )
    with reporting(as_json):
        if sql:
            command.sql(config, service, as_json=as_json)
        else:
            command.migrate(config, service, database, down=down, bootstrap=bootstrap, as_json=as_json)
