"""If no run settled, a search and a simulation say so, and do not look like a success."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from accompanist.cli.main import main
from accompanist.simulation.search.workers import UNWILLING
from accompanist.simulation.settling import ENOUGH, EXIT, never_settled, never_settled_of

NEVER = str(Path(__file__).with_name("sagas") / "never.py")
ORDERS = str(Path(__file__).parents[2] / "workers" / "orders" / "choreography.py")
WHY = "IndexError in a local expression"


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    return int(str(ended.value.code)), capsys.readouterr().out


def test_a_search_in_which_nothing_settles_has_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = ran(capsys, "verify", NEVER)
    assert code == EXIT == 6
    assert "NO RUN SETTLED (ACC833)" in out and WHY in out
    assert "holds, in everything that was searched" not in out
    code, out = ran(capsys, "verify", NEVER, "--json")
    told = json.loads(out)
    assert code == EXIT and told["settled"] == 0 and not told["holds"] and told["complete"]


@pytest.mark.slow
def test_a_simulation_in_which_nothing_settles_has_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = ran(capsys, "simulate", NEVER, "--seeds", "2")
    assert code == EXIT and "NO RUN SETTLED (ACC833): filed: every saga was undone." in out and WHY in out
    code, out = ran(capsys, "simulate", ORDERS, "--seeds", "2")
    assert code == 0 and "NO RUN SETTLED" not in out


def test_among_others_it_is_said_of_a_choreography_that_was_run_often_enough() -> None:
    ends = Counter({("good", "settled"): 3, ("rare", "ended"): ENOUGH - 1, ("bad", "ended"): ENOUGH})
    reasons = Counter({("bad", "no stock"): ENOUGH, ("rare", "cancelled"): 1})
    assert never_settled_of(ends, reasons) == [
        "NO RUN SETTLED (ACC833): bad: every saga was undone.",
        f"  {ENOUGH} times: no stock",
    ]
    assert never_settled_of(Counter({("one", "ended"): 1}), Counter())


def test_of_a_search_that_came_to_no_end_nothing_is_concluded(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = ran(capsys, "verify", ORDERS, "--states-max", "1", "--declines", "none")
    assert code == 5 and "NO RUN SETTLED" not in out and "no saga came to an end within the bound" in out
    assert "sagas that are undone" not in out


def test_an_unfinished_search_speaks_of_the_ends_that_it_met(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = ran(capsys, "verify", NEVER, "--states-max", "3")
    assert code == 5 and "every saga that ended within the bound was undone" in out
    _, out = ran(capsys, "verify", NEVER)
    assert "within the bound" not in out


@pytest.mark.slow
def test_what_settles_without_faults_is_not_said_to_settle_never(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = ran(capsys, "verify", ORDERS, "--states-max", "3", "--json")
    assert code == 5 and not any("settled" in one["ends"] for one in json.loads(out)["scenarios"])
    code, out = ran(capsys, "verify", ORDERS, "--states-max", "3")
    assert code == 5 and "NO RUN SETTLED" not in out
    assert "a run without faults settles; the searches met no end of that kind within the bound" in out
    _, out = ran(capsys, "verify", ORDERS, "--crashes", "0")
    assert "a run without faults" not in out


def test_the_reasons_add_up_to_the_ends_and_what_is_no_answer_is_said() -> None:
    reasons = {"book gives no answer": 16, "over budget": 9, UNWILLING: 60}
    assert never_settled(reasons, met=93)[1:] == [
        "  why, in 93 different ends:",
        "  16 times: book gives no answer",
        "  9 times: over budget",
        f"  60 times: {UNWILLING}",
        "  8 times: its initiator keeps no reason",
        "  gives no answer: its fake raises, or it declines after an attempt that a crash cut off, which is not "
        "believed without a fence",
    ]
    many = {f"reason {number}": number for number in range(1, 6)}
    assert never_settled({**many, UNWILLING: 2}, met=17)[1:] == [
        "  why, in 17 different ends:",
        "  5 times: reason 5",
        "  4 times: reason 4",
        "  3 times: reason 3",
        f"  5 times: {UNWILLING} and others",
    ]


def test_the_fakes_of_the_page_lead_to_both_ends(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text().partition("## Fakes for `verify`")[2]
    fakes = tmp_path / "fakes.py"
    fakes.write_text(page.partition("```python\n")[2].partition("```")[0])
    code, out = ran(capsys, "verify", ORDERS, "--workers", str(fakes), "--crashes", "0", "--fenced", "--json")
    told = json.loads(out)
    assert code == 0 and told["holds"] and told["complete"]
    assert ["settled" in one["ends"] for one in told["scenarios"]] == [True, False]
