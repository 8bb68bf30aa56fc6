"""Unions, exhaustive matches, local state, results at several roles and idle roles in `Saga`: it gives the result of
the direct reading.
"""

from __future__ import annotations

from typing import Any

import pytest

from accompanist.language import direct
from accompanist.testing import Saga
from tests.language.programs import module_of, must_pass, path_of

PROGRAMS = ("unions", "every_case", "local_state", "key_exchange", "idle_strategy")
RUNS = [(name, given) for name in PROGRAMS for given in module_of(name).ARGUMENTS]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "given"), RUNS)
def test_a_run_gives_what_the_text_says(name: str, given: dict[str, Any]) -> None:
    choreography, module = must_pass(name)
    told = direct.run(choreography, given, direct.workers(module.WORKERS))
    saga = Saga(path_of("must_pass", name), name, workers=module.WORKERS, arguments=given).run()
    assert (saga.outcome, saga.result) == ("settled", told.result)
