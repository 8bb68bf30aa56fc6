"""`accompanist sidecar --service NAME`: its options."""

from __future__ import annotations

import typer

from accompanist.cli.options import ConfigFile, OneService
from accompanist.cli.output import Json, reporting


def sidecar(service: OneService, config: ConfigFile = None, as_json: Json = False) -> None:
    """Run the sidecar of a service until SIGTERM."""
    from accompanist.cli import sidecar as command

    with reporting(as_json):
        raise typer.Exit(command.sidecar(config, service))
