"""What `check` accepts, `verify` does not break: random sagas with a commit point.

Every accepted program is judged by what comes before what in some of its runs, which is quick, and one in some by a
search of the runtime's schedules. `make verify-long` takes twenty times as many.
"""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accompanist.language.checks.saga.saga import SagaCheck
from accompanist.language.program.load import load
from accompanist.language.text.diagnostic import Findings
from accompanist.language.values import codec
from accompanist.simulation.search.explore import Explorer, FaultBudget
from accompanist.simulation.search.scenarios import Scenario
from accompanist.simulation.search.verify import workers_of
from tests.language.programs import must_pass
from tests.model import causality, random_sagas
from tests.model.test_calculus import BUDGET

HEAD = """\
@choreography
def random_program(a: R, b: R, p: At[int, "a"]) -> At[int | None, "a"]:
"""


@pytest.mark.search
@settings(max_examples=2 * BUDGET)
@given(st.integers(0, 2**32))
def test_the_commit_point_comes_where_check_says(seed: int) -> None:
    source = random_sagas.text(seed)
    programs, _ = random_sagas.programs_of(source)
    if programs:
        assert random_sagas.ordered(programs, source, seed) == ""


@pytest.mark.search
@settings(max_examples=max(10, BUDGET // 10))
@given(st.integers(0, 2**32))
def test_verify_does_not_break_what_check_accepts(seed: int) -> None:
    source = random_sagas.text(seed)
    programs, _ = random_sagas.programs_of(source)
    if programs:
        hurt = random_sagas.HURT[seed % len(random_sagas.HURT)]
        found = random_sagas.searched(programs, source, (random_sagas.FREE, hurt))
        assert found.broken == ""


UNSOUND = {
    "ACC150": ["v = b.do(com(p, to=b))", "a.fin(p)", "return p"],
    "ACC151": ["v = com(p, to=b)", "a.fin(p)", "a.do(p)", "return p"],
    "ACC152": ["v = com(p, to=b)", "a.fin(p)", "a.fin(p)", "return p"],
    "ACC153": [
        "v = com(p, to=b)",
        "if p % 2 == 0:",
        "    b.do(v)",
        "else:",
        "    a.commit()",
        "a.tell(p)",
        "return p",
    ],
    "ACC159": ["v = com(p, to=b)", "a.fin(p)", "b.redo(6 // v)", "return p"],
    "ACC158": ["v = com(p, to=b)", "for t in range(p):", "    a.fin(t)", "return p"],
}
"""A program for each rule of the saga check that breaks it, and nothing else."""


def _says_nothing(*_: object) -> None:
    """Takes a finding, and forgets it."""


@pytest.mark.parametrize("code", UNSOUND)
def test_a_rule_left_out_is_seen(code: str) -> None:
    source = random_sagas.HEAD + HEAD + "".join(f"    {line}\n" for line in UNSOUND[code])
    assert set(random_sagas.programs_of(source)[1]) == {code}
    with patch.object(SagaCheck, "_add", _says_nothing), patch.object(Findings, "add", _says_nothing):
        programs, refused = random_sagas.programs_of(source)
    assert not refused
    assert random_sagas.ordered(programs, source, 0) != ""
    if code in ("ACC150", "ACC153"):  # behind its commit point the runtime does not believe a decline
        assert random_sagas.searched(programs, source, (random_sagas.FREE,)).broken != ""


def test_who_knows_of_an_abort_in_a_call_goes_no_further() -> None:
    """It returned to what stands behind the call, and went past the commit point while another role aborted."""
    choreography, module = must_pass("abort_in_recursion")
    programs = {role: load(choreography, role) for role in choreography.roles}
    for arguments in module.ARGUMENTS:
        assert causality.problems(programs, arguments, 0) == []
        workers = workers_of(programs, Scenario(codec.encode(arguments), {"a": {}, "b": {}}), module.WORKERS, False)
        searched = Explorer(programs, workers, codec.encode(arguments), FaultBudget(crashes=1, declines=0))
        assert searched.explore(random_sagas.BOUNDS).complete
