"""What the passes go through, and what they keep on the way."""

from __future__ import annotations

import ast

import pytest

from accompanist.language import types
from accompanist.language.checks.types import narrow
from accompanist.language.text.nodes import every_node
from tests.language.programs import ROOT


@pytest.mark.slow
def test_every_node_is_what_walk_gives_but_for_contexts() -> None:
    for path in sorted((ROOT / "accompanist/language").rglob("*.py")):
        tree = ast.parse(path.read_text())
        assert every_node(tree) == [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)], path


def test_what_conditions_have_said_of_a_name_is_gone_with_its_value() -> None:
    either = types.union(types.INT, types.NONE)
    asked = narrow.bound({"other": types.STR}, "number", either, types.INT)
    assert narrow.told(asked)
    assert narrow.known(asked, ast.Name("number")) == types.INT
    anew = narrow.bound(asked, "number", either)
    assert not narrow.told(anew)
    assert narrow.known(anew, ast.Name("number")) is None
    assert narrow.plain(anew) == {"other": types.STR, "number": either}


def test_two_names_for_one_value_are_nothing_that_a_condition_has_said() -> None:
    assert not narrow.told(narrow.same({"number": types.INT}, "_1", "number"))
