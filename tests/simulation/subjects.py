"""The choreographies of simulated clusters in tests: small ones that differ in what can go wrong."""

from __future__ import annotations

from functools import cache

from accompanist.cli.simulate import subjects_of
from accompanist.simulation.clusters.subject import Subject
from tests.language.programs import ROOT, path_of

NAMES = ("chain", "pivot_per_path", "while_retry", "abort_in_branch", "retriable_after_pivot", "drawn", "for_each")
FILES = [
    *(str(path_of("must_pass", name).relative_to(ROOT)) for name in NAMES),
    "workers/orders/choreography.py",
    "tests/simulation/errand.py",
]
ALONE = ["tests/simulation/quotes.py", "tests/simulation/hears.py"]
"""What is run by name only."""


@cache
def subjects(only: str = "") -> list[Subject]:
    """All of them, or those of one name."""
    found = subjects_of([ROOT / file for file in (FILES if not only else [*FILES, *ALONE])])
    assert found is not None
    return [subject for subject in found if only in ("", subject.choreography.name)]
