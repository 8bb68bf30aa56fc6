"""Diagnostics as SARIF 2.1.0, the form that editors and GitHub's code scanning read.

One run with one rule for each code that occurs. Paths stay as they were given, relative ones against the reader's
checkout (`%SRCROOT%`); columns count characters from 1 and the end is exclusive, which is what SARIF means by
`unicodeCodePoints`. What has no place in SARIF (the owners of each value, what to write) is part of the message.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from accompanist.errors import CATALOGUE
from accompanist.language.text.diagnostic import Diagnostic
from accompanist.language.text.source import Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(errors: Iterable[Diagnostic], warnings: Iterable[Diagnostic] = ()) -> dict[str, Any]:
    """One SARIF log with everything that was found."""
    found = [*(("error", one) for one in errors), *(("warning", one) for one in warnings)]
    codes = sorted({one.code for _, one in found})
    driver = {"name": "accompanist", "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(level, one, codes.index(one.code)) for level, one in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    told = CATALOGUE[code]
    return {
        "id": code,
        "shortDescription": {"text": told.title},
        "fullDescription": {"text": told.why},
        "help": {"text": f"{told.remedy} See `accompanist explain {code}`."},
    }


def _result(level: str, found: Diagnostic, index: int) -> dict[str, Any]:
    owned = [f"{value} is at {' and '.join(roles) or 'no role'}" for value, roles in found.owners]
    return {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": level,
        "message": {"text": "\n".join([found.text, *owned, found.advice])},
        "locations": [{"physicalLocation": _place(found)}],
    } | ({"fixes": [_fix(found)]} if found.edits else {})


def _fix(found: Diagnostic) -> dict[str, Any]:
    """The advice as changes that an editor can make."""
    changes: dict[str, list[dict[str, Any]]] = {}
    for span, text in found.edits:
        taken = {"startLine": span.line, "startColumn": span.column + 1}
        taken |= {"endLine": span.end_line, "endColumn": span.end_column + 1}
        changes.setdefault(span.file, []).append({"deletedRegion": taken, "insertedContent": {"text": text}})
    return {
        "description": {"text": found.hint},
        "artifactChanges": [{"artifactLocation": _file(file), "replacements": made} for file, made in changes.items()],
    }


def _place(found: Diagnostic) -> dict[str, Any]:
    return {"artifactLocation": _file(found.file), "region": _region(found.span, found.source)}


def _file(path: str) -> dict[str, str]:
    if PurePosixPath(path).is_absolute():
        return {"uri": f"file://{quote(path)}"}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def _region(span: Span, line: str) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": span.line, "startColumn": span.column + 1}
    if (span.end_line, span.end_column) > (span.line, span.column):
        region |= {"endLine": span.end_line, "endColumn": span.end_column + 1}
    return region | ({"snippet": {"text": line}} if line else {})
