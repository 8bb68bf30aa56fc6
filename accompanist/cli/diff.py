"""`accompanist diff OLD NEW`: shows what a change does to open sessions; nothing is imported or run.

OLD and NEW are files, or REVISION:PATH of the git repository of the working directory. An old file outside of any
project is read as if it were at NEW's place, with the files beside it, so a whole copy of the old directory can be
compared. Files that are missing beside it are read from NEW's project.

Two directories are compared file by file, for files with choreographies. If a file exists on one side only, its
choreographies are compared with those of the same name on the other side, since they may have moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from accompanist.cli.check import refused
from accompanist.cli.output import show
from accompanist.cli.sides import REVISION, directories, reader
from accompanist.cli.source import is_project, read_file, root_of
from accompanist.errors import AuthorError, catalogue
from accompanist.language.compile import Compiled, compile_file
from accompanist.language.shown.diff import ChoreographyDiff, ComparedVersion, Diff, diff
from accompanist.language.shown.diff_report import diff_report
from accompanist.language.shown.ground import Ground
from accompanist.language.text.source import Read

NOTHING = catalogue(
    "ACC826",
    "nothing to compare",
    "OLD and NEW are directories, and no file in them has a function decorated with @choreography.",
    "Give the directories with the choreographies, or the two files.",
)


def compare(old: str, new: str, as_json: bool) -> int:
    """Compare two versions. Returns 0 if every open session could go on, 1 if not or if a file is refused. Raises
    AuthorError."""
    pairs = _files(Path(old), Path(new)) if directories(old, new) else [(old, new)]
    compared: list[ChoreographyDiff] = []
    alone: tuple[list[ComparedVersion], list[ComparedVersion]] = ([], [])
    for one, other in pairs:
        made = [
            _version(other, "") if other else None,
            _version(one, other or str(Path(new) / "moved.py")) if one else None,
        ]
        for found in reversed(made):
            if found is not None and not found[0].ok:
                return refused(found[0], as_json)
        later, earlier = (found and ComparedVersion(found[0].choreographies, found[1]) for found in made)
        if earlier is not None and later is not None:
            compared += diff(earlier, later).choreographies
        elif earlier is not None:
            alone[0].append(earlier)
        elif later is not None:
            alone[1].append(later)
    text, data, code = diff_report(Diff((*compared, *_moved(*alone))))
    show(data, as_json, text)
    return code


def _files(old: Path, new: Path) -> list[tuple[str, str]]:
    """The files with choreographies in two directories, in pairs; an empty name where one side has none."""
    sides = [_holding(old), _holding(new)]
    names = sorted(sides[0] | sides[1])
    if not names:
        raise AuthorError(NOTHING, f"no file in {old} or {new} has a choreography")
    one, other = sides
    return [(str(old / name) if name in one else "", str(new / name) if name in other else "") for name in names]


def _holding(place: Path) -> set[str]:
    """The relative paths of the files with choreographies in a directory."""
    files = (file for file in place.rglob("*.py") if not any(part[:1] == "." for part in file.relative_to(place).parts))
    return {str(file.relative_to(place)) for file in files if file.is_file() and b"@choreography" in file.read_bytes()}


def _moved(old: Sequence[ComparedVersion], new: Sequence[ComparedVersion]) -> Iterator[ChoreographyDiff]:
    """Compare choreographies of files that exist on one side only with those of the same name on the other."""
    later = {one.name: ComparedVersion([one], version.ground) for version in new for one in version.choreographies}
    for version in old:
        for one in version.choreographies:
            there = later.pop(one.name, ComparedVersion([], version.ground))
            yield from diff(ComparedVersion([one], version.ground), there).choreographies
    for version in later.values():
        yield from diff(ComparedVersion([], version.ground), version).choreographies


def _version(spec: str, beside: str) -> tuple[Compiled, Ground]:
    """Compile one side, with its project. `beside`: the other side, for a file outside of any project."""
    asked = None if Path(spec).exists() else REVISION.fullmatch(spec)
    file = Path(asked["path"] if asked else spec).resolve()
    root = root_of(file)
    read: Read = read_file
    if asked is not None:
        read = reader(asked["revision"])
    elif not is_project(root) and beside and not REVISION.fullmatch(beside):
        copy, file = file, Path(beside).resolve()
        root = root_of(file)
        read = _over(copy, file, root)
    return compile_file(file.as_posix(), root=root.as_posix(), read=read), Ground.of(root.as_posix(), read)


def _over(copy: Path, file: Path, root: Path) -> Read:
    """A reader of NEW's project with a copy laid over it. The copied directory is found by the common end of both
    paths: for `old/orders/saga.py` and `orders/saga.py` it is `old`."""
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
