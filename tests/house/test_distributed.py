"""How the tests are given to several processes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tests import distributed
from tests.language.programs import ROOT


def test_a_files_tests_stay_together() -> None:
    assert distributed.scope("tests/runtime/test_table.py::test_it[a::b]") == "tests/runtime/test_table.py"


def test_tests_of_one_deployment_stay_together_and_searches_do_not() -> None:
    assert distributed.scope("tests/system/test_demo.py::test_a") == distributed.scope("tests/system/test_apart.py::b")
    assert distributed.scope("tests/model/test_plain.py::a") != distributed.scope("tests/model/test_plain.py::b")


def test_what_takes_long_begins_first_and_the_rest_stays_in_order() -> None:
    named = ["tests/cli/test_b.py::b", "tests/model/test_plain.py::a", "tests/cli/test_b.py::a"]
    items = [cast(pytest.Item, SimpleNamespace(nodeid=one)) for one in named]
    assert [item.nodeid for item in distributed.in_order(items)] == [named[1], named[0], named[2]]


@pytest.mark.parametrize("folder", sorted({*distributed.TOGETHER, *distributed.APART, *distributed.FIRST}))
def test_every_folder_that_is_named_is_there(folder: str) -> None:
    assert list((ROOT / folder).glob("test_*.py"))
