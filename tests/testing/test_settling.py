"""Where no run settled, a search and a simulation say so, and do not look like success."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from accompanist.cli.main import main
from accompanist.simulation.settling import ENOUGH, EXIT, never_settled_of

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
    code, out = ran(capsys, "verify", ORDERS, "--states-max", "3")
    assert code == 5 and "every saga that ended within the bound was undone" in out
    _, out = ran(capsys, "verify", NEVER)
    assert "within the bound" not in out
