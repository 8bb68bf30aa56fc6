"""`accompanist init [NAME]`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accompanist.cli.output import Json, reporting


def init(
    name: Annotated[
        Path | None, typer.Argument(help="The project's directory, which is created; default: the working directory.")
    ] = None,
    services: Annotated[
        str, typer.Option("--services", help="The services, the one that starts the saga first.")
    ] = "orders,payment,shipping",
    plain: Annotated[bool, typer.Option("--plain", help="Services with a worker each; the default.")] = False,
    fastapi: Annotated[bool, typer.Option("--fastapi", help="And a FastAPI application that starts sagas.")] = False,
    django: Annotated[bool, typer.Option("--django", hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """Make a new project that runs: choreography, workers, configuration, tests."""
    from accompanist.cli import init as command

    if plain and fastapi:
        raise typer.BadParameter("a project is of one kind", param_hint="--plain, --fastapi")
    if django:
        raise typer.BadParameter(
            "there is no template for Django yet; there are --plain and --fastapi", param_hint="--django"
        )
    with reporting(as_json):
        command.init(name, services, "fastapi" if fastapi else "plain", as_json)
