"""The compiler's projection is the proved one, on random choreographies; `make projection-check` compares 10,000."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from accompanist.language.projection import merge, project
from accompanist.language.projection.local import Arm, LocalBlock, stopped
from tests.model import extracted
from tests.model.projection import HERE, THEORIES
from tests.model.projection.compare import compare, sorted_arms
from tests.model.projection.live import EVERYTHING

PROGRAMS = 200
WITH_ABORTS = range(100, 200)
"""Some of these abort in one side of a branch only."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := extracted.missing():
        pytest.skip(f"the proved projector cannot be built: {reason}")
    return extracted.built(HERE, THEORIES, tmp_path_factory.mktemp("projection"))


@pytest.mark.search
@pytest.mark.slow
def test_both_projections_are_the_same(program: Path) -> None:
    told = compare(program, range(PROGRAMS))
    assert told.differing == []
    assert told.compared > PROGRAMS * 0.9, told.skipped


def one_side(one: LocalBlock, other: LocalBlock) -> LocalBlock:
    return one


def one_arm(one: tuple[Arm, ...], other: tuple[Arm, ...]) -> tuple[Arm, ...]:
    return one


def stop_wins(one: LocalBlock, other: LocalBlock) -> LocalBlock:
    return other if stopped(other) else merge.merge(one, other)


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [(project, "merge", one_side), (merge, "_merge_arms", one_arm), (project, "merge", stop_wins)],
)
def test_a_wrong_projection_is_seen(program: Path, module: Any, name: str, wrong: Callable[..., Any]) -> None:
    with patch.object(module, name, wrong):
        assert compare(program, WITH_ABORTS).differing != []


def test_arms_are_sorted() -> None:
    first, second = ("arm", "1", "0", "7", "-1", "end"), ("arm", "1", "0", "8", "-1", "stop")
    end = ("no", "1", "0")
    assert sorted_arms((*second, *first, *end)) == (*first, *second, *end)
    assert sorted_arms(("if", "3", *second, *end, "end")) == ("if", "3", *second, *end, "end")


def test_the_set_of_all_names() -> None:
    assert "x" in EVERYTHING
    assert frozenset("x") & EVERYTHING == EVERYTHING & frozenset("x") == frozenset("x")
    assert "x" in frozenset("y") | EVERYTHING
    assert "x" in EVERYTHING - frozenset("x")
