"""The arguments OLD and NEW of `accompanist diff`: files, directories or REVISION:PATH of git."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

from accompanist.errors import AuthorError, catalogue
from accompanist.language.text.codes import UNREADABLE
from accompanist.language.text.source import Read

NO_REVISION = catalogue(
    "ACC821",
    "git has no such revision",
    "OLD or NEW has the form REVISION:PATH, but git cannot show it: there is no repository here, or no such revision.",
    "Give a file, or a revision that `git log` shows, e.g. main:workers/orders/choreography.py.",
)
NOT_ALIKE = catalogue(
    "ACC827",
    "OLD and NEW do not fit",
    "A file is compared with a file, and a directory with a directory. With REVISION:PATH only files can be compared.",
    "Give two files, or two directories.",
)
REVISION = re.compile(r"(?P<revision>[\w][\w./@^~{}-]*):(?P<path>.+)")


def directories(old: str, new: str) -> bool:
    """True for two directories, False for two files. Raises AuthorError for a directory beside a file, and for a path
    that does not exist."""
    sides = _is_directory(old), _is_directory(new)
    for spec, is_directory, other in ((old, sides[0], new), (new, sides[1], old)):
        if is_directory and not Path(spec).exists():
            raise AuthorError(NOT_ALIKE, f"{spec} is a directory, and git shows files", _checked_out(spec, other))
    if sides[0] == sides[1]:
        return sides[0]
    what = ["a directory" if one else "a file" for one in sides]
    raise AuthorError(NOT_ALIKE, f"{old} is {what[0]}, and {new} is {what[1]}", _alike(old, new, sides[0]))


def reader(revision: str) -> Read:
    """A reader of files as git has them at a revision. Raises AuthorError."""
    top, commit = _commit(revision)

    @cache
    def read(path: str) -> str | None:
        try:
            inside = Path(path).relative_to(top)
        except ValueError:
            return None
        shown = subprocess.run(["git", "show", f"{commit}:{inside.as_posix()}"], capture_output=True, check=False)
        return shown.stdout.decode() if shown.returncode == 0 else None

    return read


def _is_directory(spec: str) -> bool:
    """True for a directory, False for a file. Raises AuthorError if the path does not exist."""
    if Path(spec).exists():
        return Path(spec).is_dir()
    asked = REVISION.fullmatch(spec)
    if asked is None:
        instead = "the path of a file or a directory, or REVISION:PATH for a file of git"
        raise AuthorError(UNREADABLE, f"{spec} does not exist", instead)
    top, commit = _commit(asked["revision"])
    inside = _inside(top, asked["path"])
    shown = subprocess.run(["git", "cat-file", "-t", f"{commit}:{inside}"], capture_output=True, check=False, text=True)
    if not inside or shown.returncode != 0:
        instead = f"a path that `git ls-tree -r --name-only {asked['revision']}` shows"
        raise AuthorError(UNREADABLE, f"{asked['revision']} has no file {asked['path']}", instead)
    return shown.stdout.strip() == "tree"


def _alike(old: str, new: str, first: bool) -> str:
    """A hint for a directory and a file: what to give instead. `first`: the directory is OLD."""
    directory, file = (old, new) if first else (new, old)
    beside = str(Path(directory) / Path(file).name)
    if Path(beside).exists():
        return _command(beside, file, first)
    if REVISION.fullmatch(file) and not Path(file).exists():
        return "two files, or two directories"
    return _command(directory, str(Path(file).parent), first)


def _command(directory: str, file: str, first: bool) -> str:
    return f"accompanist diff {directory} {file}" if first else f"accompanist diff {file} {directory}"


def _checked_out(spec: str, other: str) -> str:
    """A hint for a directory of a revision: what to give instead."""
    asked = REVISION.fullmatch(spec)
    assert asked is not None, "what does not exist is of a revision"
    if Path(other).is_file():
        return f"a file of it: {spec.rstrip('/')}/{Path(other).name}"
    top, _ = _commit(asked["revision"])
    before = top.parent / "before"
    there = before / _inside(top, asked["path"])
    return f"git worktree add {before} {asked['revision']}, and {there} in place of {spec}"


def _inside(top: Path, path: str) -> str:
    """A path from the top of the repository; empty for one outside of it."""
    whole = Path(path).resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else ""


def _commit(revision: str) -> tuple[Path, str]:
    """The top directory of the repository, and the commit of a revision."""
    top = Path(_git("rev-parse", "--show-toplevel").strip())
    return top, _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise AuthorError(NO_REVISION, f"git {' '.join(arguments)} failed") from None
