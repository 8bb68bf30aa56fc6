"""What `check` and `project` print, for people and for machines."""

from __future__ import annotations

import json

import pytest

from accompanist.errors import AuthorError
from accompanist.language.shown.report import ReportOptions, check_report, project_report
from tests.language.programs import compiled, must_pass, text


def test_a_choreography_that_is_right() -> None:
    said, data, code = check_report(compiled("must_pass", "branch_label_only"))
    choreography, _ = must_pass("branch_label_only")
    assert code == 0
    assert said.splitlines() == [
        f"branch_label_only ok, fingerprint {choreography.fingerprint}",
        "  roles stock, bank; stock starts it; stock commits",
        "  line 15: `if order.cents > 500` is known to stock; stock tells bank (bank: riding on data)",
    ]
    assert json.loads(json.dumps(data))["choreographies"][0]["commit_role"] == "stock"


EXPLAINED = """\
from accompanist import At, Role, attempt, choreography, com, query, transaction

class Stock(Role):
    @transaction
    def hold(self, number: int) -> str: ...
    @hold.compensation
    def free(self, number: int) -> None: ...
    @query
    def look(self, number: int) -> str: ...
    @transaction
    def ship(self, held: str) -> str: ...

@choreography
def explained(stock: Stock, bank: Stock, number: At[int, "stock"]) -> At[str, "stock"]:
    held = attempt(stock.hold(number))
    here = com(bank.look(com(number, to=bank)), to=stock)
    tries = 0
    while tries < number:
        here = com(bank.look(com(tries, to=bank)), to=stock)
        tries = tries + 1
    match here:
        case "gone":
            com(bank.look(com(number, to=bank)), to=stock)
        case "lost":
            if held.ok:
                com(bank.look(com(number, to=bank)), to=stock)
            else:
                stock.abort("lost, and not held")
    return stock.ship(here)
"""


def test_what_is_explained_is_said_once_and_in_the_words_of_the_source() -> None:
    said, _, code = check_report(text(EXPLAINED), asked=ReportOptions(explain=True))
    lines = said.splitlines()
    assert code == 0
    assert len({line for line in lines if line.startswith("  line")}) == len(
        [line for line in lines if line.startswith("  line")]
    )
    assert "  line 15: stock.hold comes before it and is undone by free; a refusal is a value" in lines
    assert "  line 18: `while tries < number` is known to stock; stock tells bank" in lines
    assert "  line 18: `while tries < number` is known to stock, who branches by itself" in lines
    assert '  line 22: `case "gone"` is known to stock, who branches by itself' in lines
    assert sum(line.startswith("  line 29: stock.ship commits the saga") for line in lines) == 1


def test_a_choreography_that_is_wrong() -> None:
    said, data, code = check_report(compiled("must_fail", "result_elsewhere"))
    assert code == 1
    shown = said.splitlines()
    assert shown[0] == "ACC113 value is at another role"
    assert shown[-1].endswith("result_elsewhere.py: 1 error")
    assert shown[4] == "   |            ^^^^"
    (found,) = json.loads(json.dumps(data))["diagnostics"]
    assert (found["code"], found["owners"]) == ("ACC113", {"rate": ["bank"]})


def test_a_projection() -> None:
    choreography, _ = must_pass("order_saga")
    said, data = project_report(choreography, "bank")
    assert "def order_saga__bank():" in said
    assert data["sends_to"] == ["stock"]
    assert data["digest"] == choreography.projections["bank"].digest


def test_a_role_that_is_not_there() -> None:
    choreography, _ = must_pass("order_saga")
    with pytest.raises(AuthorError):
        project_report(choreography, "nobody")
