"""`accompanist diff OLD NEW`: what a change does to sessions in flight; nothing is imported or run.

OLD and NEW are files, or REVISION:PATH of the git repository one stands in. An old file that lies in no project is read
as if it stood where NEW stands, with what lies beside it there: a whole copy of the old directory is compared as it is.
What is not there, such as all the rest around a copy of a single file, is read from NEW's project.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

from accompanist.cli.check import refused
from accompanist.cli.output import show
from accompanist.cli.source import is_project, read_file, root_of
from accompanist.errors import AuthorError, catalogue
from accompanist.language.compile import Compiled, compile_file
from accompanist.language.diff import Version, diff
from accompanist.language.diff_report import diff_report
from accompanist.language.ground import Ground
from accompanist.language.source import Read

NO_REVISION = catalogue(
    "ACC821",
    "git has no such revision",
    "OLD or NEW was written REVISION:PATH, and git cannot show that: no repository here, or no such revision in it.",
    "Give a file, or a revision that `git log` shows, e.g. main:workers/orders/choreography.py.",
)
_REVISION = re.compile(r"(?P<revision>[\w][\w./@^~{}-]*):(?P<path>.+)")


def compare(old: str, new: str, as_json: bool) -> int:
    """0 if every session in flight could go on, 1 if not or if a file is refused. Raises AuthorError."""
    later = _version(new, "")
    earlier = _version(old, new)
    for result, _ in (earlier, later):
        if not result.ok:
            return refused(result, as_json)
    versions = [Version(result.choreographies, ground) for result, ground in (earlier, later)]
    text, data, code = diff_report(diff(*versions))
    show(data, as_json, text)
    return code


def _version(spec: str, beside: str) -> tuple[Compiled, Ground]:
    """One side, compiled, with its project. `beside`: the other side, for a file that lies in no project."""
    asked = None if Path(spec).exists() else _REVISION.fullmatch(spec)
    file = Path(asked["path"] if asked else spec).resolve()
    root = root_of(file)
    read: Read = read_file
    if asked is not None:
        read = _reader(asked["revision"])
    elif not is_project(root) and beside and not _REVISION.fullmatch(beside):
        copy, file = file, Path(beside).resolve()
        root = root_of(file)
        read = _over(copy, file, root)
    return compile_file(file.as_posix(), root=root.as_posix(), read=read), Ground.of(root.as_posix(), read)


def _over(copy: Path, file: Path, root: Path) -> Read:
    """Reads NEW's project as it is with a copy laid over it. The copy has as much of the way to NEW's file as the ends
    of both paths have in common: of `old/orders/saga.py` over `orders/saga.py` that is all of `old`."""
    place, over = file.parent, copy.parent
    if copy.name == file.name:
        while place != root and place.name == over.name:
            place, over = place.parent, over.parent

    def read(asked: str) -> str | None:
        if Path(asked) == file:
            return read_file(str(copy))
        if Path(asked).is_relative_to(place):
            found = read_file(str(over / Path(asked).relative_to(place)))
            if found is not None:
                return found
        return read_file(asked)

    return read


def _reader(revision: str) -> Read:
    """Reads files as git had them at a revision. Raises AuthorError."""
    top = Path(_git("rev-parse", "--show-toplevel").strip())
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()

    @cache
    def read(path: str) -> str | None:
        try:
            inside = Path(path).relative_to(top)
        except ValueError:
            return None
        shown = subprocess.run(["git", "show", f"{commit}:{inside.as_posix()}"], capture_output=True, check=False)
        return shown.stdout.decode() if shown.returncode == 0 else None

    return read


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise AuthorError(NO_REVISION, f"git {' '.join(arguments)} failed") from None
