"""What `check` and `project` print, for people and for machines."""

from __future__ import annotations

import json

import pytest

from accompanist.errors import AuthorError
from accompanist.language.report import check_report, project_report
from tests.language.programs import compiled, must_pass


def test_a_choreography_that_is_right() -> None:
    text, data, code = check_report(compiled("must_pass", "branch_label_only"))
    choreography, _ = must_pass("branch_label_only")
    assert code == 0
    assert text.splitlines() == [
        f"branch_label_only ok, fingerprint {choreography.fingerprint}",
        "  roles stock, bank; stock starts it; stock commits",
        "  line 15: `if order.cents > 500` is known to stock; stock tells bank (bank: riding on data)",
    ]
    assert json.loads(json.dumps(data))["choreographies"][0]["commit_role"] == "stock"


def test_a_choreography_that_is_wrong() -> None:
    text, data, code = check_report(compiled("must_fail", "result_elsewhere"))
    assert code == 1
    shown = text.splitlines()
    assert shown[0] == "ACC113 value is at another role"
    assert shown[-1].endswith("result_elsewhere.py: 1 error")
    assert shown[4] == "   |            ^^^^"
    (found,) = json.loads(json.dumps(data))["diagnostics"]
    assert (found["code"], found["owners"]) == ("ACC113", {"rate": ["bank"]})


def test_a_projection() -> None:
    choreography, _ = must_pass("order_saga")
    text, data = project_report(choreography, "bank")
    assert "def order_saga__bank():" in text
    assert data["sends_to"] == ["stock"]
    assert data["digest"] == choreography.projections["bank"].digest


def test_a_role_that_is_not_there() -> None:
    choreography, _ = must_pass("order_saga")
    with pytest.raises(AuthorError):
        project_report(choreography, "nobody")
