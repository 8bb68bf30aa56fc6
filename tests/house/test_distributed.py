"""How the tests are given to several processes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tests import distributed
from tests.language.programs import ROOT


def test_a_files_tests_stay_together() -> None:
    assert distributed.scope("tests/runtime/test_table.py::test_it[a::b]") == "tests/runtime/test_table.py"


def test_searches_do_not() -> None:
    assert distributed.scope("tests/model/test_plain.py::a") != distributed.scope("tests/model/test_plain.py::b")


def test_what_takes_long_begins_first_and_the_rest_stays_in_order() -> None:
    named = [
        f"tests/{one}" for one in ("cli/test_b.py::b", "model/test_a.py::a", "system/test_c.py::c", "cli/test_b.py::a")
    ]
    items = [cast(pytest.Item, SimpleNamespace(nodeid=one)) for one in named]
    assert [item.nodeid for item in distributed.in_order(items)] == [named[2], named[1], named[0], named[3]]


@pytest.mark.parametrize("place", sorted({*distributed.APART, *distributed.FIRST}))
def test_every_place_that_is_named_is_there(place: str) -> None:
    assert (ROOT / place).is_file() or list((ROOT / place).glob("test_*.py"))
