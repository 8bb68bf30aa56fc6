"""Choreographies from the literature and other systems, in our own words: they come to what is written beside them.

That their projections and the runtime come to the same is what every must_pass program is held to, these too.
"""

from __future__ import annotations

import pytest

from accompanist.language import direct
from tests.language.programs import CORPUS, must_pass


def test_there_are_enough() -> None:
    assert len(CORPUS) >= 20


@pytest.mark.parametrize("name", CORPUS)
def test_its_results(name: str) -> None:
    choreography, module = must_pass(name)
    found = []
    for arguments in module.ARGUMENTS:
        told = direct.run(choreography, arguments, direct.workers(module.WORKERS))
        found.append(f"undone: {told.reason}" if told.aborted else told.result)
    assert found == module.RESULTS
