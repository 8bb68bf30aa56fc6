"""`accompanist sessions VERB`: the verbs and their options."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from accompanist.cli.options import AtRole, Attribute, ConfigFile, SessionId, TokenFile, Who, Why
from accompanist.cli.output import Json, reporting

group = typer.Typer(help="Show sessions, and operate on them.", no_args_is_help=True)
State = Literal["running", "done", "closing", "undoing", "undone", "settled", "ended"]


@group.command("list")
def list_(
    outcome: Annotated[
        Literal["settled", "ended"] | None, typer.Option("--outcome", help="Only those with this outcome.")
    ] = None,
    parked: Annotated[bool, typer.Option("--parked", help="Only parked ones, which wait for an operator.")] = False,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that are neither settled nor ended.")] = False,
    retrying: Annotated[
        bool, typer.Option("--retrying", help="Only those with a call that has failed and is retried.")
    ] = False,
    state: Annotated[State | None, typer.Option("--state", help="Only those in this state at a role.")] = None,
    role: Annotated[str, typer.Option("--role", help="Only at this role.")] = "",
    choreography: Annotated[str, typer.Option("--choreography", help="Only of this choreography.")] = "",
    waiting: Annotated[
        str, typer.Option("--waiting-for", help="Only those that wait for this; a part of the text.")
    ] = "",
    older_s: Annotated[
        float | None, typer.Option("--older-s", help="Only those started at least so many seconds ago.")
    ] = None,
    idle_s: Annotated[
        float | None, typer.Option("--idle-s", help="Only those not written for so many seconds.")
    ] = None,
    attribute: Attribute = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many per service.", min=1)] = 20,
    service: Annotated[
        str, typer.Option("--service", help="Only this service; default: all of the configuration.")
    ] = "",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List the sessions that match all given options, newest first."""
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
        wanted = command.ListFilter(outcome or "", parked, limit, service, more)
        command.list_sessions(config, wanted, as_json)


@group.command("show")
def show(
    session: SessionId,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show one session: the state of every role, the message and result of each site, the outcome and its reason."""
    from accompanist.cli import sessions as command

    with reporting(as_json):
        command.show_session(config, session, as_json)


@group.command("cancel")
def cancel(
    session: SessionId,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with the session.")] = "by an operator",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Request that a session be undone; that is possible until its commit point."""
    from accompanist.cli import sessions as command

    with reporting(as_json):
        command.cancel_session(config, session, reason, as_json)


def _operator_verb(verb: str, text: str) -> None:
    """Register `accompanist sessions VERB`."""

    def run(
        session: SessionId,
        role: AtRole,
        why: Why,
        who: Who = "unknown",
        value: Annotated[str, typer.Option("--value", help="The reply for `resolve`, as JSON.")] = "",
        token_file: TokenFile = None,
        config: ConfigFile = None,
        as_json: Json = False,
    ) -> None:
        from accompanist.cli import sessions as command

        with reporting(as_json):
            command.operate_on_session(config, session, command.VerbRequest(verb, role, who, why, value), as_json)

    group.command(verb, help=text)(run)


_operator_verb("park", "Stop a session at one role, until it is resumed.")
_operator_verb("resume", "Let a parked session go on; an open call is made again.")
_operator_verb("retry", "Make the call or the compensation again that has used up its attempts.")
_operator_verb("skip", "Mark the next compensation as done by hand; for a pivot in doubt: it was not done.")
_operator_verb("resolve", "Give the reply of the open call by hand, or mark all that is left as undone by hand.")


@group.command("rehost")
def rehost(
    session: SessionId,
    role: AtRole,
    why: Why,
    who: Who = "unknown",
    version: Annotated[
        str, typer.Option("--version", help="A prefix of its fingerprint; default: the deployed version.")
    ] = "",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let a parked session go on under another version of its program, in which the fault is repaired."""
    from accompanist.cli import sessions as command

    with reporting(as_json):
        value = json.dumps(version) if version else ""
        command.operate_on_session(config, session, command.VerbRequest("rehost", role, who, why, value), as_json)


_operator_verb("end", "End a saga that is past its commit point: it stops at every role, and what was done stays.")
