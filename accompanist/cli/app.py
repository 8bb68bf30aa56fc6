"""The commands of the program `accompanist`, in the order in which `--help` lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from accompanist.cli.commands import (
    check,
    conformance,
    dev,
    diagram,
    diff,
    doctor,
    events,
    explain,
    fence,
    init,
    keep,
    migrate,
    openrpc,
    project,
    sessions,
    sidecar,
    signal,
    simulate,
    start,
    timers,
    verify,
)

app = typer.Typer(
    name="accompanist",
    help="One choreography in, one sidecar program per service out: resilient sagas with no coordinator.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from accompanist.cli import version

        print(version.text())
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version, of Accompanist and of what it needs.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """What may stand before a command."""


for command in (
    init.init,
    dev.dev,
    check.check,
    project.project,
    diff.diff,
    diagram.diagram,
    verify.verify,
    simulate.simulate,
    explain.explain,
    migrate.migrate,
    openrpc.openrpc,
    conformance.conformance,
    doctor.doctor,
    sidecar.sidecar,
    start.start,
    keep.keep,
    signal.signal,
):
    app.command()(command)
for name, group in (
    ("sessions", sessions.group),
    ("fence", fence.group),
    ("timers", timers.group),
    ("events", events.group),
):
    app.add_typer(group, name=name)
