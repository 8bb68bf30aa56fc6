"""`accompanist diagram FILE`: draws a choreography as a sequence diagram; nothing is imported or run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from accompanist.cli.check import refused
from accompanist.cli.output import show
from accompanist.cli.project import chosen
from accompanist.cli.source import compiled
from accompanist.errors import OperatorError, catalogue
from accompanist.language.shown.diagram import picture
from accompanist.language.shown.mermaid import mermaid, plain
from accompanist.language.shown.shapes import Picture
from accompanist.language.shown.svg import svg

UNWRITABLE = catalogue(
    "ACC820",
    "output cannot be written",
    "The file named with --output, or its folder, cannot be written to.",
    "Name another file, or leave --output out and redirect.",
)


Format = Literal["mermaid", "svg", "text"]
_DRAWN: Mapping[Format, Callable[[Picture], str]] = {
    "mermaid": mermaid,
    "svg": svg,
    "text": plain,
}


def diagram(file: Path, choreography: str, format: Format, output: Path | None, as_json: bool) -> int:
    """Draw a diagram. Returns 0, or 1 if the file is refused. Raises AuthorError, OperatorError."""
    result = compiled(file)
    if not result.ok:
        return refused(result, as_json)
    one = chosen(result.choreographies, choreography, file)
    drawn = _DRAWN[format](picture(one))
    if output is None:
        show({"choreography": one.name, "format": format, "diagram": drawn}, as_json, drawn.rstrip("\n"))
        return 0
    try:
        output.write_text(drawn if drawn.endswith("\n") else f"{drawn}\n", encoding="utf-8")
    except OSError as problem:
        raise OperatorError(UNWRITABLE, f"{output}: {problem.strerror}") from None
    told = {"choreography": one.name, "format": format, "output": str(output)}
    show(told, as_json, f"{one.name} -> {output}")
    return 0
