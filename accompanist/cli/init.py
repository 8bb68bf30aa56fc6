"""`accompanist init`: a new project that runs, from a template."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

from accompanist.cli.output import show
from accompanist.cli.scaffold import naming, rendering, writing

Kind = Literal["plain", "fastapi"]


def init(place: Path | None, listed: str, kind: Kind, as_json: bool) -> None:
    """Write a new project, and say what to do next. Raises AuthorError; then nothing was written."""
    directory = place or Path()
    name = directory.resolve().name
    naming.check_project(name, _installed)
    services = naming.services(listed)
    writing.check_place(directory)
    files = rendering.project(_texts(kind), name, services)
    writing.write(files, directory)
    data = {"project": name, "directory": str(directory), "services": list(services), "files": sorted(files)}
    show(data, as_json, _told(name, directory, services, files))


def _texts(kind: Kind) -> dict[str, str]:
    plain = writing.template("plain")
    return plain if kind == "plain" else rendering.laid_over(plain, writing.template(kind))


def _installed(name: str) -> bool:
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None  # a directory without modules has no origin


def _told(name: str, directory: Path, services: tuple[str, ...], files: dict[str, str]) -> str:
    begin = [] if directory == Path() else [f"  cd {directory}"]
    return "\n".join(
        [
            f"{name}: {len(files)} files for the services {', '.join(services)}",
            "Next:",
            *begin,
            "  accompanist dev",
            "and in another terminal there:",
            f"  accompanist start reserve_all --role {services[0]} --wait "
            '--args \'{"request": {"customer": "ann", "amount": 2}}\'',
            "README.md goes on from there.",
        ]
    )
