"""SARIF, warnings and remarks: what `check` says beside its verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accompanist.errors import CATALOGUE
from accompanist.language.shown.inserted import remarks
from accompanist.language.shown.report import ReportOptions, check_report
from accompanist.language.shown.sarif import sarif
from accompanist.language.shown.superfluous import warnings
from accompanist.language.text.source import Source
from tests.language.programs import MUST_FAIL, MUST_PASS, compiled, must_pass, text

HEAD = """\
from accompanist import At, Role, choreography, com, query, share, transaction

class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...

@choreography
def name(desk: Desk, other: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
"""


def warned(*lines: str) -> list[tuple[str, int]]:
    source = HEAD + "".join(f"    {line}\n" for line in lines)
    result = text(source)
    assert result.ok, [found.text for found in result.diagnostics]
    return [(one.code, one.line) for one in warnings(result.choreographies[0], Source.of("/p/file.py", source))]


def log(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(sarif(compiled("must_fail", name).diagnostics)))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", MUST_FAIL)
def test_every_refusal_can_be_shown_in_an_editor(name: str) -> None:
    found = compiled("must_fail", name).diagnostics
    (run,) = log(name)["runs"]
    assert [one["ruleId"] for one in run["results"]] == [one.code for one in found]
    for result, one in zip(run["results"], found, strict=True):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == one.code
        place = result["locations"][0]["physicalLocation"]
        region = place["region"]
        assert (region["startLine"], region["startColumn"]) == (one.line, one.column)
        assert (region.get("endLine", one.line), region.get("endColumn", 1e9)) >= (one.line, one.column)
        assert place["artifactLocation"]["uri"].endswith(f"{name}.py")


def test_what_has_no_place_in_sarif_is_in_the_message() -> None:
    (result,) = log("result_elsewhere")["runs"][0]["results"]
    assert "rate is at bank" in result["message"]["text"]
    assert "write: " in result["message"]["text"]
    assert result["level"] == "error"


def test_advice_that_is_a_change_of_the_text_is_a_fix() -> None:
    (result,) = log("bookseller_date")["runs"][0]["results"]
    (fix,) = result["fixes"]
    (change,) = fix["artifactChanges"]
    (made,) = change["replacements"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert made["insertedContent"] == {"text": "com(date, to=stock)"}
    assert made["deletedRegion"] == {key: value for key, value in region.items() if key != "snippet"}
    (words,) = log("idle_greeter")["runs"][0]["results"]
    assert "fixes" not in words


def test_a_path_is_one_uri() -> None:
    (result,) = sarif(text("x = 1\n").diagnostics)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///p/file.py"}


def test_nothing_found_is_a_log_too() -> None:
    assert sarif(())["runs"][0]["results"] == []


def test_warnings_are_of_level_warning() -> None:
    source = HEAD + "    com(number, to=desk)\n    return other.ask(com(number, to=other)) and number\n"
    assert text(source).diagnostics  # not at one place: the next one is
    source = HEAD + "    com(number, to=desk)\n    return com(other.ask(com(number, to=other)), to=desk)\n"
    found = warnings(text(source).choreographies[0], Source.of("/p/file.py", source))
    (result,) = sarif((), found)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("ACC175", "warning")


def test_a_role_that_only_listens() -> None:
    assert warned("com(number, to=other)", "return number") == [("ACC173", 8)]
    assert warned("back = com(com(number, to=other), to=desk)", "return back") == []


def test_a_value_that_nobody_reads() -> None:
    assert warned("unread = com(number, to=other)", "return com(other.ask(com(1 + number, to=other)), to=desk)") == [
        ("ACC174", 9)
    ]


def test_a_value_that_is_there_already() -> None:
    assert warned("here = com(number, to=desk)", "return com(other.ask(com(here, to=other)), to=desk)") == [
        ("ACC175", 9)
    ]


def test_a_move_that_says_where_a_name_lives_behind_a_branch_is_not_too_much() -> None:
    lines = (
        "count = 0",
        "if other.ask(com(number, to=other)) > 2:",
        "    count = com(count + 1, to=desk)",
        "    if third.ask(com(number, to=third)) > 3:",
        "        count = com(count + 10, to=desk)",
        "elif number == 1:",
        "    count = -1",
        "return count",
    )
    source = HEAD.replace("other: Desk,", "other: Desk, third: Desk,") + "".join(f"    {line}\n" for line in lines)
    assert "third" in source
    result = text(source)
    assert warnings(result.choreographies[0], Source.of("/p/file.py", source)) == ()
    without = source.replace("com(count + 1, to=desk)", "count + 1").replace("com(count + 10, to=desk)", "count + 10")
    assert [one.code for one in text(without).diagnostics] == ["ACC112"]


@pytest.mark.parametrize("name", [name for name in MUST_PASS if name != "left_to_right"])
def test_every_selection_is_explained(name: str) -> None:
    choreography, _ = must_pass(name)
    told = {(one.site, role) for one in choreography.notices for role in one.told}
    said = [one for one in remarks(choreography) if one.kind == "selection"]
    assert {(one.site, one.text.split()[0]) for one in said} == told


@pytest.mark.parametrize("name", MUST_PASS)
def test_the_commit_point_is_explained(name: str) -> None:
    choreography, _ = must_pass(name)
    commits = [one.text.split(".")[0] for one in remarks(choreography) if one.kind == "commit"]
    assert commits and all(choreography.commit_role in (None, role) for role in commits)


def test_what_is_asked_for_is_in_both_forms() -> None:
    output, data, code = check_report(
        compiled("must_pass", "branch_rides"), (), ReportOptions(explain=True, learns=True)
    )
    assert code == 0
    assert "who learns what" in output and "rides on the value" in output
    (one,) = data["choreographies"]
    assert one["learns"] and one["remarks"]


def test_codes_of_warnings_are_in_the_catalogue() -> None:
    assert {"ACC173", "ACC174", "ACC175"} <= CATALOGUE.keys()
