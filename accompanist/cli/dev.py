"""`accompanist dev`: the whole project on this machine, in the foreground."""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from accompanist import extras
from accompanist.cli.check import refused
from accompanist.cli.local import reload, telling
from accompanist.cli.local.cluster import LocalCluster, NotStarted, cluster
from accompanist.cli.local.foreground import until_told
from accompanist.cli.local.not_up import NOT_UP
from accompanist.cli.source import compiled
from accompanist.errors import OperatorError
from accompanist.language.compile import Compiled
from accompanist.postgres_server import PostgresAbsent
from accompanist.sidecar import config as configuration
from accompanist.sidecar.config import Config


def dev(config: Path | None, procfile: Path | None, directory: Path | None, *, reload: bool) -> int:
    """Run the project until a signal comes, and return the exit code. Raises OperatorError."""
    _require()
    file = (config or configuration.find(os.environ)).resolve()
    root = file.parent
    deployment = configuration.load(file, os.environ)
    if _refusals(deployment):
        return 1
    read = [compiled(Path(one)) for one in _choreographies(deployment)]
    up = cluster(
        directory or root / "var",
        root=root,
        own_apis=False,
        procfile=procfile.resolve() if procfile is not None else root / "Procfile",
        config_file=file,
    )
    watching = Watching(root) if reload else None
    try:
        return until_told(up, partial(_announce, root, read), watching.look if watching is not None else _nothing)
    except (NotStarted, PostgresAbsent) as problem:
        raise OperatorError(NOT_UP, str(problem)) from None


def _require() -> None:
    for extra in ("sidecar", "migrate"):
        extras.require(extra, "`accompanist dev`")
    if find_spec("honcho") is None:
        text = "`accompanist dev` needs honcho, which this environment lacks"
        raise OperatorError(extras.NOT_INSTALLED, text, "pip install 'accompanist[local]'")


def _choreographies(deployment: Config) -> list[str]:
    return sorted({file for service in deployment.services.values() for file in service.choreographies})


def _announce(root: Path, read: list[Compiled], running: LocalCluster) -> None:
    print(telling.announcement(running, root, read), flush=True)


def _nothing(running: LocalCluster) -> None:
    """What is done each turn without --reload."""


class Watching:
    """Looks at the project's files, and has the kept processes start anew where these are read and were changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen = reload.snapshot(root)
        self._ended: dict[str, int] = {}

    def look(self, running: LocalCluster) -> None:
        """Look once. What cannot be read, or is no choreography, is told, and the old one goes on."""
        now = reload.snapshot(self._root)
        files = reload.changed(self._seen, now)
        self._seen = now
        if not files:
            self._tell_when_up(running)
            return
        names = ", ".join(str(file.relative_to(self._root)) for file in files)
        if reload.needs_a_new_start(files):
            print(f"dev: {names} changed: press Ctrl-C and start again, all is read from there", flush=True)
        elif wrong := [why for file in files if (why := reload.unreadable(file))]:
            print(f"dev: {names} changed, and what ran goes on:", *wrong, sep="\n  ", file=sys.stderr, flush=True)
        elif _refusals(running.config):
            print(f"dev: {names} changed, and what ran goes on", file=sys.stderr, flush=True)
        else:
            self._ended = reload.kept(running.run)
            print(f"dev: {names} changed: {', '.join(self._ended)} start anew", flush=True)
            reload.end(self._ended)

    def _tell_when_up(self, running: LocalCluster) -> None:
        """Once, when no process that was ended is there and all answer."""
        if self._ended and not self._ended.items() & reload.kept(running.run).items() and not running.absent():
            self._ended = {}
            print("dev: all is up again", flush=True)


def _refusals(deployment: Config) -> int:
    """How many of the files of choreographies are refused; each is reported."""
    read = [compiled(Path(file)) for file in _choreographies(deployment)]
    return sum(refused(one, as_json=False) for one in read if not one.ok)
