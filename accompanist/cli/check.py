"""`accompanist check FILE`: checks the choreographies of a file; nothing is imported or run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from accompanist import terminal
from accompanist.cli.errors_told import encode
from accompanist.cli.output import show
from accompanist.cli.source import compiled
from accompanist.language.compile import Compiled
from accompanist.language.shown.report import ReportOptions, check_report
from accompanist.language.shown.sarif import sarif
from accompanist.language.shown.superfluous import warnings
from accompanist.language.text.diagnostic import Diagnostic
from accompanist.language.text.source import Source

Format = Literal["text", "json", "sarif"]


def check(file: Path, format: Format, *, explain: bool, learns: bool) -> int:
    """Check a file and print the report. Returns 0 if all choreographies are accepted, else 1."""
    result = compiled(file)
    warned = _warnings(result)
    text, data, code = check_report(result, warned, ReportOptions(explain, learns))
    if format == "sarif":
        data = sarif(result.diagnostics, warned)
    show(data, format != "text", text)
    return code


def _warnings(result: Compiled) -> tuple[Diagnostic, ...]:
    if not result.ok:
        return ()
    source = Source.of(result.file, Path(result.file).read_text())
    return tuple(found for one in result.choreographies for found in warnings(one, source))


def refused(result: Compiled, as_json: bool) -> int:
    """Report that a file is refused, to a command that needs a valid one: on standard error, or as JSON."""
    text, data, code = check_report(result)
    print(encode(data) if as_json else terminal.lines(text), file=sys.stdout if as_json else sys.stderr)
    return code
