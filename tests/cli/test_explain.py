"""`accompanist explain`: a page for a code, the list by family, and JSON of both."""

from __future__ import annotations

import json

import pytest

from accompanist.cli.explain import load_catalogue
from accompanist.errors import CATALOGUE
from tests.cli.test_commands import run


def test_a_page_shows_what_is_wrong_what_is_said_and_what_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "ACC112") == 0
    page = capsys.readouterr().out
    assert page.index("Wrong:") < page.index("`accompanist check` says:") < page.index("Right:")
    assert "ACC112 no role owns every operand\n      --> wrong.py:12:21" in page


@pytest.mark.slow
def test_every_code_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    load_catalogue()
    for code, entry in CATALOGUE.items():
        assert run("explain", code) == 0
        page = capsys.readouterr().out
        assert code in page and entry.title in page


def test_a_page_without_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "ACC401") == 0
    assert "Wrong:" not in capsys.readouterr().out


def test_the_list_is_by_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain") == 0
    shown = capsys.readouterr().out
    assert shown.index("choreographies: places") < shown.index("ACC112") < shown.index("the log\n")


def test_a_page_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "ACC112", "--json") == 0
    page = json.loads(capsys.readouterr().out)
    assert page["family"] == "choreographies: places"
    assert "other.ask(" in page["wrong"] and page["said"].startswith("ACC112")


def test_the_list_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told) > 100 and "ACC604" in told
