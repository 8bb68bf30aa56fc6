"""`accompanist diff OLD NEW`: what a change does to sessions in flight; nothing is imported or run.

OLD and NEW are files, or REVISION:PATH of the git repository one stands in. A file that lies in no project, such as a
copy of the old one, is read as if it stood where NEW stands, with the rest of NEW's project around it.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

from accompanist.cli.check import refused
from accompanist.cli.output import show
from accompanist.cli.source import is_project, root_of
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
    read: Read = _read
    if asked is not None:
        read = _reader(asked["revision"])
    elif not is_project(root) and beside and not _REVISION.fullmatch(beside):
        text, file = _read(str(file)), Path(beside).resolve()
        root, read = root_of(file), _with(str(file), text)
    return compile_file(str(file), root=str(root), read=read), Ground.of(str(root), read)


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _with(path: str, text: str | None) -> Read:
    return lambda asked: text if asked == path else _read(asked)


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
