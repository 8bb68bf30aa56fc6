"""A class name has one meaning in the house, so that a search for it gives one thing.

`LEFT` has the names that several classes share, each with its reason. A name that is no longer shared is taken out.
"""

from __future__ import annotations

import ast
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

PARALLEL = "the same statement at two stages: in the normal form, and in the program of a role"
PUBLIC = "users import it under this name, from the SDK and from the test kit; the core's answer is called alike"
FIELD = "the field's own word in both rooms: a piece of text for a compiler, a timed step for tracing"

LEFT = {
    **dict.fromkeys(("Abort", "Again"), PARALLEL),
    "Declined": PUBLIC,
    "Span": FIELD,
}


@cache
def shared() -> dict[str, list[str]]:
    """The names of classes that are defined more than once below accompanist/, private ones too, and where."""
    listed = subprocess.run(
        ["git", "ls-files", "accompanist/*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    found: dict[str, list[str]] = defaultdict(list)
    for file in listed:
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{file}:{node.lineno}")
    return {name: places for name, places in found.items() if len(places) > 1}


def test_a_class_name_has_one_meaning() -> None:
    new = {name: places for name, places in shared().items() if name not in LEFT}
    assert not new, f"rename one of each to say its role: {new}"


def test_no_name_is_left_that_is_no_longer_shared() -> None:
    gone = sorted(set(LEFT) - set(shared()))
    assert not gone, f"take them off the list: {gone}"
