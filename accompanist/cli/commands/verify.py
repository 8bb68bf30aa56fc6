"""`accompanist verify FILE`: its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from accompanist.cli.options import File
from accompanist.cli.output import Json, reporting

_FAKES = (
    'A Python file with WORKERS, functions by "role.operation" or objects by "role", and perhaps ARGUMENTS, a list of '
    "dicts to start with (docs/testing.md has one); what it leaves out is made up."
)
_LONG = "Stop the search after so many seconds; reading and loading the file come on top."


class Declines(StrEnum):
    """How many calls may decline in one run of `verify`."""

    ALL = "all"
    ONE = "one"
    NONE = "none"


def verify(
    file: File,
    choreography: Annotated[str, typer.Option("--choreography", help="Which one, if the file has several.")] = "",
    crashes: Annotated[
        int, typer.Option("--crashes", help="At most so many crashes of sidecars in one run.", min=0)
    ] = 1,
    declines: Annotated[Declines, typer.Option("--declines", help="Calls that decline in one run.")] = Declines.ONE,
    lost: Annotated[int, typer.Option("--lost", help="At most so many calls without an answer in one run.", min=0)] = 0,
    cancels: Annotated[int, typer.Option("--cancels", help="At most so many cancels by the client.", min=0, max=1)] = 0,
    deadlines: Annotated[int, typer.Option("--deadlines", help="At most so many deadlines that pass.", min=0)] = 0,
    lies: Annotated[int, typer.Option("--lies", help="At most so many forged aborts of participants.", min=0)] = 0,
    workers: Annotated[Path | None, typer.Option("--workers", help=_FAKES)] = None,
    plain: Annotated[
        bool | None,
        typer.Option("--plain/--fenced", help="Only workers without a fence, or only with one; default: both."),
    ] = None,
    states_max: Annotated[int, typer.Option("--states-max", help="Stop after so many states.", min=1)] = 2_000_000,
    seconds: Annotated[float, typer.Option("--seconds", help=_LONG, min=0.0)] = 300.0,
    mebibytes: Annotated[
        int, typer.Option("--mebibytes", help="Stop the search at so many MiB of memory.", min=64)
    ] = 4_096,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a failing schedule as Mermaid.")] = False,
    as_json: Json = False,
) -> None:
    """Search every schedule of a choreography's sagas for one that breaks a promise; imports the file's module."""
    from accompanist.cli import verify as command
    from accompanist.simulation.search.explore import FaultBudget, SearchBounds

    with reporting(as_json):
        faults = FaultBudget(crashes, lost, command.DECLINES[declines.value], deadlines, cancels, lies)
        bounds = SearchBounds(states_max, seconds, mebibytes * 1_048_576)
        kinds = (False, True) if plain is None else (plain,)
        wanted = command.VerifyRequest(choreography, faults, bounds, workers, mermaid, kinds)
        raise typer.Exit(command.run(file, wanted, as_json))
