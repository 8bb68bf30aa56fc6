"""`accompanist verify`: what it finds, what it says it did not look at, and how it ends."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accompanist.cli.main import main
from accompanist.cli.verify import finished
from accompanist.simulation.search.explore import FaultBudget
from accompanist.simulation.search.properties import LEFT
from accompanist.simulation.search.verify import Verification

ROOT = Path(__file__).parents[2]
ORDERS = str(ROOT / "workers" / "orders" / "choreography.py")
SHORT = str(ROOT / "tests" / "testing" / "tills.py")


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["verify", *arguments])
    told = capsys.readouterr()
    return int(str(ended.value.code)), told.out, told.err


def test_the_order_saga_holds(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, ORDERS, "--crashes", "1", "--json")
    told: dict[str, Any] = json.loads(out)
    assert code == 0 and told["holds"]
    fenced, plain = (
        [set(one["ends"]) for one in told["scenarios"] if one["fence"] is fence] for fence in (True, False)
    )
    assert fenced == [{"settled", "ended"}] * 2
    assert plain == [{"settled", "ended", LEFT}] * 2, "a pivot that was asked before a crash, and declines after it"
    assert not any(one["stopped"] for one in told["scenarios"])
    assert told["refined"] == sum(one["steps"] for one in told["scenarios"] if one["fence"])
    assert len(told["unexplored"]) == 1, "every call, message and selection was reached"


@pytest.mark.parametrize(("option", "fence"), [("--plain", False), ("--fenced", True)])
def test_only_workers_of_one_kind(capsys: pytest.CaptureFixture[str], option: str, fence: bool) -> None:
    code, out, _ = ran(capsys, ORDERS, "--crashes", "0", "--lost", "1", option, "--json")
    told: dict[str, Any] = json.loads(out)
    assert code == 0 and [one["fence"] for one in told["scenarios"]] == [fence] * 2
    assert told["faults"]["lost_answers"] == 1


def test_what_holds_less_without_a_fence_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, ORDERS, "--crashes", "0")
    assert code == 0 and "scenario 1 without a fence: " in out
    assert re.search(r"\n  refines the proved protocol: [\d,]+ steps where workers have a fence\n", out)
    assert "where workers have no fence, of these only:\n  each effect at least once if settled" in out


def test_a_fault_in_a_compensation_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, ORDERS, "--workers", SHORT)
    assert code == 1
    assert "broken: all or compensated" in out
    assert "the data of payment is not what it was before" in out
    assert "payment's worker undoes" in out and "├─" in out
    code, out, _ = ran(capsys, ORDERS, "--workers", SHORT, "--mermaid")
    assert code == 1 and "sequenceDiagram" in out and "loyalty->>payment: abort" in out


def test_a_bound_that_is_met_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, ORDERS, "--states-max", "1000")
    assert code == 5
    assert "NOT FINISHED: 0 of 4 searches finished; 1 was stopped, 3 did not begin; ask for less with" in out
    assert "with --fenced or --crashes 0 or --declines none" in out
    assert "stopped when 1000 states were met" in out
    assert "3 more searches: not begun, because the 1000 states of --states-max were met before" in out
    assert out.count("; --states-max 10000 goes on for longer\n") == 2


def test_so_is_the_time_that_was_over(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, ORDERS, "--seconds", "0.01")
    assert code == 5
    assert "not begun, because the 0.01 seconds of --seconds were over before" in out
    assert "; --seconds 0.1 goes on for longer\n" in out


@pytest.mark.parametrize(
    ("complete", "skipped", "said"),
    [
        ((True, True), 14, "2 of 16 searches finished; 14 did not begin"),
        ((True, False), 2, "1 of 4 searches finished; 1 was stopped, 2 did not begin"),
        ((False, False), 0, "0 of 2 searches finished; 2 were stopped"),
    ],
)
def test_how_many_searches_finished(complete: tuple[bool, ...], skipped: int, said: str) -> None:
    searched: Any = tuple(SimpleNamespace(report=SimpleNamespace(complete=one)) for one in complete)
    assert finished(Verification(FaultBudget(), searched, skipped, ())) == said


def test_a_file_without_fakes_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ran(capsys, ORDERS, "--workers", ORDERS)
    assert code == 3 and "ACC830" in err


def test_a_file_that_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys, str(ROOT / "workers" / "orders" / "roles.py"))
    assert code == 1 and "ACC" in out + err


ENDLESS = """
from accompanist import At, Role, choreography, query

class Clock(Role):
    @query
    def read(self, number: int) -> str: ...

@choreography
def wait(clock: Clock, number: At[int, "clock"]) -> None:
    while len(clock.read(number)) < 1000:
        pass
"""


def test_a_search_of_nothing_does_not_look_like_success(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "endless_wait.py"
    file.write_text(ENDLESS)
    code, out, _ = ran(capsys, str(file))
    assert code == 5
    assert "NOT FINISHED: nothing was searched" in out and "--workers FILE" in out
    assert "holds" not in out


def test_replies_are_changed_until_a_loop_ends(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, str(ROOT / "workers" / "gallery" / "chat.py"), "--crashes", "0")
    assert code == 0 and "no run came there" in out
    assert out.rstrip().endswith("--workers FILE gives others, that lead where no run came")


RECURSIVE = """\
from accompanist import At, Role, choreography, com, query

class R(Role):
    @query
    def ask(self, number: int) -> int: ...

@choreography
def halved(a: R, b: R, n: At[int, "a"]) -> At[int, "a"]:
    if n < 3:
        return a.ask(n)
    m = b.ask(com(n, to=b))
    return halved(a, b, com(m, to=a) * 0 + n // 2)
"""


def test_a_choreography_that_calls_itself_is_come_to_in_any_of_its_calls(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, fakes = tmp_path / "halved.py", tmp_path / "fakes.py"
    file.write_text(RECURSIVE)
    fakes.write_text('WORKERS = {"a.ask": lambda number: 1, "b.ask": lambda number: 1}\nARGUMENTS = [{"n": 9}]\n')
    code, out, _ = ran(capsys, str(file), "--workers", str(fakes))
    missing = [line.strip() for line in out.splitlines() if "no run came there" in line]
    assert code == 0 and missing == ["a call of a at site 2 (line 10): no run came there"]  # it is called at once here
    fakes.write_text('WORKERS = {"a.ask": lambda number: 1, "b.ask": lambda number: 1}\nARGUMENTS = [{"n": 1}]\n')
    code, out, _ = ran(capsys, str(file), "--workers", str(fakes))
    assert code == 0 and "a call of b at site" in out


def test_fakes_are_read_as_they_are_now(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two states of the file have one size and one time, by which Python's cache tells them apart."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file, fakes = tmp_path / "halved.py", tmp_path / "fakes.py"
    file.write_text(RECURSIVE)
    for n in (9, 1):
        fakes.write_text(
            f'WORKERS = {{"a.ask": lambda number: 1, "b.ask": lambda number: 1}}\nARGUMENTS = [{{"n": {n}}}]\n'
        )
        os.utime(fakes, (1_700_000_000, 1_700_000_000))
        code, out, _ = ran(capsys, str(file), "--workers", str(fakes))
        assert code == 0 and f'start {{"n":{n}}}' in out


LARGE = """\
from accompanist import At, Role, choreography, transaction

class R(Role):
    @transaction
    def do(self, number: float) -> int: ...
    @do.compensation
    def undo(self, number: float) -> None: ...

@choreography
def large(a: R, p: At[float, "a"]) -> None:
    if a.do(p) > {number} or p > {number}:
        a.do(p)
"""


@pytest.mark.parametrize("number", ["10_000_000_000_000_000_000_000", "1e400", "1e200"])
def test_no_value_is_made_of_a_number_that_no_message_holds(
    number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "large.py"
    file.write_text(LARGE.format(number=number))
    assert ran(capsys, str(file), "--plain")[0] == 0
