"""The pages of `accompanist explain`: each code of the language has a wrong program and a right one, and both are run.

A new code without its two programs fails here; a code that no program can show says why in `WITHOUT`.
"""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accompanist.cli import explain
from accompanist.cli.app import app
from accompanist.cli.explain import FAMILIES, examples, family, load_catalogue, runbook
from accompanist.errors import CATALOGUE
from accompanist.language.shown.superfluous import warnings
from accompanist.language.text.source import Source
from tests.language.programs import text

RUNBOOKS = sorted((Path(explain.__file__).parent / "runbooks").glob("*.md"))
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


def test_every_code_has_two_programs_or_a_runbook() -> None:
    """Whoever meets a code is shown what to write, or what to do: of every code, those of run time as well."""
    load_catalogue()
    without = {code for code in CATALOGUE if code not in SHOWN and not runbook(code)}
    assert without == set()
    assert {code for code in CATALOGUE if code in SHOWN and runbook(code)} == set(), "programs say it better"


def test_every_runbook_is_of_a_code_that_there_is() -> None:
    load_catalogue()
    texts = [file.read_text(encoding="utf-8") for file in RUNBOOKS]
    headed = [head for text in texts for head in re.findall(r"^## (.*)$", text, re.MULTILINE)]
    assert len(headed) == len(set(headed))
    assert set(headed) <= set(CATALOGUE)
    named = {code for text in texts for code in re.findall(r"ACC\d{3}", text)}
    assert named <= set(CATALOGUE)


def _commands() -> list[str]:
    """The commands of ours that runbooks give, without what stands for something in them."""
    texts = " ".join(" ".join(file.read_text(encoding="utf-8").split()) for file in RUNBOOKS)
    return sorted(set(re.findall(r"`accompanist ([^`]*)`", texts)))


@pytest.mark.slow
@pytest.mark.parametrize("command", _commands())
def test_what_a_runbook_says_to_run_can_be_run(command: str) -> None:
    """Each word of the command line and each option is there."""
    words = command.split()
    names = list(takewhile(lambda word: re.fullmatch("[a-z][a-z-]*", word) is not None, words))
    options = {word for word in words if word.startswith("--")}
    told = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert told.exit_code == 0, command
    assert {option for option in options if option not in told.output} == set(), command


def test_every_code_has_a_family() -> None:
    load_catalogue()
    assert {family(code) for code in CATALOGUE} <= set(FAMILIES.values())


def test_the_programs_differ_little() -> None:
    """Reason: a reader has to see at once what was wrong."""
    for code in SHOWN:
        wrong, right = (program.splitlines() for program in examples(code) or ("", ""))
        assert wrong != right
        assert len(wrong) <= 32 and len(right) <= 32, code
