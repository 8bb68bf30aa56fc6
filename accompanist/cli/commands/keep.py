"""`accompanist keep -- CMD`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def keep(
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="The command to keep running.")],
    pid_file: Annotated[Path | None, typer.Option("--pid-file", help="Write CMD's process id to this file.")] = None,
) -> None:
    """Run CMD, and restart it whenever it ends, until stopped by a signal."""
    from accompanist.cli.keep import keep as keep_running

    raise typer.Exit(keep_running(command, pid_file))
