"""`accompanist simulate FILE...`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from accompanist.cli.output import Json, reporting


def simulate(
    files: Annotated[list[Path], typer.Argument(help="Choreographies: Python files, or directories of them.")],
    seed: Annotated[int | None, typer.Option("--seed", help="Run only this seed, and minimise it if it fails.")] = None,
    first: Annotated[int, typer.Option("--first", help="The first seed.", min=0)] = 0,
    seeds: Annotated[int, typer.Option("--seeds", help="How many seeds.", min=1)] = 100,
    minutes: Annotated[float, typer.Option("--minutes", help="Run as many seeds as fit in this time.", min=0.0)] = 0.0,
    jobs: Annotated[int, typer.Option("--jobs", help="Parallel processes.", min=1)] = 1,
    trace: Annotated[bool, typer.Option("--trace", help="With --seed: print everything that happens.")] = False,
    without: Annotated[str, typer.Option("--without", help="Kinds of faults to leave out, separated by commas.")] = "",
    faults_max: Annotated[
        int | None, typer.Option("--faults-max", help="At most so many faults in one run.", min=0)
    ] = None,
    sessions_max: Annotated[
        int | None, typer.Option("--sessions-max", help="At most so many sagas in one run.", min=1)
    ] = None,
    plain: Annotated[
        Literal["all", "none", "mixed"],
        typer.Option("--plain", help="Which workers have no fence; mixed: by seed."),
    ] = "mixed",
    hostile: Annotated[
        bool | None,
        typer.Option("--hostile/--honest", help="One hostile service per cluster or none; else by seed."),
    ] = None,
    early: Annotated[
        Literal["all", "none", "mixed"],
        typer.Option("--early", help="Which clusters release messages early; mixed: by seed."),
    ] = "mixed",
    as_json: Json = False,
) -> None:
    """Run choreographies on real sidecars in simulated clusters with faults; imports the files' modules."""
    from accompanist.cli import simulate as command

    with reporting(as_json):
        setting = command.setting(seed or 0, without, faults_max, sessions_max, plain, hostile, early)
        if seed is not None:
            raise typer.Exit(command.one(files, setting, trace, as_json))
        raise typer.Exit(command.many(files, setting, command.SeedRange(first, seeds, minutes * 60, jobs), as_json))
