"""The commands and their options. Each command is one module, imported when it is asked for.

What `accompanist --help` costs is typer; nothing of the language, the log or the sidecar is imported for it.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from accompanist.cli.output import Json, reporting

app = typer.Typer(
    name="accompanist",
    help="One choreography in, one sidecar program per service out: resilient sagas with no coordinator.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
sessions = typer.Typer(help="Look at sessions, and act on them.", no_args_is_help=True)
app.add_typer(sessions, name="sessions")


def _bear(file: Path | None) -> None:
    from accompanist.cli.api import bear

    bear(file)


class Declines(StrEnum):
    """How many calls the adversary makes decline in one run of `verify`."""

    ALL = "all"
    ONE = "one"
    NONE = "none"


State = Literal["running", "done", "closing", "undoing", "undone", "settled", "ended"]
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


@app.command()
def check(
    file: File,
    format: Annotated[Literal["text", "json", "sarif"], typer.Option("--format", help="What is printed.")] = "text",
    explain: Annotated[bool, typer.Option("--explain", help="Say what was inserted, and why.")] = False,
    learns: Annotated[bool, typer.Option("--learns", help="Say which role learns what, and from whom.")] = False,
    as_json: Json = False,
) -> None:
    """Check a file's choreographies; nothing is executed."""
    from accompanist.cli import check as command

    with reporting(as_json or format != "text"):
        raise typer.Exit(command.check(file, "json" if as_json else format, explain=explain, learns=learns))


@app.command()
def project(
    file: File,
    role: Annotated[str, typer.Option("--role", help="The role whose program is shown.")],
    choreography: Annotated[str, typer.Option("--choreography", help="Which one, if the file has several.")] = "",
    as_json: Json = False,
) -> None:
    """Show the program of one role, as the Python that its sidecar runs."""
    from accompanist.cli import project as command

    with reporting(as_json):
        raise typer.Exit(command.project(file, role, choreography, as_json))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="The deployed version: a file or directory, or REVISION:PATH of git.")],
    new: Annotated[str, typer.Argument(help="The version to be deployed: the same.")],
    as_json: Json = False,
) -> None:
    """Say what a change does to sessions in flight; exits with 1 if any could not go on."""
    from accompanist.cli import diff as command

    with reporting(as_json):
        raise typer.Exit(command.compare(old, new, as_json))


@app.command()
def diagram(
    file: File,
    choreography: Annotated[str, typer.Option("--choreography", help="Which one, if the file has several.")] = "",
    format: Annotated[Literal["mermaid", "svg", "text"], typer.Option("--format", help="How it is drawn.")] = "mermaid",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Draw a choreography as a sequence diagram."""
    from accompanist.cli import diagram as command

    with reporting(as_json):
        raise typer.Exit(command.diagram(file, choreography, format, output, as_json))


@app.command()
def verify(
    file: File,
    choreography: Annotated[str, typer.Option("--choreography", help="Which one, if the file has several.")] = "",
    crashes: Annotated[int, typer.Option("--crashes", help="Sidecars that die in one run, at most.", min=0)] = 1,
    declines: Annotated[Declines, typer.Option("--declines", help="Calls that decline in one run.")] = Declines.ONE,
    lost: Annotated[int, typer.Option("--lost", help="Calls that give no answer in one run.", min=0)] = 0,
    cancels: Annotated[int, typer.Option("--cancels", help="Times that the client cancels.", min=0, max=1)] = 0,
    deadlines: Annotated[int, typer.Option("--deadlines", help="Times that a deadline passes.", min=0)] = 0,
    lies: Annotated[int, typer.Option("--lies", help="Aborts that a participant says without cause.", min=0)] = 0,
    workers: Annotated[
        Path | None, typer.Option("--workers", help="A Python file with fake WORKERS; else replies are made up.")
    ] = None,
    plain: Annotated[
        bool | None,
        typer.Option("--plain/--fenced", help="Only workers without a fence, or only workers with one; else both."),
    ] = None,
    states_max: Annotated[int, typer.Option("--states-max", help="Stop after so many states.", min=1)] = 2_000_000,
    seconds: Annotated[float, typer.Option("--seconds", help="Stop the search after so long.", min=0.0)] = 300.0,
    mebibytes: Annotated[int, typer.Option("--mebibytes", help="Stop at so much memory.", min=64)] = 4_096,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a failing schedule as Mermaid.")] = False,
    as_json: Json = False,
) -> None:
    """Search a choreography's sagas for a schedule that breaks a promise; imports the file's module."""
    from accompanist.cli import verify as command
    from accompanist.simulation.search.explore import Bounds, Faults

    with reporting(as_json):
        faults = Faults(crashes, lost, command.DECLINES[declines.value], deadlines, cancels, lies)
        bounds = Bounds(states_max, seconds, mebibytes * 1_048_576)
        kinds = (False, True) if plain is None else (plain,)
        wanted = command.Wanted(choreography, faults, bounds, workers, mermaid, kinds)
        raise typer.Exit(command.run(file, wanted, as_json))


@app.command()
def simulate(
    files: Annotated[list[Path], typer.Argument(help="Choreographies: Python files, or directories of them.")],
    seed: Annotated[int | None, typer.Option("--seed", help="Run this one, and make it smaller if it fails.")] = None,
    first: Annotated[int, typer.Option("--first", help="The first of many seeds.", min=0)] = 0,
    seeds: Annotated[int, typer.Option("--seeds", help="How many seeds.", min=1)] = 100,
    minutes: Annotated[float, typer.Option("--minutes", help="As many seeds as fit in this time.", min=0.0)] = 0.0,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes side by side.", min=1)] = 1,
    trace: Annotated[bool, typer.Option("--trace", help="With --seed: print all that happens.")] = False,
    without: Annotated[str, typer.Option("--without", help="Faults left out, by name, with commas.")] = "",
    faults_max: Annotated[int | None, typer.Option("--faults-max", help="Faults in one run.", min=0)] = None,
    sessions_max: Annotated[int | None, typer.Option("--sessions-max", help="Sagas in one run.", min=1)] = None,
    plain: Annotated[
        Literal["all", "none", "mixed"],
        typer.Option("--plain", help="Which workers have no fence; mixed: by seed."),
    ] = "mixed",
    hostile: Annotated[
        bool | None, typer.Option("--hostile/--honest", help="One service of each cluster lies, or none; else by seed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run choreographies on real sidecars in simulated clusters that go wrong; imports the files' modules."""
    from accompanist.cli import simulate as command

    with reporting(as_json):
        setting = command.setting(seed or 0, without, faults_max, sessions_max, plain, hostile)
        if seed is not None:
            raise typer.Exit(command.one(files, setting, trace, as_json))
        raise typer.Exit(command.many(files, setting, command.Span(first, seeds, minutes * 60, jobs), as_json))


@app.command()
def explain(
    code: Annotated[str, typer.Argument(help="An error's code, e.g. ACC301; without one, all are listed.")] = "",
    as_json: Json = False,
) -> None:
    """Say why an error happens and what to do about it."""
    from accompanist.cli import explain as command

    with reporting(as_json):
        command.explain(code, as_json)


@app.command()
def migrate(
    service: Annotated[str, typer.Option("--service", help="Only this service; else all of the file.")] = "",
    down: Annotated[bool, typer.Option("--down", help="Take the log away again, with all that is in it.")] = False,
    bootstrap: Annotated[bool, typer.Option("--bootstrap", help="Create roles and schemas first.")] = False,
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address; else DATABASE_URL or the file's.")
    ] = "",
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Bring the services' logs in Postgres to the revision of this program."""
    from accompanist.cli import migrate as command

    with reporting(as_json):
        command.migrate(config, service, database, down=down, bootstrap=bootstrap, as_json=as_json)


fence = typer.Typer(help="Put the fence in place, which makes a worker's effects exactly-once.", no_args_is_help=True)
app.add_typer(fence, name="fence")


@fence.command("install")
def fence_install(
    schema: Annotated[str, typer.Option("--schema", help="The worker's schema; it is made if it is missing.")],
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address, as the worker does; else DATABASE_URL.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Install the fence in a worker's schema; a second time changes nothing."""
    from accompanist.cli import fence as command

    with reporting(as_json):
        command.install(schema, database, as_json)


@app.command()
def openrpc(
    file: Annotated[Path, typer.Argument(help="A Python file with role classes.")],
    role: Annotated[str, typer.Option("--role", help="Which one, if the file has several.")] = "",
    as_json: Json = False,
) -> None:
    """Print what a role's worker has to serve, as OpenRPC; imports the file's module."""
    from accompanist.cli import openrpc as command

    with reporting(as_json):
        command.openrpc(file, role)


@app.command()
def conformance(
    url: Annotated[str, typer.Argument(help="Where the worker listens: unix:, tcp:, http+unix: or http:.")] = "",
    level: Annotated[
        Literal["plain", "fenced"], typer.Option("--level", help="plain: JSON-RPC done right; fenced: exactly once.")
    ] = "fenced",
    only: Annotated[str, typer.Option("--only", help="One case, or a pattern: 'close/*'.")] = "",
    ledger: Annotated[
        str, typer.Option("--ledger", help="What the worker has done: its database's address, or a file of JSON lines.")
    ] = "",
    schema: Annotated[str, typer.Option("--schema", help="The schema of the ledger's table.")] = "till_worker",
    cases: Annotated[Path | None, typer.Option("--cases", help="A directory of cases; else those shipped.")] = None,
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="The worker is not on this machine.")] = False,
    contract: Annotated[bool, typer.Option("--contract", help="Print what a worker has to serve, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Drive a worker, in any language, through the cases of the worker contract; exits with 1 if one fails."""
    from accompanist.cli import conformance as command

    with reporting(as_json):
        if contract:
            command.show_contract(as_json)
            return
        if not url:
            raise typer.BadParameter("where does the worker listen?", param_hint="URL")
        wanted = command.Wanted(url, level, only, ledger, schema, cases, allow_remote)
        raise typer.Exit(command.run(wanted, as_json))


@app.command()
def doctor(
    service: Annotated[str, typer.Option("--service", help="Only this service; else all of the file.")] = "",
    database: Annotated[
        str, typer.Option("--database", help="Log in with this address, an administrator's sees more; else the file's.")
    ] = "",
    accept_server: Annotated[
        bool, typer.Option("--accept-server", help="Take the server as it is for the right one, see ACC409.")
    ] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with the services' logs: 0 nothing, 1 warnings, 3 errors."""
    from accompanist.cli import doctor as command

    with reporting(as_json):
        raise typer.Exit(command.doctor(config, service, database, accept=accept_server, as_json=as_json))


@app.command()
def sidecar(service: OneService, config: ConfigFile = None, as_json: Json = False) -> None:
    """Run the sidecar of a service until SIGTERM."""
    from accompanist.cli import sidecar as command

    with reporting(as_json):
        raise typer.Exit(command.sidecar(config, service))


@app.command()
def start(
    choreography: Annotated[str, typer.Argument(help="The choreography's name.")],
    role: Annotated[str, typer.Option("--role", help="The initiator: the role that owns the parameters.")],
    args: Annotated[str, typer.Option("--args", help="The parameters by name, a JSON object; - reads it from stdin.")],
    key: Annotated[str | None, typer.Option("--key", help="An idempotency key: one key, one session.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the saga has settled or is undone.")] = False,
    wait_s: Annotated[float, typer.Option("--wait-s", help="How long --wait waits.", min=0.0)] = 60.0,
    deadline_s: Annotated[float, typer.Option("--deadline-s", help="Ask for an abort after so long.", min=0.0)] = 0.0,
    attribute: Attribute = None,
    service: Annotated[
        str, typer.Option("--service", help="The service that plays the role, if that is unclear.")
    ] = "",
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Start a saga at its initiator's sidecar."""
    from accompanist.cli import start as command

    with reporting(as_json):
        found = command.attributes(attribute or ())
        wanted = command.Wanted(choreography, role, args, key, service, wait_s if wait else 0.0, deadline_s, found)
        raise typer.Exit(command.start(config, wanted, as_json))


@sessions.command("list")
def sessions_list(
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


@sessions.command("show")
def sessions_show(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show one session: every role's state, each site's message and result, the outcome and its reason."""
    from accompanist.cli import sessions as command

    with reporting(as_json):
        command.show_session(config, session, as_json)


@sessions.command("cancel")
def sessions_cancel(
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

    sessions.command(verb, help=text)(run)


_operator_verb("park", "Stop a session at one role, until it is resumed.")
_operator_verb("resume", "Let a parked session go on; a question that was open is asked again.")
_operator_verb("retry", "Ask again for the call or the compensation that gave up.")
_operator_verb("skip", "Take the compensation that is due as done: somebody has undone it by hand.")
_operator_verb("resolve", "Take a value as the reply of the call in question, or all that is left as undone by hand.")


@sessions.command("rehost")
def sessions_rehost(
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


@app.command()
def keep(
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="What is kept running.")],
    pid_file: Annotated[Path | None, typer.Option("--pid-file", help="Write CMD's process id there.")] = None,
) -> None:
    """Run CMD and start it again whenever it ends, until told to stop."""
    from accompanist.cli.keep import keep as keep_running

    raise typer.Exit(keep_running(command, pid_file))


from accompanist.cli import app_waiting  # noqa: E402, F401 (its commands take the options above)
