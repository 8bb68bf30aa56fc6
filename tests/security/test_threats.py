"""Each limit of the threat model names a test that is there, and every actor has its table."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
THREATS = (ROOT / "docs" / "threats.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", THREATS)
HEAD = "| asset | would like | can | held by |"
ACTORS = (
    "Client without a token",
    "Client with a right",
    "Local user of the machine",
    "Peer",
    "Peer's database login",
    "Own worker",
    "Own worker's login, and the sidecar's own",
    "Neighbour in the same server",
    "Author of a choreography",
    "Operator",
    "Reader of logs and telemetry",
)


def rows() -> list[list[str]]:
    """The cells of every row."""
    lines = [line for line in THREATS.splitlines() if line.startswith("| ") and line != HEAD and "| ---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_test_that_is_named_is_there() -> None:
    assert len(NAMED) > 80
    absent = [
        f"{file}::{test}"
        for file, test in NAMED
        if not (ROOT / file).is_file() or not re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.M)
    ]
    assert not absent, "\n".join(absent)


def test_every_row_says_what_is_wanted_what_is_left_and_what_holds_that() -> None:
    found = rows()
    assert len(found) > 50
    assert not [row for row in found if len(row) != 4 or not all(row) or "::" not in row[3]]


def test_every_actor_has_its_table() -> None:
    tables = dict(re.findall(r"^## (.+)\n(?:(?!## ).*\n)*?(\| asset .*)$", THREATS, re.M))
    assert [actor for actor in ACTORS if tables.get(actor) != HEAD] == []
