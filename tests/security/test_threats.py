"""Each answer of the threat model names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
THREATS = (ROOT / "ops" / "THREATS.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", THREATS)


def test_every_test_that_is_named_is_there() -> None:
    assert len(NAMED) > 30
    absent = [
        f"{file}::{test}"
        for file, test in NAMED
        if not (ROOT / file).is_file() or not re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.M)
    ]
    assert not absent, "\n".join(absent)


def test_every_answer_names_a_test() -> None:
    rows = [
        line for line in THREATS.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "| ---"))
    ]
    assert len(rows) > 20
    assert not [row for row in rows if "::" not in row.rsplit("|", 2)[-2]]
