"""The check of dependencies against known advisories claims no more than it found out."""

from __future__ import annotations

import json

import pytest

from ops.advisories import LOCK, packages, verdict

CLEAN = {"name": "orjson", "version": "3.11.0", "vulns": []}
KNOWN = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
NOT_FOUND = {"name": "lost", "skip_reason": "not on the index"}


@pytest.mark.parametrize(
    ("found", "returned", "code"),
    [
        ([CLEAN], 0, 0),
        ([CLEAN, KNOWN], 1, 1),
        ([CLEAN, NOT_FOUND], 0, 2),
        ([], 0, 2),
        ([CLEAN], 1, 2),
    ],
)
def test_what_was_not_looked_up_counts_as_unknown(found: list[dict[str, object]], returned: int, code: int) -> None:
    assert verdict(max(len(found), 1), returned, json.dumps({"dependencies": found}), "").code == code


def test_without_an_answer_nothing_is_claimed() -> None:
    said = verdict(1, 1, "", "Traceback\nConnectionError: no route to the database")
    assert said.code == 2
    assert "says nothing" in said.text
    assert "no route to the database" in said.text


def test_an_advisory_is_named_with_what_mends_it() -> None:
    assert "old 1.0: PYSEC-1, mended in 1.1" in verdict(1, 1, json.dumps({"dependencies": [KNOWN]}), "").text


def test_packages_of_the_lock_are_those_of_this_machine() -> None:
    assert packages("one==1 \\\n    --hash=sha256:0\ntwo==2 ; sys_platform == 'never' \\\n    --hash=sha256:1\n") == 1
    assert packages(LOCK.read_text()) > 20
