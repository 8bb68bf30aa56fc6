"""`accompanist sidecar --service NAME`: runs a service's sidecar in the foreground.

A sidecar runs for long, so its process is kept small. `main` reads the command line itself: typer brings pydantic
where that is installed, which together take 10 MB. And structlog brings rich, if it may: 6 MB, for tracebacks that our
log lines never show. A command line that is not understood here, `--help` among them, is left to typer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from accompanist import extras
from accompanist.cli.errors_told import told
from accompanist.errors import AccompanistError


def sidecar(config: Path | None, service: str) -> int:
    """Run the sidecar, and return its exit code. Raises OperatorError."""
    extras.require("sidecar", "a sidecar")
    from accompanist.sidecar import config as configuration

    deployment = configuration.load(config, os.environ)
    deployment.service(service)  # report a wrong name before the imports
    from accompanist.sidecar.process import run

    return run(deployment, service)


def main(arguments: Sequence[str]) -> int | None:
    """Run the command without typer, and return the exit code; None, and nothing is done, if it takes typer to
    understand or to refuse the command line."""
    asked = read(arguments)
    if asked is None:
        return None
    _import_structlog()
    try:
        return sidecar(asked.config, asked.service)
    except AccompanistError as problem:
        return told(problem, asked.as_json)


class SidecarOptions(NamedTuple):
    """The options of the command."""

    service: str
    config: Path | None = None
    as_json: bool = False


def read(arguments: Sequence[str]) -> SidecarOptions | None:
    """The options, if each is known, whole and said once at most."""
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in given or name not in ("--service", "--config", "--json") or (name == "--json" and equals):
            return None
        if name != "--json" and not equals:
            if not rest or rest[0].startswith("-"):
                return None
            value = rest.pop(0)
        given[name] = value
    if not given.get("--service") or given.get("--config") == "":
        return None
    return SidecarOptions(
        given["--service"], Path(given["--config"]) if "--config" in given else None, "--json" in given
    )


def _import_structlog() -> None:
    """Import structlog, which imports rich if it can: here it cannot. Later imports of rich are as ever."""
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]  # what keeps a module from being imported
    try:
        import structlog  # noqa: F401 (for all who import it later)
    except ImportError:  # `extras` says how to install it
        pass
    finally:
        if hidden:
            del sys.modules["rich"]
