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
    list[str] | None, typer.Option("--attribute", help="NAME=TEXT that the session is found by; may be repeated.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The configuration; else the accompanist.toml above.")
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help="A file with the API's token; else ACCOMPANIST_TOKEN.", callback=_bear, expose_value=False
    ),
]
OneService = Annotated[str, typer.Option("--service", help="A service of accompanist.toml.")]
OneSession = Annotated[str, typer.Option("--session", help="Only this session's.")]
RowsMax = Annotated[int, typer.Option("--limit", help="At most so many of each service.", min=1, max=1_000)]
