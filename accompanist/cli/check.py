"""`accompanist check FILE`: the choreographies of a file, checked; nothing is imported or run."""

from __future__ import annotations

import sys
from pathlib import Path

from accompanist.cli.output import encode, show
from accompanist.cli.source import compiled
from accompanist.language.compile import Compiled
from accompanist.language.report import check_report


def check(file: Path, as_json: bool) -> int:
    """0 if all of it is accepted, 1 if not: what is wrong with a file is the answer, not a failure of the command."""
    text, data, code = check_report(compiled(file))
    show(data, as_json, text)
    return code


def refused(result: Compiled, as_json: bool) -> int:
    """What a command says that needs a sound file and was given another: on standard error, or as JSON where asked."""
    text, data, code = check_report(result)
    print(encode(data) if as_json else text, file=sys.stdout if as_json else sys.stderr)
    return code
