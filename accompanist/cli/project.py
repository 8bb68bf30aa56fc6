"""`accompanist project FILE --role R`: shows the program of one role, as the Python that its sidecar runs."""

from __future__ import annotations

from pathlib import Path

from accompanist.cli.check import refused
from accompanist.cli.output import show
from accompanist.cli.source import compiled
from accompanist.errors import AuthorError, catalogue
from accompanist.language.program.program import Choreography
from accompanist.language.shown.report import project_report

WHICH = catalogue(
    "ACC809",
    "no such choreography in the file",
    "The file has choreographies, but none with the given name.",
    "Name one of them with --choreography.",
)
SEVERAL = catalogue(
    "ACC813",
    "the file has several choreographies",
    "The command needs one choreography, and none was named.",
    "Name one with --choreography.",
)


def project(file: Path, role: str, choreography: str, as_json: bool) -> int:
    """Show a role's program. Returns 0, or 1 if the file is refused. Raises AuthorError."""
    result = compiled(file)
    if not result.ok:
        return refused(result, as_json)
    text, data = project_report(chosen(result.choreographies, choreography, file), role)
    show(data, as_json, text)
    return 0


def chosen(there: tuple[Choreography, ...], name: str, file: Path) -> Choreography:
    """The choreography of that name, or the only one. Raises AuthorError."""
    fitting = [one for one in there if name in ("", one.name)]
    if len(fitting) == 1:
        return fitting[0]
    has = ", ".join(one.name for one in there) or "no choreography"
    raise AuthorError(SEVERAL if there and not name else WHICH, f"{file} has {has}")
