"""A test with random input does not depend on the machine's speed: such a test failed on correct code."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parents[1]


def test_what_is_drawn_is_given_the_time_that_it_takes() -> None:
    given = settings.get_current_profile_name(), settings().deadline, settings().suppress_health_check
    assert given == ("untimed", None, (HealthCheck.too_slow,))


def test_no_test_sets_a_deadline_of_its_own() -> None:
    timed = [
        f"{file.relative_to(TESTS)}:{node.lineno}"
        for file in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("settings")
        if any(word.arg in ("deadline", "suppress_health_check") for word in node.keywords)
    ]
    assert timed == []
