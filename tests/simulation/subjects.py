"""The choreographies that simulated clusters are given in tests: small ones, that differ in what can go wrong."""

from __future__ import annotations

from functools import cache

from accompanist.cli.simulate import subjects_of
from accompanist.simulation.subject import Subject
from tests.language.programs import ROOT, path_of

NAMES = (
    "order_saga",
    "pivot_per_path",
    "while_retry",
    "attempt_fallback",
    "abort_in_branch",
    "side_by_side",
    "retriable_after_pivot",
    "nested_if",
    "drawn",
    "shared_guard",
    "for_each",
    "query_only",
)
FILES = [
    *(str(path_of("must_pass", name).relative_to(ROOT)) for name in NAMES),
    "workers/orders/choreography.py",
]


@cache
def subjects() -> list[Subject]:
    found = subjects_of([ROOT / file for file in FILES])
    assert found is not None
    return found
