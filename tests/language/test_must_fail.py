"""Every must_fail program is refused with exactly the messages on its lines, and with nothing else.

A comment `#! CODE words` at the end of a line expects a diagnostic of that code on that line; `words` are part of its
title or text. A line may expect several.
"""

from __future__ import annotations

import re

import pytest

from accompanist.errors import CATALOGUE
from accompanist.language.text import codes  # noqa: F401  registers them
from accompanist.language.text.diagnostic import render
from tests.language.programs import HERE, MUST_FAIL, compiled

_EXPECTED = re.compile(r"#! (ACC\d+) ([^#]*)")


def test_there_are_enough() -> None:
    assert len(MUST_FAIL) >= 90


@pytest.mark.parametrize("name", MUST_FAIL)
def test_exactly_the_messages_on_the_lines(name: str) -> None:
    lines = (HERE / "must_fail" / f"{name}.py").read_text().splitlines()
    expected = [
        (number, code, words.strip()) for number, line in enumerate(lines, 1) for code, words in _EXPECTED.findall(line)
    ]
    found = list(compiled("must_fail", name).diagnostics)
    assert [(one.line, one.code) for one in found] == [(line, code) for line, code, _ in expected], "\n".join(
        render(one) for one in found
    )
    for one, (_, _, words) in zip(found, expected, strict=True):
        assert words in f"{one.title}: {one.text}", render(one)


@pytest.mark.parametrize("name", MUST_FAIL)
def test_a_diagnostic_shows_the_line_and_says_what_to_write(name: str) -> None:
    for one in compiled("must_fail", name).diagnostics:
        shown = render(one)
        assert one.source in shown
        assert f"{name}.py:{one.line}:" in shown
        assert one.hint or CATALOGUE[one.code].remedy
        assert not re.search(r"\b(project(ed|ion)|generat\w+|merge)\b", shown), shown


def test_every_code_of_a_program_has_a_must_fail() -> None:
    covered = {one.code for name in MUST_FAIL for one in compiled("must_fail", name).diagnostics}
    elsewhere = {"ACC100", "ACC101", "ACC102"}  # test_files.py
    assert {code for code in CATALOGUE if "ACC100" <= code <= "ACC164"} - elsewhere - covered == set()
