"""`accompanist start CHOREOGRAPHY`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import Attribute, ConfigFile, TokenFile
from accompanist.cli.output import Json, reporting


def start(
    choreography: Annotated[str, typer.Argument(help="The choreography's name.")],
    role: Annotated[str, typer.Option("--role", help="The initiator: the role that owns the parameters.")],
    args: Annotated[str, typer.Option("--args", help="The arguments by name, a JSON object; - reads it from stdin.")],
    key: Annotated[str | None, typer.Option("--key", help="An idempotency key: one key, one session.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the saga is settled or undone.")] = False,
    wait_s: Annotated[float, typer.Option("--wait-s", help="How many seconds --wait waits.", min=0.0)] = 60.0,
    deadline_s: Annotated[
        float, typer.Option("--deadline-s", help="Request a cancel after so many seconds.", min=0.0)
    ] = 0.0,
    attribute: Attribute = None,
    volatile: Annotated[
        bool,
        typer.Option(
            "--volatile",
            help="Keep the session in memory only: fastest, and lost with any process that takes part. "
            "docs/volatile.md says what is not promised.",
        ),
    ] = False,
    service: Annotated[
        str, typer.Option("--service", help="The service that plays the role, if that is ambiguous.")
    ] = "",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Start a saga at its initiator's sidecar."""
    from accompanist.cli import start as command

    with reporting(as_json):
        found = command.attributes(attribute or ())
        wanted = command.StartRequest(
            choreography, role, args, key, service, wait_s if wait else 0.0, deadline_s, found, volatile
        )
        raise typer.Exit(command.start(config, wanted, as_json))
