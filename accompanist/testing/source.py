"""Loads a test's choreography, from a file or from the decorated function."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accompanist.language.compile import compile_file
from accompanist.language.program.load import load
from accompanist.language.program.program import RoleProgram
from accompanist.language.reading.modules import INSTALLED
from accompanist.language.text.diagnostic import render

_ROOTS = ("accompanist.toml", "pyproject.toml", ".git")

Source = str | Path | Callable[..., Any]


def programs_of(source: Source, name: str = "") -> dict[str, RoleProgram]:
    """The programs of a choreography's roles. Raises ValueError with what `accompanist check` would say."""
    module = ""
    if isinstance(source, str | Path):
        file = Path(source).resolve()
    else:
        # what @choreography returns cannot be called; the function itself is in its closure
        function = inspect.getclosurevars(source).nonlocals.get("function", source)
        file, name, module = Path(inspect.getfile(function)).resolve(), name or function.__name__, function.__module__
    root = next((place for place in file.parents if _is_root(place)), _imported_from(file, module))
    compiled = compile_file(file.as_posix(), root=root.as_posix(), read=_read)
    if compiled.diagnostics and not compiled.choreographies:
        raise ValueError("\n\n".join(map(render, compiled.diagnostics)))
    fitting = [one for one in compiled.choreographies if name in ("", one.name) and one.initiator is not None]
    if len(fitting) != 1:
        there = ", ".join(one.name for one in compiled.choreographies)
        raise ValueError(f"{file.name} has {there}; name the one to run with choreography=")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return {role: load(fitting[0], role) for role in fitting[0].roles}


def _imported_from(file: Path, module: str) -> Path:
    """The root directory from which a module of this name was imported; the file's own directory if the name does not
    fit its path."""
    parts = module.split(".")
    above = file.parents[: len(parts)]
    named = [file.stem, *(place.name for place in above)][: len(parts)]
    return above[-1] if named == parts[::-1] else file.parent


def _is_root(place: Path) -> bool:
    return place.name in INSTALLED or any((place / mark).exists() for mark in _ROOTS)


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
