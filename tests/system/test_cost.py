"""One saga costs no more statements, commits, messages, system calls and bytes of log than `cost_bounds.json` says.

These are counts, so a slow or busy machine does not fail the test. The bounds only go down: whoever makes a saga
cheaper writes the new figures down (`python -m ops.bench.cost` shows them), and nobody raises one for a change that
could do without. The test also fails where a count is so far below its bound that the next change could hide under it.

`slack` is the share by which a run may exceed its bound. Over five runs at loads of 8 to 15 on two cores the figures
that have a slack of 0.08 or more differed by up to 5 %, because the last events of a saga share a commit more or less
often; all others were the same each time. Between Postgres 15 and 18 the difference is as small.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.bench.cost import VOLATILE, Counts, counted, measure, per_saga

pytestmark = pytest.mark.postgres

BOUNDS = Path(__file__).with_name("cost_bounds.json")
SAGAS = 40
LOOSE = 0.25
"""A bound this share above what is counted is lowered. System calls are left out: a busy machine makes fewer."""

FEW = 0.3
"""What is done by time is taken off by its rate: a figure may be so much above what a saga does, which may be none."""
UNBOUNDED = {"statements in functions", "WAL bytes"}
"""Of a volatile saga, the greater part of these is what happens by time."""


def broken(
    bounds: Mapping[str, Mapping[str, float]], slack: Mapping[str, float], found: Mapping[str, Counts]
) -> list[str]:
    """What is said of each figure that is beyond its bound, or so far below that the bound has to be lowered."""
    said = []
    for kind, counts in found.items():
        assert counts.keys() == slack.keys()
        assert counts.keys() - bounds[kind].keys() == (UNBOUNDED if kind == VOLATILE else set())
        for name, bound in bounds[kind].items():
            count = counts[name]
            if count > bound * (1 + slack[name]) + FEW:
                said.append(f"{kind}: {name} are {count:.1f} a saga, and may be {bound:g}")
            elif count < bound * (1 - LOOSE) - FEW and not name.endswith("system calls"):
                said.append(f"{kind}: {name} are only {count:.1f} a saga: lower the bound of {bound:g}")
    return said


def test_a_saga_costs_no_more_than_it_did(tmp_path: Path) -> None:
    written = json.loads(BOUNDS.read_text())
    with counted(tmp_path / "cost") as running:
        found = asyncio.run(measure(running, SAGAS))
    assert broken(written["bounds"], written["slack"], found) == [], found


def test_one_statement_more_on_each_hop_is_noticed() -> None:
    """Reason: the slack must not hide what the test is there for. A settled order makes four hops between services."""
    written = json.loads(BOUNDS.read_text())
    for name in ("sidecar statements", "worker statements", "statements in functions", "commits", "notifications"):
        found = {kind: dict(counts) for kind, counts in written["bounds"].items() if kind != VOLATILE}
        assert broken(written["bounds"], written["slack"], found) == []
        found["settled"][name] += 4 if name != "statements in functions" else 9 * 3  # nine messages, three functions
        assert len(broken(written["bounds"], written["slack"], found)) == 1, name


def test_one_statement_of_a_sidecar_for_a_volatile_saga_is_noticed() -> None:
    written = json.loads(BOUNDS.read_text())
    found = {VOLATILE: dict(written["bounds"][VOLATILE]) | dict.fromkeys(UNBOUNDED, 0.0)}
    assert found[VOLATILE]["sidecar statements"] == found[VOLATILE]["messages"] == 0
    assert broken(written["bounds"], written["slack"], found) == []
    found[VOLATILE]["sidecar statements"] += 1
    assert len(broken(written["bounds"], written["slack"], found)) == 1


def test_a_bound_that_nothing_comes_near_is_lowered() -> None:
    written = json.loads(BOUNDS.read_text())
    found = {kind: dict(counts) for kind, counts in written["bounds"].items() if kind != VOLATILE}
    found["undone"]["commits"] /= 2
    (said,) = broken(written["bounds"], written["slack"], found)
    bound = written["bounds"]["undone"]["commits"]
    assert said.startswith("undone: commits are only") and said.endswith(f"lower the bound of {bound:g}")


def test_what_happens_by_time_is_taken_off() -> None:
    idle, idle_seconds = {"commits": 10.0}, 5.0
    assert per_saga({"commits": 100.0}, 20.0, idle, idle_seconds, sagas=30) == {"commits": 2.0}
