"""`accompanist check FILE`: the choreographies of a file, checked; nothing is imported or run."""

from __future__ import annotations

from pathlib import Path

from accompanist.cli.output import encode
from accompanist.language.report import check_report


def check(file: Path, as_json: bool) -> int:
    """0 if all of it is accepted."""
    report = check_report(file)
    print(encode(report.as_json()) if as_json else report.text)
    return 0 if report.ok else 1
