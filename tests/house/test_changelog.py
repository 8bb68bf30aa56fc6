"""CHANGELOG.md has the form of Keep a Changelog, and what users have to do stands first in each version."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
KINDS = ("When you upgrade", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def versions(text: str) -> dict[str, list[str]]:
    """The headings of each version, in their order."""
    found: dict[str, list[str]] = {}
    for part in text.split("\n## ")[1:]:
        head, _, rest = part.partition("\n")
        found[head] = re.findall(r"^### (.+)$", rest, re.MULTILINE)
    return found


def test_a_version_begins_with_what_to_do_and_has_each_kind_once() -> None:
    for version, kinds in versions(CHANGELOG.read_text()).items():
        assert kinds[0] == "When you upgrade", version
        assert kinds == [kind for kind in KINDS if kind in kinds], version


def test_what_is_not_released_stands_first() -> None:
    first, *others = versions(CHANGELOG.read_text())
    assert first == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", version) for version in others)


def test_steps_of_an_upgrade_are_numbered() -> None:
    """Reason: their order matters, and people ask one another about a step by its number."""
    for part in CHANGELOG.read_text().split("### When you upgrade\n")[1:]:
        steps = re.findall(r"^(\d+)\. ", part.partition("\n### ")[0], re.MULTILINE)
        assert steps == [str(number) for number in range(1, len(steps) + 1)] and steps


def test_no_change_is_said_twice() -> None:
    titles = re.findall(r"^- \*\*(.+?)\*\*", CHANGELOG.read_text(), re.MULTILINE | re.DOTALL)
    assert [title for title, same in groupby(sorted(titles)) if len(list(same)) > 1] == []
