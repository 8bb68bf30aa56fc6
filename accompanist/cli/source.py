"""Compiles a file for commands: finds its project's root and reads its imports."""

from __future__ import annotations

from pathlib import Path

from accompanist.language.compile import Compiled, compile_file
from accompanist.language.reading.modules import INSTALLED

_ROOTS = ("accompanist.toml", "pyproject.toml", ".git")


def compiled(file: Path) -> Compiled:
    """Compile a file's choreographies, or report what is wrong with them. Nothing is imported or run.

    The project's root is the nearest directory upwards with a configuration, a project file or a repository, or in
    which packages are installed; else the file's own directory. Paths are shown relative to the working directory, if
    that is the root or above it."""
    root = root_of(file)
    here = Path.cwd()
    shown = file.resolve()
    if here == root or here in root.parents:
        shown, root = shown.relative_to(here), root.relative_to(here)
    return compile_file(shown.as_posix(), root=root.as_posix(), read=read_file)


def root_of(file: Path) -> Path:
    above = file.resolve().parents
    return next((place for place in above if is_project(place)), above[0])


def is_project(place: Path) -> bool:
    """Whether a directory is the root of a project."""
    return place.name in INSTALLED or any((place / mark).exists() for mark in _ROOTS)


def read_file(path: str) -> str | None:
    """A file of the project; None if there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
