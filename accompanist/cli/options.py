"""The options that several commands share, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _bear(file: Path | None) -> None:
    from accompanist.cli.api import bear

    bear(file)


File = Annotated[Path, typer.Argument(help="A Python file with choreographies.")]
Attribute = Annotated[
    list[str] | None,
    typer.Option("--attribute", help="An attribute NAME=TEXT of the session; may be repeated."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The configuration; default: the nearest accompanist.toml upwards.")
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        help="A file with the API's token; default: ACCOMPANIST_TOKEN.",
        callback=_bear,
        expose_value=False,
    ),
]
OneService = Annotated[str, typer.Option("--service", help="A service of accompanist.toml.")]
OneSession = Annotated[str, typer.Option("--session", help="Only those of this session.")]
RowsMax = Annotated[int, typer.Option("--limit", help="At most so many per service.", min=1, max=1_000)]
SessionId = Annotated[
    str,
    typer.Argument(help="The session: its id, or an attribute NAME=TEXT, or key:KEY, the key of its start."),
]
AtRole = Annotated[str, typer.Option("--role", help="The role at which it is done.")]
WaitingRole = Annotated[str, typer.Option("--role", help="The role that waits.")]
Why = Annotated[str, typer.Option("--why", help="The reason; it is kept with the session.")]
Who = Annotated[str, typer.Option("--who", help="Who says so.", envvar="USER")]
