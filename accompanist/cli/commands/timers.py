"""`accompanist timers VERB`: the verbs and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.options import ConfigFile, OneSession, RowsMax, SessionId, TokenFile, WaitingRole, Who, Why
from accompanist.cli.output import Json, reporting

group = typer.Typer(help="Show the timers of sessions, and move them.", no_args_is_help=True)
SiteOption = Annotated[str, typer.Option("--site", help="The timer's site, if the role has more than one timer.")]


@group.command("list")
def list_(
    session: OneSession = "",
    limit: RowsMax = 100,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List the timers that are set, the next due first."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.list_timers(config, session, limit, as_json)


@group.command("move")
def move(
    session: SessionId,
    role: WaitingRole,
    why: Why,
    at: Annotated[str, typer.Option("--at", help="When it is due, e.g. 2026-01-31T12:00:00Z.")] = "",
    in_s: Annotated[float | None, typer.Option("--in", help="In how many seconds it is due.")] = None,
    site: SiteOption = "",
    who: Who = "unknown",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Move a timer to another time."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        if not at and in_s is None:
            raise typer.BadParameter("give --at or --in; `timers fire` lets it be due now")
        command.move_timer(config, session, command.Moving(role, site, at, in_s, who, why), as_json)


@group.command("fire")
def fire(
    session: SessionId,
    role: WaitingRole,
    why: Why,
    site: SiteOption = "",
    who: Who = "unknown",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make a timer due now."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.move_timer(config, session, command.Moving(role, site, "", None, who, why), as_json)
