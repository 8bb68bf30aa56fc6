"""The pytest plugin, in a pytest of its own: its fixtures, its option, and the diagram of a saga whose test fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = f"""
ORDERS = {str(ROOT / "workers" / "orders" / "choreography.py")!r}

def test_the_seed(accompanist, accompanist_seed):
    assert accompanist.seed == accompanist_seed == 7

def test_a_saga_settles(accompanist):
    assert accompanist.saga(ORDERS).run().outcome == "settled"

def test_it_is_shown(accompanist):
    saga = accompanist.saga(ORDERS).decline("loyalty.award", "no such customer").run()
    assert saga.outcome == "settled"

def test_nothing_of_the_one_before_is_shown():
    assert False

def test_one_that_has_not_begun_is_not_begun_to_be_shown():
    from accompanist.testing import Saga
    saga = Saga(ORDERS, seed=3)
    assert False
"""


@pytest.mark.slow
def test_a_test_that_fails_shows_its_sagas(tmp_path: Path) -> None:
    (tmp_path / "test_users.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "accompanist.testing.plugin", "--accompanist-seed=7", "-q"]
    ran = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT / "tests")
    out = ran.stdout
    assert "3 failed, 2 passed" in out, out + ran.stderr
    assert "<Saga fulfil_order: ended, no such customer>, seed 7" in out
    assert "loyalty's worker declines award" in out and "├─" in out
    assert "<Saga fulfil_order: not begun>, seed 3" in out and out.count("nothing has happened") == 1
    assert out.count("payment's worker undoes") == 1, "not with the test after it"


def test_who_tests_no_saga_pays_for_none() -> None:
    """The plugin is loaded by every pytest of an environment that has the package."""
    look = "import sys, accompanist.testing.plugin; print(sorted({name.split('.')[0] for name in sys.modules}))"
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert "'accompanist'" in told and not {"'asyncpg'", "'asyncio'", "'msgspec'"} & set(told.strip("[]\n").split(", "))


def test_every_name_of_the_kit_is_there() -> None:
    from accompanist import testing

    assert all(getattr(testing, name) for name in testing.__all__)
    with pytest.raises(AttributeError, match="has no Sagas"):
        _ = testing.Sagas
