"""`accompanist project FILE --role R`: the program of one role."""

from __future__ import annotations

from pathlib import Path

from accompanist.cli.output import encode
from accompanist.language.report import project_report


def project(file: Path, role: str, choreography: str, as_json: bool) -> int:
    """0 if the file is accepted and plays the role."""
    report = project_report(file, role, choreography)
    print(encode(report.as_json()) if as_json else report.text)
    return 0 if report.ok else 1
