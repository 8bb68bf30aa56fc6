"""`accompanist sessions VERB`: the verbs and their options."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from accompanist.cli.options import Attribute, ConfigFile, TokenFile
from accompanist.cli.output import Json, reporting

group = typer.Typer(help="Look at sessions, and act on them.", no_args_is_help=True)
State = Literal["running", "done", "closing", "undoing", "undone", "settled", "ended"]


@group.command("list")
def list_(
    outcome: Annotated[
        Literal["settled", "ended"] | None, typer.Option("--outcome", help="Only those that ended so.")
    ] = None,
    parked: Annotated[bool, typer.Option("--parked", help="Only those that wait for an operator.")] = False,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    retrying: Annotated[bool, typer.Option("--retrying", help="Only those whose call has failed.")] = False,
    state: Annotated[State | None, typer.Option("--state", help="Only those in this state at a role.")] = None,
    role: Annotated[str, typer.Option("--role", help="Only at this role.")] = "",
    choreography: Annotated[str, typer.Option("--choreography", help="Only of this choreography.")] = "",
    waiting: Annotated[str, typer.Option("--waiting-for", help="A part of what is waited for.")] = "",
    older_s: Annotated[float | None, typer.Option("--older-s", help="Started longer ago than that.")] = None,
    idle_s: Annotated[float | None, typer.Option("--idle-s", help="Not written for longer than that.")] = None,
    attribute: Attribute = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many of each service.", min=1)] = 20,
    service: Annotated[str, typer.Option("--service", help="Only this service; else all of the file.")] = "",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List sessions, newest first: those that fit every option that is given."""
    from accompanist.cli import sessions as command
    from accompanist.cli.start import attributes

    with reporting(as_json):
        more = {
            "open": is_open or None,
            "retrying": retrying or None,
            "state": state,
            "role": role,
            "choreography": choreography,
            "waiting": waiting,
            "older_s": older_s,
            "idle_s": idle_s,
            "attributes": attributes(attribute or ()),
        }
        wanted = command.Wanted(outcome or "", parked, limit, service, more)
        command.list_sessions(config, wanted, as_json)


@group.command("show")
def show(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show one session: every role's state, each site's message and result, the outcome and its reason."""
    from accompanist.cli import sessions as command

    with reporting(as_json):
        command.show_session(config, session, as_json)


@group.command("cancel")
def cancel(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with the session.")] = "by an operator",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Ask for a session to be undone; its commit point decides whether that is still possible."""
    from accompanist.cli import sessions as command

    with reporting(as_json):
        command.cancel_session(config, session, reason, as_json)


def _operator_verb(verb: str, text: str) -> None:
    """Register `accompanist sessions VERB`."""

    def run(
        session: Annotated[str, typer.Argument(help="The session's id.")],
        role: Annotated[str, typer.Option("--role", help="The role at which it is done.")],
        why: Annotated[str, typer.Option("--why", help="The reason; it is kept with the session.")],
        who: Annotated[str, typer.Option("--who", help="Who says so.", envvar="USER")] = "unknown",
        value: Annotated[str, typer.Option("--value", help="The reply, as JSON, that `resolve` takes.")] = "",
        token_file: TokenFile = None,
        config: ConfigFile = None,
        as_json: Json = False,
    ) -> None:
        from accompanist.cli import sessions as command

        with reporting(as_json):
            command.operate_on_session(config, session, command.Order(verb, role, who, why, value), as_json)

    group.command(verb, help=text)(run)


_operator_verb("park", "Stop a session at one role, until it is resumed.")
_operator_verb("resume", "Let a parked session go on; a question that was open is asked again.")
_operator_verb("retry", "Ask again for the call or the compensation that gave up.")
_operator_verb("skip", "Take the compensation that is due as done: somebody has undone it by hand.")
_operator_verb("resolve", "Take a value as the reply of the call in question, or all that is left as undone by hand.")


@group.command("rehost")
def rehost(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    role: Annotated[str, typer.Option("--role", help="The role at which it is done.")],
    why: Annotated[str, typer.Option("--why", help="The reason; it is kept with the session.")],
    who: Annotated[str, typer.Option("--who", help="Who says so.", envvar="USER")] = "unknown",
    version: Annotated[
        str, typer.Option("--version", help="The beginning of its fingerprint; else the one that is deployed.")
    ] = "",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let a parked session go on under another version of its program, in which what failed is mended."""
    from accompanist.cli import sessions as command

    with reporting(as_json):
        value = json.dumps(version) if version else ""
        command.operate_on_session(config, session, command.Order("rehost", role, who, why, value), as_json)


_operator_verb("end", "Give up a saga that is past its commit point: it stops everywhere, and what was done stays.")
