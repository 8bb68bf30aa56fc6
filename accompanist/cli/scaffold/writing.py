"""Where the templates are, and where a new project is written: into a directory that has nothing yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from accompanist.errors import AuthorError, catalogue

NOT_EMPTY = catalogue(
    "ACC872",
    "no place for a new project",
    "A new project is written into an empty directory, so that no file of yours is ever replaced. A repository (.git) "
    "and an environment (.venv, venv) may be there.",
    "Name a directory that is not there yet: `accompanist init NAME`.",
)
_MAY_BE_THERE = frozenset({".git", ".venv", "venv"})


def templates() -> Path:
    """The directory of the templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[2]
    return next(place for place in (package / "templates", package.parent / "templates") if place.exists())


def template(name: str) -> dict[str, str]:
    """The texts of a template, by their paths."""
    root = templates() / name
    return {
        file.relative_to(root).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(root.rglob("*"))
        if file.is_file() and not _is_left_by_a_tool(file.relative_to(root))
    }


def _is_left_by_a_tool(file: Path) -> bool:
    """A cache. No file of a template begins with a dot."""
    return any(part.startswith(".") or part == "__pycache__" for part in file.parts)


def check_place(directory: Path) -> None:
    """Check that a project may be written there. Raises AuthorError."""
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise AuthorError(NOT_EMPTY, f"{directory} is not a directory")
    if not directory.exists():
        return
    try:
        there = sorted(entry.name for entry in directory.iterdir() if entry.name not in _MAY_BE_THERE)
    except OSError as problem:
        raise AuthorError(NOT_EMPTY, f"{directory}: {problem.strerror}") from None
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise AuthorError(NOT_EMPTY, f"{directory} is not empty: it has {', '.join(there[:3])}{more}")


def write(files: Mapping[str, str], directory: Path) -> None:
    """Write the files, none over one that is there. Raises AuthorError."""
    for path, text in files.items():
        file = directory / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except OSError as problem:
            raise AuthorError(NOT_EMPTY, f"{file}: {problem.strerror}") from None
