"""The commands about waiting and their options: telling events, and what timers and events there are."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.app import ConfigFile, TokenFile, app
from accompanist.cli.output import Json, reporting

timers = typer.Typer(help="Look at what sessions wait for, and let it be due at another time.", no_args_is_help=True)
app.add_typer(timers, name="timers")
events = typer.Typer(help="Look at what was told to sessions from outside.", no_args_is_help=True)
app.add_typer(events, name="events")


@app.command()
def signal(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    name: Annotated[str, typer.Argument(help="The event, as the choreography names it.")],
    value: Annotated[str, typer.Argument(help="What it says, as JSON of the event's type.")],
    role: Annotated[str, typer.Option("--role", help="The role that waits for it.")],
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Tell a session an event from outside. The first value counts; the same again is harmless."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.signal(config, session, command.Event(role, name, value), as_json)


OneSession = Annotated[str, typer.Option("--session", help="Only this session's.")]
RowsMax = Annotated[int, typer.Option("--limit", help="At most so many of each service.", min=1, max=1_000)]
SiteOption = Annotated[str, typer.Option("--site", help="Where in the program, if the role has more than one timer.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; it is kept with the session.")]
WhoOption = Annotated[str, typer.Option("--who", help="Who says so.", envvar="USER")]


@timers.command("list")
def timers_list(
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


@timers.command("move")
def timers_move(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    role: Annotated[str, typer.Option("--role", help="The role that waits.")],
    why: WhyOption,
    at: Annotated[str, typer.Option("--at", help="When it is due, e.g. 2026-01-31T12:00:00Z.")] = "",
    in_s: Annotated[float | None, typer.Option("--in", help="In how many seconds it is due.")] = None,
    site: SiteOption = "",
    who: WhoOption = "unknown",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let a timer be due at another time."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        if not at and in_s is None:
            raise typer.BadParameter("give --at or --in; `timers fire` lets it be due now")
        command.move_timer(config, session, command.Moving(role, site, at, in_s, who, why), as_json)


@timers.command("fire")
def timers_fire(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    role: Annotated[str, typer.Option("--role", help="The role that waits.")],
    why: WhyOption,
    site: SiteOption = "",
    who: WhoOption = "unknown",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let a timer be due now."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.move_timer(config, session, command.Moving(role, site, "", None, who, why), as_json)


@events.command("list")
def events_list(
    session: OneSession = "",
    limit: RowsMax = 100,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List what was told from outside, newest first; what it says is in `sessions show`."""
    from accompanist.cli import waiting as command

    with reporting(as_json):
        command.list_events(config, session, limit, as_json)
