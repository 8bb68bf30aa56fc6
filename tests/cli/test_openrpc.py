"""`accompanist openrpc`: the contract of a role, for workers in other languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.local import ROOT
from tests.cli.test_commands import run

TILL = str(ROOT / "workers" / "till" / "roles.py")
ORDERS = str(ROOT / "workers" / "orders" / "roles.py")


def test_a_roles_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openrpc", TILL) == 0
    document = json.loads(capsys.readouterr().out)
    methods = {method["name"]: method for method in document["methods"]}
    assert document["info"]["title"] == "Till"
    assert methods.keys() == {
        "put", "take_back", "pay", "mend", "balance", "accompanist.close", "accompanist.forget",
    }  # fmt: skip
    put = methods["put"]
    assert put["paramStructure"] == "by-name"
    assert [parameter["name"] for parameter in put["params"]] == ["drawer", "entry", "_meta"]
    assert put["params"][1]["schema"] == {"$ref": "#/components/schemas/Entry"}
    assert put["result"]["schema"] == {"$ref": "#/components/schemas/Slip"}
    assert methods["take_back"]["result"]["schema"] == {"type": "null"}
    assert [error["code"] for error in put["errors"]] == [-32001, -32002, -32003, -32004]
    assert [error["code"] for error in methods["take_back"]["errors"]] == [-32002, -32004]
    entry = document["components"]["schemas"]["Entry"]
    assert entry["required"] == ["cents", "note", "pause_ms"]
    assert "key" in document["components"]["schemas"]["Meta"]["properties"]


def test_one_of_several_roles(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openrpc", ORDERS, "--role", "Payment") == 0
    schemas = json.loads(capsys.readouterr().out)["components"]["schemas"]
    assert schemas["Tier"]["enum"] == ["gold", "none", "silver"]


def test_a_participant_of_a_choreography_is_named_as_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openrpc", str(ROOT / "workers" / "orders" / "choreography.py"), "--role", "payment") == 0
    assert json.loads(capsys.readouterr().out)["info"]["title"] == "Payment"


def test_the_summary_is_the_authors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "told_roles_of_a_test.py"
    file.write_text(
        "from accompanist import Role, query, transaction\n\n\nclass Clerk(Role):\n"
        '    @transaction\n    def book(self, number: int) -> str:\n        """Book a seat."""\n\n'
        "    @book.compensation\n    def cancel(self, number: int) -> None: ...\n\n"
        '    @query\n    def seats(self, number: int) -> int:\n        """How many are left."""\n'
    )
    assert run("openrpc", str(file)) == 0
    methods = json.loads(capsys.readouterr().out)["methods"]
    said = {method["name"]: method["summary"] for method in methods}
    assert [said[name] for name in ("book", "cancel", "seats")] == [
        "Book a seat.", "A compensation.", "How many are left.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((ORDERS,), "it has Loyalty, Payment, Warehouse"),
        ((ORDERS, "--role", "Cook"), "has no role Cook"),
        ((str(ROOT / "README.md"),), "is not a Python file"),
        ((str(ROOT / "workers" / "till" / "messages.py"),), "it has none"),
    ],
)
def test_what_cannot_be_printed(arguments: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openrpc", *arguments) == 1
    said = capsys.readouterr().err
    assert "ACC825" in said and text in said


def test_a_file_that_does_not_import_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken_roles_of_a_test.py"
    file.write_text("import nobody_has_this\n")
    assert run("openrpc", str(file)) == 1
    assert "ModuleNotFoundError" in capsys.readouterr().err
