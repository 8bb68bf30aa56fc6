"""`accompanist conformance URL`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from accompanist.cli.output import Json, reporting


def conformance(
    url: Annotated[str, typer.Argument(help="The worker's address: unix:, tcp:, http+unix: or http:.")] = "",
    level: Annotated[
        Literal["plain", "fenced"], typer.Option("--level", help="plain: correct JSON-RPC; fenced: exactly once, too.")
    ] = "fenced",
    only: Annotated[str, typer.Option("--only", help="Only this case, or cases of a pattern such as 'close/*'.")] = "",
    ledger: Annotated[
        str, typer.Option("--ledger", help="Where the worker records its effects: a database, or a file of JSON lines.")
    ] = "",
    schema: Annotated[str, typer.Option("--schema", help="The schema of the ledger's table.")] = "till_worker",
    cases: Annotated[Path | None, typer.Option("--cases", help="A directory of cases; default: those shipped.")] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Allow a worker that is not on this machine.")
    ] = False,
    contract: Annotated[bool, typer.Option("--contract", help="Print what a worker has to serve, and exit.")] = False,
    as_json: Json = False,
) -> None:
    """Test a worker, in any language, against the worker contract; exits with 1 if a case fails."""
    from accompanist.cli import conformance as command

    with reporting(as_json):
        if contract:
            command.show_contract(as_json)
            return
        if not url:
            raise typer.BadParameter("where does the worker listen?", param_hint="URL")
        wanted = command.SuiteRequest(url, level, only, ledger, schema, cases, allow_remote)
        raise typer.Exit(command.run(wanted, as_json))
