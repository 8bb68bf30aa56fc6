"""The pages of `accompanist explain`: each code of the language has a wrong program and a right one, and both are run.

A new code without its two programs fails here; a code that no program can show says why in `WITHOUT`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from accompanist.cli.explain import FAMILIES, examples, family, load_catalogue
from accompanist.errors import CATALOGUE
from accompanist.language.source import Source
from accompanist.language.superfluous import warnings
from tests.language.programs import text

PAGES = Path(__file__).parent / "explain"
SHOWN = sorted({path.stem.removesuffix("_wrong") for path in PAGES.glob("*_wrong.*")})

WITHOUT = {
    "ACC100": "a file that cannot be read holds no program",
    "ACC180": "said when a sidecar loads a projection: the program is right, its module is not there",
    "ACC190": "said when somebody calls a choreography: the program is right, the call is not",
}
"""Codes of the language that no pair of programs can show, and why."""


def said(source: str) -> list[str]:
    """The codes of everything that is said of a program, warnings among it."""
    result = text(source)
    found = [one.code for one in result.diagnostics]
    for choreography in result.choreographies:
        found += [one.code for one in warnings(choreography, Source.of("/p/file.py", source))]
    return found


@pytest.mark.parametrize("code", SHOWN)
def test_the_wrong_program_is_told_exactly_its_code(code: str) -> None:
    shown = examples(code)
    assert shown is not None
    assert set(said(shown[0])) == {code}


@pytest.mark.parametrize("code", SHOWN)
def test_the_right_program_is_told_nothing(code: str) -> None:
    shown = examples(code)
    assert shown is not None
    assert said(shown[1]) == []


def test_every_code_of_the_language_has_both_programs_or_a_reason() -> None:
    load_catalogue()
    language = {code for code in CATALOGUE if code.startswith("ACC1")}
    assert language - set(SHOWN) == set(WITHOUT)
    assert set(SHOWN) <= language, "a page without its code"
    assert len(SHOWN) >= 40


def test_every_code_has_a_family() -> None:
    load_catalogue()
    assert {family(code) for code in CATALOGUE} <= set(FAMILIES.values())


def test_the_programs_differ_little() -> None:
    """Reason: a reader has to see at once what was wrong."""
    for code in SHOWN:
        wrong, right = (program.splitlines() for program in examples(code) or ("", ""))
        assert wrong != right
        assert len(wrong) <= 32 and len(right) <= 32, code
