"""`accompanist dev`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile
from accompanist.cli.output import reporting


def dev(
    config: ConfigFile = None,
    procfile: Annotated[
        Path | None, typer.Option("--procfile", help="What to run; default: the Procfile beside the configuration.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--directory", help="Its data, logs and sockets; default: var beside it.")
    ] = None,
    reload: Annotated[bool, typer.Option("--reload/--no-reload", help="Start anew what was changed.")] = True,
) -> None:
    """Run the whole project on this machine, with a Postgres of its own unless DATABASE_URL is set, until Ctrl-C."""
    from accompanist.cli import dev as command

    with reporting(False):
        raise typer.Exit(command.dev(config, procfile, directory, reload=reload))
