"""What the generated projects of the benchmarks have in common: their roles, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.local import Cluster, cluster

ROLE = """

class {name}(Role):
    @transaction
    def step(self, value: str) -> str: ...

    @step.compensation
    def back(self, value: str) -> None: ...
"""
"""A role with one transaction; its worker's database is its own."""


def place_of(directory: Path) -> Path:
    """Where the project of a benchmark's directory is written."""
    return directory.resolve() / "project"


@contextmanager
def running_in(
    directory: Path,
    connections: int,
    *,
    apart: Collection[str] = (),
    arrange: Callable[[Cluster], None] = lambda running: None,
) -> Iterator[Cluster]:
    """The project that was written there, on a server of its own that takes so many connections. `apart` and `arrange`:
    as in `ops.local.cluster`."""
    place = place_of(directory)
    with cluster(
        directory,
        {"DATABASE_URL": "", "PYTHONPATH": str(place)},
        procfile=place / "Procfile",
        config_file=place / "accompanist.toml",
        log_file=directory / "processes.log",
        postgres_settings={"max_connections": str(connections)},
        apart=apart,
        arrange=arrange,
    ) as started:
        yield started
