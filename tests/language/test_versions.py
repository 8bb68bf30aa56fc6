"""This Python computes what the others do, of all that a choreography may call: `versions` compares them."""

from __future__ import annotations

import json
import sys

import pytest

from tests.language import versions


@pytest.mark.slow
def test_this_version_gives_what_the_others_give() -> None:
    pairs = versions.light()
    found = versions.digests(pairs, versions.computed((text for _, text in pairs), sys.executable))
    kept = json.loads(versions.FILE.read_text())
    assert {name for name in kept.keys() | found if kept.get(name) != found.get(name)} == set()


def test_a_difference_is_found() -> None:
    pairs = [("+", "1 + 1"), ("sum", "sys.version_info[:0]")]
    assert versions.digests(pairs, ["2", "()"]) != versions.digests(pairs, ["2", "0"])
    assert len(versions.light()) > 50_000
