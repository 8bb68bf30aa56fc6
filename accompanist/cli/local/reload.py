"""What was saved since the last look, for `accompanist dev` to start anew.

Python, SQL and the Procfile's neighbours are looked at by their times of change; directories of tools, of environments
and of the deployment's own data are not. Not promised: that a change within one tick of the file system's clock is
seen.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

Snapshot = Mapping[Path, int]
"""Each file with its time of change, in nanoseconds."""

RUNNING = (".py", ".sql")
"""What the kept processes have read: they are started anew."""

ARRANGED = ("accompanist.toml", "Procfile")
"""What was read before they were started: all of it is to be started anew."""

_NOT_ENTERED = frozenset({"var", "node_modules", "__pycache__", "build", "dist", "site-packages"})


def snapshot(root: Path) -> Snapshot:
    """The files of a project, as they are now."""
    found: dict[Path, int] = {}
    for file in _files(root):
        with suppress(OSError):  # removed since it was listed
            found[file] = file.stat().st_mtime_ns
    return found


def _files(root: Path) -> Iterator[Path]:
    for place, directories, names in os.walk(root):
        here = Path(place)
        directories[:] = [
            name
            for name in directories
            if not name.startswith(".") and name not in _NOT_ENTERED and not (here / name / "pyvenv.cfg").exists()
        ]
        yield from (here / name for name in names if name.endswith(RUNNING) or name in ARRANGED)


def changed(before: Snapshot, now: Snapshot) -> tuple[Path, ...]:
    """The files that were written, made or removed, in their order."""
    return tuple(sorted(file for file in before.keys() | now.keys() if before.get(file) != now.get(file)))


def needs_a_new_start(files: tuple[Path, ...]) -> bool:
    """Whether what was changed is read only when all begins."""
    return any(file.name in ARRANGED for file in files)


def unreadable(file: Path) -> str:
    """Why Python cannot read a file; empty if it can, or if it is gone or no Python."""
    if file.suffix != ".py" or not file.exists():
        return ""
    try:
        compile(file.read_bytes(), str(file), "exec")
    except (SyntaxError, ValueError) as problem:
        return f"{file}: {problem}"
    return ""


def kept(run: Path) -> dict[str, int]:
    """The process id of each kept process, by its name; `run` has their pid files."""
    found: dict[str, int] = {}
    for file in sorted(run.glob("*.pid")):
        with suppress(OSError, ValueError):
            found[file.stem] = int(file.read_text())
    return found


def end(processes: Mapping[str, int]) -> None:
    """End processes, so that their keepers start them anew."""
    for pid in processes.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
