"""Where a test's choreography comes from: a file, or the decorated function itself."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accompanist.language.compile import compile_file
from accompanist.language.diagnostic import render
from accompanist.language.load import load
from accompanist.language.modules import INSTALLED
from accompanist.language.program import RoleProgram

_ROOTS = ("accompanist.toml", "pyproject.toml", ".git")

Source = str | Path | Callable[..., Any]


def programs_of(source: Source, name: str = "") -> dict[str, RoleProgram]:
    """The programs of a choreography's roles. Raises ValueError with what `accompanist check` would say."""
    if isinstance(source, str | Path):
        file = Path(source).resolve()
    else:
        # what @choreography gives back refuses to be called; the function itself is in its closure
        function = inspect.getclosurevars(source).nonlocals.get("function", source)
        file, name = Path(inspect.getfile(function)).resolve(), name or function.__name__
    root = next((place for place in file.parents if _is_root(place)), file.parent)
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


def _is_root(place: Path) -> bool:
    return place.name in INSTALLED or any((place / mark).exists() for mark in _ROOTS)


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
